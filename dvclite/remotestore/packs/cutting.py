"""Cutting a large blob, and hashing it on the way."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple

from blake3 import blake3

from dvclite.chunking import Stream, cut
from dvclite.hashing import Algorithm

_TOGETHER = 16
"""How many chunks are in memory at a time, and as many ahead."""

_LARGE = 8 << 20
"""Smaller blobs are done before a thread has begun to run."""


class Chunk(NamedTuple):
    """A piece of a large blob.

    Attributes:
        digest: Its name.
        data: Its bytes.
    """

    digest: bytes
    data: bytes


class Cutting:
    """One large blob, read once."""

    def __init__(self, stream: Stream, algorithm: Algorithm) -> None:
        """Cut what `stream` holds, and hash all of it with `algorithm`."""
        self._stream = stream
        self._hasher = algorithm.new()

    def groups(self, size: int) -> Iterator[list[Chunk]]:
        """Yield the chunks in order, some at a time, while the next ones are cut beside.

        Args:
            size: How many bytes there should be, or -1.
        """
        chunks = cut(self._stream)
        if 0 <= size < _LARGE:
            while group := self._next(chunks):
                yield group
            return
        with ThreadPoolExecutor(1, thread_name_prefix="dvclite-cutting") as beside:
            ahead = beside.submit(self._next, chunks)
            while group := ahead.result():
                ahead = beside.submit(self._next, chunks)
                yield group

    def digits(self) -> str:
        """Return the hash of all that was yielded, in lower-case hex."""
        return self._hasher.hexdigest()

    def _next(self, chunks: Iterator[bytes]) -> list[Chunk]:
        group = [Chunk(blake3(data).digest(), data) for data in islice(chunks, _TOGETHER)]
        for chunk in group:
            self._hasher.update(chunk.data)
        return group
