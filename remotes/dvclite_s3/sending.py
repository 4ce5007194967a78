"""Files on their way to a bucket: whole in one request, or in parts."""

import base64
import os
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvclite.remote import OnBytes
from dvclite.remote.address import Address
from dvclite.remote.body import Body, Stopped
from dvclite.remote.parts import Outgoing, Parts
from dvclite.remote.requests import Requests
from dvclite_s3.client import Extras
from dvclite_s3.errors import expected
from dvclite_s3.shortcut import Shortcut
from dvclite_s3.uploads import Multipart, Sweeper

_SMALL = 256 << 10
"""Up to how many bytes a file is read at once and sent so: it can be sent like another, and is read
once."""

MARK = "dvclite-put"
"""The metadata in which a conditional put recognises what it stored itself."""

_MARK_HEADER = f"x-amz-meta-{MARK}"
_CHECKSUM_HEADER = "x-amz-checksum-crc32"
_CONDITION_HEADER = "if-none-match"


@dataclass(frozen=True, slots=True)
class PartSizes:
    """When a file is sent in parts, and how large they are at least, in bytes."""

    threshold: int
    smallest: int


class Sender:
    """Sends files with one client. Memory does not depend on their size: they are read as sent."""

    def __init__(
        self,
        client: Any,
        address: Address,
        extras: Extras,
        part_sizes: PartSizes,
        requests: Requests,
    ) -> None:
        self._client = client
        self._bucket = address.bucket
        self._extras = extras
        self._part_sizes = part_sizes
        self._sweeper = Sweeper(client, address.bucket, address.prefix, extras)
        self._parts = Parts("dvclite-s3-part")
        self._thread = threading.local()
        # Content that is at hand is sent without asking first whether it is wanted.
        own = (_MARK_HEADER, _CHECKSUM_HEADER, _CONDITION_HEADER, "expect")
        self._shortcut = Shortcut(client, "PutObject", requests, own=own)
        client.meta.events.register("before-send.s3", self._begin)

    def send(self, name: str, source: Path, moved: OnBytes, *, mark: str = "") -> None:
        """Store the content of `source`.

        In parts, what an earlier attempt has brought there is not sent again, unless there is a
        mark.

        Args:
            name: The full name in the bucket.
            source: The file.
            moved: Is told what is sent, from any thread.
            mark: What to recognise the stored content by; with it, only where there is none yet.
        """
        size = os.stat(source).st_size
        place = {"Bucket": self._bucket, "Key": name}
        new: dict[str, Any] = {"Metadata": {MARK: mark}} if mark else {}
        when = {"IfNoneMatch": "*"} if mark else {}
        if size > self._part_sizes.threshold:
            self._sweeper.sweep(name)
            parted = Multipart(self._client, place, self._extras, new, when, self._sending)
            self._parts.send(parted, Outgoing(source, size, self._part_sizes.smallest, moved))
            return
        arguments = {**place, **self._extras.new, **new, **when}
        if size <= _SMALL:
            self._send_at_once(arguments, _content(source, size), moved, mark)
        else:
            self._send_streaming(arguments, Body(source, 0, size, moved, threading.Event()))

    def close(self) -> None:
        """End the threads."""
        self._parts.close()

    def _send_at_once(
        self, arguments: Mapping[str, Any], data: bytes, moved: OnBytes, mark: str
    ) -> None:
        name = arguments["Key"]
        moved(len(data))
        checksum = self._checksum(data)
        own = {_MARK_HEADER: mark, _CONDITION_HEADER: "*"} if mark else {}
        checked = {}
        if checksum:
            own[_CHECKSUM_HEADER] = checksum
            checked = {"ChecksumAlgorithm": "CRC32", "ChecksumCRC32": checksum}
        if self._shortcut.ask(name, own, data) is None:
            with self._shortcut.learning(name):
                answer = self._client.put_object(**arguments, Body=data, **checked)
                expected(answer, "ETag")

    def _checksum(self, data: bytes) -> str:
        if self._client.meta.config.request_checksum_calculation == "when_required":
            return ""
        return base64.b64encode(zlib.crc32(data).to_bytes(4)).decode()

    def _send_streaming(self, arguments: Mapping[str, Any], body: Body) -> None:
        with body, self._sending(body):
            try:
                answer = self._client.put_object(**arguments, Body=body)
            except Stopped as stopped:
                raise stopped.cause from None
        expected(answer, "ETag")

    @contextmanager
    def _sending(self, body: Body) -> Iterator[None]:
        self._thread.body = body
        try:
            yield
        finally:
            self._thread.body = None

    def _begin(self, **_event: object) -> None:
        body = getattr(self._thread, "body", None)
        if body is not None:
            body.begin()


def _content(source: Path, size: int) -> bytes:
    data = source.read_bytes()
    if len(data) != size:
        raise OSError(f"{source} changed while it was sent")
    return data
