"""Files on their way to a bucket: whole in one request, or in parts."""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvclite.remote import OnBytes
from dvclite.remote.address import Address
from dvclite.remote.body import Body, Stopped
from dvclite.remote.parts import Outgoing, Parts
from dvclite_s3.client import Extras
from dvclite_s3.errors import expected
from dvclite_s3.uploads import Multipart, Sweeper

_SMALL = 256 << 10
"""Up to how many bytes a file is read at once and sent so: for a stream the SDK asks the server first
whether it wants it, which takes another round trip, and reads it twice."""


@dataclass(frozen=True, slots=True)
class PartSizes:
    """When a file is sent in parts, and how large they are at least, in bytes."""

    threshold: int
    smallest: int


class Sender:
    """Sends files with one client. Memory does not depend on their size: they are read as sent."""

    def __init__(
        self, client: Any, address: Address, extras: Extras, part_sizes: PartSizes
    ) -> None:
        self._client = client
        self._bucket = address.bucket
        self._extras = extras
        self._part_sizes = part_sizes
        self._sweeper = Sweeper(client, address.bucket, address.prefix, extras)
        self._parts = Parts("dvclite-s3-part")
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
            self._sweeper.sweep(name)
            parted = Multipart(self._client, place, self._extras, new, when, self._sending)
            self._parts.send(parted, Outgoing(source, size, self._part_sizes.smallest, moved))
            return
        with self._body(source, size, moved) as body:
            answer = self._client.put_object(**place, Body=body, **self._extras.new, **new, **when)
        expected(answer, "ETag")

    def close(self) -> None:
        """End the threads."""
        self._parts.close()

    @contextmanager
    def _body(self, source: Path, size: int, moved: OnBytes) -> Iterator[Body | bytes]:
        if size <= _SMALL:
            data = source.read_bytes()
            if len(data) != size:
                raise OSError(f"{source} changed while it was sent")
            moved(size)
            yield data
            return
        with Body(source, 0, size, moved, threading.Event()) as body, self._sending(body):
            try:
                yield body
            except Stopped as stopped:
                raise stopped.cause from None

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
