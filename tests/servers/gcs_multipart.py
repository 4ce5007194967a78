"""Uploads in parts, as a Google Cloud Storage server has them in its XML API."""

import hashlib
import re
import secrets
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import Any

from gcs_model import Answer, RefusedError, Request, Thing
from gcs_uploads import check_sums

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
SMALLEST_PART = 5 << 20
MOST_PARTS = 10_000
MOST_LISTED = 1000


@dataclass
class MultipartUpload:
    bucket: str
    name: str
    content_type: str
    parts: dict[int, bytes] = field(default_factory=dict)


class Multipart:
    """What the server does with parts. The service stores what they make."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self._uploads: dict[str, MultipartUpload] = {}

    def post(self, request: Request, bucket: str, name: str) -> Answer:
        place = self._service.allowed(request, bucket, "create")
        if request.query.keys() == {"uploads"}:
            upload_id = secrets.token_urlsafe(24)
            content_type = request.headers.get("content-type", "")
            self._uploads[upload_id] = MultipartUpload(bucket, name, content_type)
            fields = {"Bucket": bucket, "Key": name, "UploadId": upload_id}
            return xml("InitiateMultipartUploadResult", fields)
        upload = self._upload(request, bucket, name)
        data = b"".join(self._chosen(upload, request.body))
        del self._uploads[request.query["uploadId"]]
        thing = self._service.store(place, {"name": name}, data, upload.content_type, request)
        fields = {"Bucket": bucket, "Key": name, "ETag": f'"{thing.generation}"'}
        return xml("CompleteMultipartUploadResult", fields)

    def put(self, request: Request, bucket: str, name: str) -> Answer:
        self._service.allowed(request, bucket, "create")
        upload = self._upload(request, bucket, name)
        number = int(request.query["partNumber"])
        if not 1 <= number <= MOST_PARTS:
            raise RefusedError(400, "InvalidArgument", "Part number must be from 1 to 10000")
        check_sums({}, request.headers.get("x-goog-hash", ""), as_thing(request.body))
        upload.parts[number] = request.body
        return Answer(200, b"", {"ETag": f'"{md5(request.body)}"'})

    def get(self, request: Request, bucket: str, name: str) -> Answer:
        self._service.allowed(request, bucket, "create")
        upload = self._upload(request, bucket, name)
        after = int(request.query.get("part-number-marker", 0))
        most = min(MOST_LISTED, int(request.query.get("max-parts", MOST_LISTED)))
        numbers = sorted(number for number in upload.parts if number > after)
        fields: dict[str, Any] = {"Bucket": bucket, "Key": name}
        if numbers[most:]:
            fields["NextPartNumberMarker"] = numbers[most - 1]
        fields["IsTruncated"] = "true" if numbers[most:] else "false"
        fields["Part"] = [
            {
                "PartNumber": number,
                "ETag": f'"{md5(upload.parts[number])}"',
                "Size": len(upload.parts[number]),
            }
            for number in numbers[:most]
        ]
        return xml("ListPartsResult", fields)

    def listed(self, request: Request, bucket: str) -> Answer:
        self._service.allowed(request, bucket, "list")
        prefix = request.query.get("prefix", "")
        found = [
            {"Key": upload.name, "UploadId": upload_id, "Initiated": "2024-01-01T00:00:00.000Z"}
            for upload_id, upload in self._uploads.items()
            if upload.bucket == bucket and upload.name.startswith(prefix)
        ]
        return xml("ListMultipartUploadsResult", {"IsTruncated": "false", "Upload": found})

    def delete(self, request: Request, bucket: str, name: str) -> Answer:
        self._service.allowed(request, bucket, "create")
        self._upload(request, bucket, name)
        del self._uploads[request.query["uploadId"]]
        return Answer(204)

    def _upload(self, request: Request, bucket: str, name: str) -> MultipartUpload:
        upload = self._uploads.get(request.query["uploadId"])
        if upload is None or (upload.bucket, upload.name) != (bucket, name):
            raise RefusedError(404, "NoSuchUpload", "The requested upload was not found.")
        return upload

    def _chosen(self, upload: MultipartUpload, body: bytes) -> list[bytes]:
        parts = []
        last = 0
        listed = ET.fromstring(body)
        for part in listed.iter():
            if part.tag.rpartition("}")[2] != "Part":
                continue
            facts = {child.tag.rpartition("}")[2]: child.text or "" for child in part}
            number = int(facts["PartNumber"])
            data = upload.parts.get(number)
            if number <= last:
                raise RefusedError(400, "InvalidPartOrder", "The parts are not in order.")
            if data is None or facts["ETag"].strip('"') != md5(data):
                raise RefusedError(400, "InvalidPart", "A part was not found.")
            parts.append(data)
            last = number
        if not parts:
            raise RefusedError(400, "MalformedCompleteMultipartUploadRequest", "No parts.")
        if any(len(part) < SMALLEST_PART for part in parts[:-1]):
            raise RefusedError(400, "EntityTooSmall", "A part is smaller than the minimum.")
        return parts


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def as_thing(data: bytes) -> Thing:
    return Thing("part", data, "", {})


def xml(root: str, fields: dict[str, Any], status: int = 200, namespace: str = NAMESPACE) -> Answer:
    element = ET.Element(root, {"xmlns": namespace} if namespace else {})
    fill(element, fields)
    body = b"<?xml version='1.0' encoding='UTF-8'?>" + ET.tostring(element)
    return Answer(status, body, {"Content-Type": "application/xml; charset=UTF-8"})


def fill(element: ET.Element, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        for each in value if isinstance(value, list) else [value]:
            child = ET.SubElement(element, name)
            if isinstance(each, dict):
                fill(child, each)
            else:
                child.text = str(each)


def is_xml(path: str) -> bool:
    return re.match(r"/(storage/v1|upload/storage|download/storage|batch)(/|$)", path) is None
