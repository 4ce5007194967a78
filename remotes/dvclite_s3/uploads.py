"""Uploads in parts that have been begun: to go on with, or to clear away."""

import base64
import hashlib
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dvclite_s3.body import Body

_ABANDONED = timedelta(days=7)

# Others may use the same bucket: only what is named by a hash is ours for sure.
_OURS = re.compile(r"(?:[^/]+/)*[0-9a-f]{2}/[0-9a-f]{30,64}(?:\.dir)?")

_READ_SIZE = 1 << 20


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload in parts.

    Attributes:
        place: The arguments that name it: bucket, key and id.
        is_findable: Whether the credentials allow another attempt to find it.
        parts: Those that have arrived, by their numbers, if it was begun by an earlier attempt.
    """

    place: dict[str, str]
    is_findable: bool
    parts: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)


class Uploads:
    """The uploads in parts of a bucket that are not complete."""

    def __init__(self, client: Any, bucket: str, prefix: str, always: Mapping[str, Any]) -> None:
        """Look below `prefix`, with requests that take `always` along."""
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._always = always
        self._is_swept = False

    def find(self, name: str, algorithm: str) -> Upload | None:
        """Return the upload of a name that has come furthest; None where it cannot be known.

        One without an id in its place means that there is none.

        Args:
            name: The full name in the bucket.
            algorithm: Of the checksums that come with its parts; empty for none.
        """
        best = Upload({}, is_findable=True)
        try:
            for found in self._listed(name):
                if found["Key"] != name or (found.get("ChecksumAlgorithm") or "") != algorithm:
                    continue
                place = {"Bucket": self._bucket, "Key": name, "UploadId": found["UploadId"]}
                parts = self._parts(place)
                if len(parts) > len(best.parts):
                    best = Upload(place, is_findable=True, parts=parts)
        except (BotoCoreError, ClientError):
            return None  # Not every server lists them, nor do all credentials allow it.
        return best

    def abort(self, place: Mapping[str, str]) -> None:
        """Let what has arrived be deleted. What cannot be aborted stays for `sweep`."""
        with suppress(BotoCoreError, ClientError):
            self._client.abort_multipart_upload(**place, **self._always)

    def sweep(self, spared: str) -> None:
        """Abort what nobody has gone on with for a week, once.

        Args:
            spared: The name that is about to be sent.
        """
        if self._is_swept:
            return
        self._is_swept = True
        with suppress(BotoCoreError, ClientError):
            for found in list(self._listed(self._prefix)):
                name = found["Key"]
                is_ours = _OURS.fullmatch(name.removeprefix(self._prefix)) and name != spared
                if is_ours and found["now"] - found["Initiated"] > _ABANDONED:
                    self.abort({"Bucket": self._bucket, "Key": name, "UploadId": found["UploadId"]})

    def _listed(self, prefix: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self._bucket, Prefix=prefix, **self._always
        )
        for page in pages:
            date = page["ResponseMetadata"]["HTTPHeaders"].get("date")
            # By the server's own clock; without one nothing is old.
            now = parsedate_to_datetime(date) if date else datetime.min.replace(tzinfo=UTC)
            for found in page.get("Uploads", ()):
                yield {**found, "now": now}

    def _parts(self, place: Mapping[str, str]) -> dict[int, Mapping[str, Any]]:
        pages = self._client.get_paginator("list_parts").paginate(**place, **self._always)
        return {part["PartNumber"]: part for page in pages for part in page.get("Parts", ())}


def arrived(part: Mapping[str, Any] | None, body: Body, size: int) -> bool:
    """Say whether a part that is there holds what `body` does, going by its checksum.

    Args:
        part: As the server lists it.
        body: What would be sent.
        size: How many bytes that is.
    """
    if part is None or part["Size"] != size:
        return False
    if stated := part.get("ChecksumCRC32"):
        crc = 0
        while data := body.read(_READ_SIZE):
            crc = zlib.crc32(data, crc)
        is_same = base64.b64encode(crc.to_bytes(4, "big")).decode() == str(stated)
    else:
        digest = hashlib.md5(usedforsecurity=False)
        while data := body.read(_READ_SIZE):
            digest.update(data)
        is_same = str(part["ETag"]).strip('"') == digest.hexdigest()
    body.seek(0)
    return is_same
