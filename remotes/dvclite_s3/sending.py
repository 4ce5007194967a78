"""Files on their way to a bucket: whole in one request, or in parts."""

import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dvclite.remote import OnBytes
from dvclite_s3.body import Body, Stopped
from dvclite_s3.client import Extras
from dvclite_s3.errors import expected

_PARTS_AT_ONCE = 8
_MOST_PARTS = 10_000
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


class Sender:
    """Sends files with one client. Memory does not depend on their size: parts are read as sent."""

    def __init__(self, client: Any, bucket: str, extras: Extras, part_sizes: PartSizes) -> None:
        self._client = client
        self._bucket = bucket
        self._extras = extras
        self._part_sizes = part_sizes
        self._pool = ThreadPoolExecutor(_PARTS_AT_ONCE, thread_name_prefix="dvclite-s3-part")
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
            self._send_in_parts(place, source, size, moved, new=new, when=when)
            return
        with self._body(source, 0, size, moved, threading.Event()) as body:
            answer = self._client.put_object(**place, Body=body, **self._extras.new, **new, **when)
        expected(answer, "ETag")

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _send_in_parts(
        self,
        place: Mapping[str, str],
        source: Path,
        size: int,
        moved: OnBytes,
        *,
        new: Mapping[str, Any],
        when: Mapping[str, str],
    ) -> None:
        created = self._client.create_multipart_upload(
            **place, **self._checked_by(), **self._extras.new, **new
        )
        upload = {**place, "UploadId": expected(created, "UploadId")}
        stop = threading.Event()
        parts: list[Future[dict[str, Any]]] = []
        try:
            length = self._part_sizes.of(size)
            for number, start in enumerate(range(0, size, length), 1):
                window = (source, start, min(length, size - start), moved, stop)
                parts.append(self._pool.submit(self._send_part, upload, number, window))
            ended, _ = wait(parts, return_when=FIRST_EXCEPTION)
            for part in ended:
                part.result()  # Raises what ended it, without waiting for the others.
            answer = self._client.complete_multipart_upload(
                **upload,
                MultipartUpload={"Parts": [part.result() for part in parts]},
                **self._extras.always,
                **when,
            )
            expected(answer, "ETag")
        except BaseException:
            stop.set()
            self._abort(upload, parts)
            raise

    def _send_part(
        self,
        upload: Mapping[str, str],
        number: int,
        window: tuple[Path, int, int, OnBytes, threading.Event],
    ) -> dict[str, Any]:
        with self._body(*window) as body:
            answer = self._client.upload_part(
                **upload,
                PartNumber=number,
                Body=body,
                **self._checked_by(),
                **self._extras.content,
            )
        checksums = {name: value for name, value in answer.items() if name.startswith("Checksum")}
        checksums.pop("ChecksumType", None)
        return {"PartNumber": number, "ETag": expected(answer, "ETag"), **checksums}

    def _checked_by(self) -> dict[str, str]:
        # The parts must be told of the checksum that the whole was announced with.
        if self._client.meta.config.request_checksum_calculation == "when_required":
            return {}
        return {"ChecksumAlgorithm": "CRC32"}

    def _abort(self, upload: Mapping[str, str], parts: list[Future[dict[str, Any]]]) -> None:
        for part in parts:
            part.cancel()
        # A part that arrives after the end would stay in the bucket, unseen and paid for.
        wait(parts, timeout=_PATIENCE)
        # If that fails too: what made us abort is what is worth telling.
        with suppress(BotoCoreError, ClientError):
            self._client.abort_multipart_upload(**upload, **self._extras.always)

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
