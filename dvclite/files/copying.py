"""Moving a file's bytes, and hashing them on the way."""

import os
import sys
from collections.abc import Callable, Generator
from contextlib import closing
from itertools import cycle

from dvclite.files import changes
from dvclite.hashing import READ_SIZE, Hasher, apart

_LARGE = 8 << 20
"""Smaller files are hashed before a thread has begun to run."""

_FLUSHED_TOGETHER = 64 << 20

OnBytes = Callable[[int], object]
"""Is told how many more bytes have moved."""


def ignore_bytes(_count: int) -> None:
    """Take no notice of bytes that move."""


def copy(
    source: int, target: int, hasher: Hasher, moved: OnBytes, *, to_be_flushed: bool = False
) -> int:
    """Copy an open file from where it stands to its end, and hash exactly what was written.

    Args:
        source: Open for reading.
        target: Open for writing.
        hasher: Takes in every byte.
        moved: Is told of bytes as they are written.
        to_be_flushed: Whether the target will be flushed, so that its way to the disk should
            begin at once.

    Returns:
        How many bytes there were.
    """
    size = waiting = 0
    with closing(_pieces(source, hasher)) as pieces:
        for piece in pieces:
            changes.write(target, piece)
            size += len(piece)
            waiting += len(piece)
            if to_be_flushed and waiting >= _FLUSHED_TOGETHER:
                changes.begin_flush(target)
                waiting = 0
            moved(len(piece))
    return size


def read(source: int, hasher: Hasher, moved: OnBytes) -> int:
    """Hash an open file from where it stands to its end; return how many bytes there were."""
    size = 0
    with closing(_pieces(source, hasher)) as pieces:
        for piece in pieces:
            size += len(piece)
            moved(len(piece))
    return size


def read_whole(source: int, expected: int) -> bytes:
    """Return the rest of an open file, in one call where it is as long as expected."""
    data = os.read(source, expected + 1)
    if len(data) == expected:
        return data
    pieces = [data]
    while piece := os.read(source, READ_SIZE):
        pieces.append(piece)
    return b"".join(pieces)


def _pieces(source: int, hasher: Hasher) -> Generator[memoryview, None, None]:
    """Yield the rest of an open file piece by piece, valid until the next, and hash all of it."""
    if os.fstat(source).st_size >= _LARGE:
        yield from _hashed_beside(source, hasher)
        return
    buffer = memoryview(bytearray(READ_SIZE))
    while count := read_into(source, buffer):
        hasher.update(buffer[:count])
        yield buffer[:count]


def _hashed_beside(source: int, hasher: Hasher) -> Generator[memoryview, None, None]:
    """Do as `_pieces`, and hash each while it is used and the next is read: a core for each."""
    from concurrent.futures import Future, ThreadPoolExecutor

    hashing: Future[object] | None = None
    slowest, *others = apart(hasher)
    with ThreadPoolExecutor(1, thread_name_prefix="dvclite-hashing") as beside:
        for buffer in cycle([memoryview(bytearray(READ_SIZE)) for _ in range(2)]):
            count = read_into(source, buffer)
            if hashing is not None:
                hashing.result()
            if not count:
                return
            hashing = beside.submit(slowest.update, buffer[:count])
            for other in others:
                other.update(buffer[:count])
            yield buffer[:count]


_HAS_READV = hasattr(os, "readv")


def read_into(source: int, buffer: memoryview) -> int:
    """Read from an open file into memory that is there, and return how many bytes that were."""
    if sys.platform != "win32" and _HAS_READV:
        return os.readv(source, [buffer])
    data = os.read(source, len(buffer))
    buffer[: len(data)] = data
    return len(data)
