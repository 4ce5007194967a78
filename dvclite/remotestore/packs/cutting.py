"""Cutting a large blob, and hashing it on the way."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from blake3 import blake3

from dvclite.chunking import Cuts, Stream, cut
from dvclite.hashing import Algorithm

_LARGE = 8 << 20
"""Smaller blobs are done before a thread has begun to run."""

_AT_ONCE = 3
"""How many lists of chunks are in memory: one is used, one hashed, and one cut."""


class Chunk(NamedTuple):
    """A piece of a large blob.

    Attributes:
        digest: Its name.
        data: Its bytes, until the next chunks are asked for.
    """

    digest: bytes
    data: memoryview


class Cutting:
    """One large blob, read once."""

    def __init__(self, stream: Stream, algorithm: Algorithm) -> None:
        """Cut what `stream` holds, and hash all of it with `algorithm`."""
        self._stream = stream
        self._hasher = algorithm.new()

    def groups(self, size: int) -> Iterator[list[Chunk]]:
        """Yield the chunks in order, some at a time, while others are cut and hashed beside.

        Args:
            size: How many bytes there should be, or -1.
        """
        if 0 <= size < _LARGE:
            yield from map(self._named, cut(self._stream))
            return
        cuts = cut(self._stream, kept=_AT_ONCE)
        with (
            ThreadPoolExecutor(1, thread_name_prefix="dvclite-cutting") as cutting,
            ThreadPoolExecutor(1, thread_name_prefix="dvclite-hashing") as hashing,
        ):
            named: Future[list[Chunk]] | None = None
            ahead = cutting.submit(next, cuts, None)
            while some := ahead.result():
                following = hashing.submit(self._named, some)
                ahead = cutting.submit(next, cuts, None)
                if named is not None:
                    yield named.result()
                named = following
            if named is not None:
                yield named.result()

    def digits(self) -> str:
        """Return the hash of all that was yielded, in lower-case hex."""
        return self._hasher.hexdigest()

    def _named(self, cuts: Cuts) -> list[Chunk]:
        self._hasher.update(cuts.data)
        return [Chunk(blake3(data).digest(), data) for data in cuts.chunks]
