"""Files on their way to a bucket: whole in one request, or in parts."""

import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from dvclite.remote import OnBytes, Spared
from dvclite.remote.address import Address
from dvclite_s3.body import Body, Stopped
from dvclite_s3.client import Extras
from dvclite_s3.crew import Crew
from dvclite_s3.errors import code_of, expected
from dvclite_s3.uploads import Upload, Uploads, arrived

_PARTS_AT_ONCE = 8
_MOST_PARTS = 10_000
_NOT_TO_GO_ON = frozenset(
    {"BadDigest", "EntityTooSmall", "InvalidPart", "InvalidPartOrder", "InvalidRequest"}
    | {"NoSuchUpload"}
)
"""How servers say that an upload has ended meanwhile, or that its parts do not make a whole."""

_PATIENCE = 2.0
"""Seconds that parts on their way get to notice that they are no longer wanted."""


@dataclass(frozen=True, slots=True)
class PartSizes:
    """When a file is sent in parts, and how large they are, in bytes."""

    threshold: int
    smallest: int

    def of(self, size: int) -> int:
        """Return how many bytes each part of a file of `size` bytes but the last has."""
        return max(self.smallest, -(-size // _MOST_PARTS))


class _OutdatedError(Exception):
    """What an earlier attempt has begun cannot be gone on with."""


class _Told:
    """Remembers what was told of, so that all of it can be taken back."""

    def __init__(self, moved: OnBytes) -> None:
        self._moved = moved
        self._sum = 0
        self._lock = threading.Lock()

    def count(self, size: int) -> None:
        with self._lock:
            self._sum += size
        self._moved(size)

    def take_back(self) -> None:
        self._moved(-self._sum)


class _Job(NamedTuple):
    """What to send, where to, and how: as the arguments of `Sender.send`."""

    place: dict[str, str]
    source: Path
    size: int
    moved: OnBytes
    new: Mapping[str, Any]
    when: Mapping[str, str]


class Sender:
    """Sends files with one client. Memory does not depend on their size: parts are read as sent."""

    def __init__(
        self, client: Any, address: Address, extras: Extras, part_sizes: PartSizes
    ) -> None:
        self._client = client
        self._bucket = address.bucket
        self._extras = extras
        self._part_sizes = part_sizes
        self._uploads = Uploads(client, address.bucket, address.prefix, extras.always)
        self._crew: Crew[dict[str, Any]] = Crew(_PARTS_AT_ONCE, "dvclite-s3-part")
        self._thread = threading.local()
        client.meta.events.register("before-send.s3", self._begin)

    def send(
        self,
        name: str,
        source: Path,
        moved: OnBytes,
        *,
        new: Mapping[str, Any],
        when: Mapping[str, str],
    ) -> None:
        """Store the content of `source`.

        In parts, what an earlier attempt has brought there is not sent again, unless there is a
        condition.

        Args:
            name: The full name in the bucket.
            source: The file.
            moved: Is told what is sent, from any thread.
            new: What the stored content takes along besides what the options ask for.
            when: The condition on which it becomes visible.
        """
        size = os.stat(source).st_size
        place = {"Bucket": self._bucket, "Key": name}
        if size > self._part_sizes.threshold:
            self._send_in_parts(_Job(place, source, size, moved, new, when))
            return
        with self._body(source, 0, size, moved, threading.Event()) as body:
            answer = self._client.put_object(**place, Body=body, **self._extras.new, **new, **when)
        expected(answer, "ETag")

    def close(self) -> None:
        """End the threads."""
        self._crew.close()

    def _send_in_parts(self, job: _Job) -> None:
        self._uploads.sweep(job.place["Key"])
        upload = self._begun(job)
        if upload is not None and upload.parts:
            with suppress(_OutdatedError):
                self._send_parts(job, upload)
                return
        self._send_parts(job, self._new(job, is_findable=upload is not None))

    def _begun(self, job: _Job) -> Upload | None:
        """Return the upload to go on with; None where another attempt could not find it."""
        if job.when:
            return None
        return self._uploads.find(job.place["Key"], self._checked_by().get("ChecksumAlgorithm", ""))

    def _new(self, job: _Job, *, is_findable: bool) -> Upload:
        created = self._client.create_multipart_upload(
            **job.place, **self._checked_by(), **self._extras.new, **job.new
        )
        return Upload({**job.place, "UploadId": expected(created, "UploadId")}, is_findable)

    def _send_parts(self, job: _Job, upload: Upload) -> None:
        stop = threading.Event()
        parts: list[Future[dict[str, Any]]] = []
        told = _Told(job.moved)
        try:
            length = self._part_sizes.of(job.size)
            for number, start in enumerate(range(0, job.size, length), 1):
                window = (job.source, start, min(length, job.size - start), told.count, stop)
                work = partial(self._send_part, upload, number, window)
                parts.append(self._crew.submit(work))
            ended, _ = wait(parts, return_when=FIRST_EXCEPTION)
            for part in ended:
                part.result()  # Raises what ended it, without waiting for the others.
            answer = self._client.complete_multipart_upload(
                **upload.place,
                MultipartUpload={"Parts": [part.result() for part in parts]},
                **self._extras.always,
                **job.when,
            )
            expected(answer, "ETag")
            self._check_encryption(upload, answer)
        except BaseException as error:
            stop.set()
            is_outdated = upload.parts and _is_outdated(error)
            self._leave(upload, parts, error)
            if is_outdated:
                told.take_back()
                raise _OutdatedError from error
            raise

    def _check_encryption(self, upload: Upload, answer: Mapping[str, Any]) -> None:
        """Return if what was stored is encrypted as the options say now, not as when it was begun."""
        wanted = self._extras.new.get("ServerSideEncryption")
        if upload.parts and wanted and answer.get("ServerSideEncryption") != wanted:
            raise _OutdatedError

    def _send_part(
        self,
        upload: Upload,
        number: int,
        window: tuple[Path, int, int, OnBytes, threading.Event],
    ) -> dict[str, Any]:
        _source, _start, size, moved, _stop = window
        with self._body(*window) as body:
            there = upload.parts.get(number)
            if there is not None and isinstance(body, Body) and arrived(there, body, size):
                moved(Spared(size))
                return _named(number, there)
            answer = self._client.upload_part(
                **upload.place,
                PartNumber=number,
                Body=body,
                **self._checked_by(),
                **self._extras.content,
            )
        return _named(number, answer)

    def _checked_by(self) -> dict[str, str]:
        # The parts must be told of the checksum that the whole was announced with.
        if self._client.meta.config.request_checksum_calculation == "when_required":
            return {}
        return {"ChecksumAlgorithm": "CRC32"}

    def _leave(
        self, upload: Upload, parts: list[Future[dict[str, Any]]], error: BaseException
    ) -> None:
        """Leave what has arrived for another attempt, or nothing where none could use it."""
        for part in parts:
            part.cancel()
        # A part that arrives after the end would stay in the bucket, unseen and paid for.
        wait(parts, timeout=_PATIENCE)
        some = upload.parts or any(
            part.done() and not part.cancelled() and part.exception() is None for part in parts
        )
        # What the line or whoever waits broke off is begun again; what the file broke off is not.
        is_kept = isinstance(error, KeyboardInterrupt | ClientError | BotoCoreError | HTTPError)
        if not (some and upload.is_findable and is_kept) or _is_outdated(error):
            self._uploads.abort(upload.place)

    @contextmanager
    def _body(
        self, source: Path, start: int, size: int, moved: OnBytes, stop: threading.Event
    ) -> Iterator[Body | bytes]:
        if size == 0:
            yield b""
            return
        with Body(source, start, size, moved, stop) as body:
            self._thread.body = body
            try:
                yield body
            except Stopped as stopped:
                raise stopped.cause from None
            finally:
                self._thread.body = None

    def _begin(self, **_event: object) -> None:
        body = getattr(self._thread, "body", None)
        if body is not None:
            body.begin()


def _named(number: int, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a part is named when the whole is completed."""
    checksums = {name: value for name, value in answer.items() if name.startswith("Checksum")}
    checksums.pop("ChecksumType", None)
    return {"PartNumber": number, "ETag": expected(answer, "ETag"), **checksums}


def _is_outdated(error: BaseException) -> bool:
    if isinstance(error, ClientError):
        return code_of(error) in _NOT_TO_GO_ON
    return isinstance(error, _OutdatedError)
