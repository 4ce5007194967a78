"""Uploads in parts: begun, gone on with, completed, and cleared away where nobody wants them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from dvclite.remote.body import Body
from dvclite.remote.parts import Arrived, OutdatedError, Parted, Upload, is_abandoned
from dvclite_s3.client import Extras
from dvclite_s3.errors import code_of, expected

_NOT_TO_GO_ON = frozenset(
    {"BadDigest", "EntityTooSmall", "InvalidPart", "InvalidPartOrder", "InvalidRequest"}
    | {"NoSuchUpload"}
)
"""How servers say that an upload has ended meanwhile, or that its parts do not make a whole."""


@dataclass(frozen=True, slots=True)
class Multipart(Parted):
    """One name in a bucket, as it is put in parts.

    Attributes:
        client: The SDK's.
        place: The arguments that name it.
        extras: What requests take along because of the options.
        new: What the stored content takes along besides.
        when: The condition on which it becomes visible.
        sending: Lets a body count while the SDK sends it.
    """

    client: Any
    place: dict[str, str]
    extras: Extras
    new: Mapping[str, Any]
    when: Mapping[str, str]
    sending: Callable[[Body], AbstractContextManager[None]]

    def find(self) -> Upload:
        """Return the upload that has come furthest; none where there is a condition."""
        best = Upload(is_findable=not self.when)
        if self.when:
            return best
        try:
            for found in listed(self.client, self.place["Bucket"], self.place["Key"], self.extras):
                algorithm = found.get("ChecksumAlgorithm") or ""
                is_same = algorithm == self._checked_by.get("ChecksumAlgorithm", "")
                if found["Key"] == self.place["Key"] and is_same:
                    parts = self._arrived(found["UploadId"])
                    if len(parts) > len(best.parts):
                        best = Upload(found["UploadId"], parts)
        except (BotoCoreError, ClientError):
            # Not every server lists them, nor do all credentials allow it.
            return Upload(is_findable=False)
        return best

    def begin(self) -> str:
        """Begin an upload and return its id."""
        created = self.client.create_multipart_upload(
            **self.place, **self._checked_by, **self.extras.new, **self.new
        )
        return str(expected(created, "UploadId"))

    def put(self, upload: str, number: int, body: Body) -> dict[str, Any]:
        """Send a part and return how it is named when the whole is completed."""
        with self.sending(body):
            answer = self.client.upload_part(
                **self.place,
                UploadId=upload,
                PartNumber=number,
                Body=body,
                **self._checked_by,
                **self.extras.content,
            )
        return _named(number, answer)

    def complete(self, upload: Upload, answers: Sequence[dict[str, Any]]) -> None:
        """Make the parts one.

        Raises:
            OutdatedError: They were encrypted as it was wanted when they were begun, not now.
        """
        answer = self.client.complete_multipart_upload(
            **self.place,
            UploadId=upload.id,
            MultipartUpload={"Parts": answers},
            **self.extras.always,
            **self.when,
        )
        expected(answer, "ETag")
        wanted = self.extras.new.get("ServerSideEncryption")
        if upload.parts and wanted and answer.get("ServerSideEncryption") != wanted:
            raise OutdatedError

    def abort(self, upload: str) -> None:
        """Let what has arrived be deleted. What cannot be aborted stays for `Sweeper`."""
        with suppress(BotoCoreError, ClientError):
            self.client.abort_multipart_upload(**self.place, UploadId=upload, **self.extras.always)

    def is_outdated(self, error: BaseException) -> bool:
        """Say whether the upload has ended, or its parts make no whole."""
        return isinstance(error, ClientError) and code_of(error) in _NOT_TO_GO_ON

    def is_kept(self, error: BaseException) -> bool:
        """Say whether it was the line or the server that failed."""
        return isinstance(error, ClientError | BotoCoreError | HTTPError)

    @property
    def _checked_by(self) -> dict[str, str]:
        # The parts must be told of the checksum that the whole was announced with.
        if self.client.meta.config.request_checksum_calculation == "when_required":
            return {}
        return {"ChecksumAlgorithm": "CRC32"}

    def _arrived(self, upload: str) -> dict[int, Arrived]:
        pages = self.client.get_paginator("list_parts").paginate(
            **self.place, UploadId=upload, **self.extras.always
        )
        found = (part for page in pages for part in page.get("Parts", ()))
        return {part["PartNumber"]: _as_arrived(part) for part in found}


class Sweeper:
    """Aborts uploads in parts that nobody has gone on with for a week, once."""

    def __init__(self, client: Any, bucket: str, prefix: str, extras: Extras) -> None:
        """Look below `prefix`."""
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._extras = extras
        self._is_done = False

    def sweep(self, spared: str) -> None:
        """Abort them, but those of the name that is about to be sent."""
        if self._is_done:
            return
        self._is_done = True
        with suppress(BotoCoreError, ClientError):
            for found in list(listed(self._client, self._bucket, self._prefix, self._extras)):
                name = found["Key"]
                key = name.removeprefix(self._prefix)
                if name != spared and is_abandoned(key, found["Initiated"], found["Date"]):
                    self._client.abort_multipart_upload(
                        Bucket=self._bucket,
                        Key=name,
                        UploadId=found["UploadId"],
                        **self._extras.always,
                    )


def listed(client: Any, bucket: str, prefix: str, extras: Extras) -> Iterator[dict[str, Any]]:
    """Yield the uploads whose names begin with `prefix`, with the server's time as `Date`."""
    pages = client.get_paginator("list_multipart_uploads").paginate(
        Bucket=bucket, Prefix=prefix, **extras.always
    )
    for page in pages:
        date = page["ResponseMetadata"]["HTTPHeaders"].get("date")
        for found in page.get("Uploads", ()):
            yield {**found, "Date": date}


def _as_arrived(part: Mapping[str, Any]) -> Arrived:
    sums = str(part.get("ChecksumCRC32") or ""), str(part["ETag"]).strip('"')
    return Arrived(part["Size"], sums, _named(part["PartNumber"], part))


def _named(number: int, answer: Mapping[str, Any]) -> dict[str, Any]:
    checksums = {name: value for name, value in answer.items() if name.startswith("Checksum")}
    checksums.pop("ChecksumType", None)
    return {"PartNumber": number, "ETag": expected(answer, "ETag"), **checksums}
