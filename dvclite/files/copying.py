"""Moving a file's bytes, and hashing them on the way."""

import os
import sys
from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing
from itertools import cycle

from dvclite.files import changes
from dvclite.files.flushing import Outflow
from dvclite.hashing import READ_SIZE, Hasher, apart

_LARGE = 8 << 20
"""Smaller files are hashed before a thread has begun to run."""

_AHEAD = 4
"""How many pieces of a large file are in memory: one is used while others are read and hashed."""

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
    size = 0
    outflow = Outflow(target)
    with closing(_pieces(source, hasher)) as pieces:
        for piece in pieces:
            changes.write(target, piece)
            size += len(piece)
            if to_be_flushed:
                outflow.add(len(piece))
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
    """Do as `_pieces`, but read ahead in one thread and hash in another while a piece is used."""
    from concurrent.futures import Future, ThreadPoolExecutor

    slowest, *others = apart(hasher)
    hashing: deque[Future[object]] = deque()
    with (
        ThreadPoolExecutor(1, thread_name_prefix="dvclite-hashing") as beside,
        ThreadPoolExecutor(1, thread_name_prefix="dvclite-reading") as before,
    ):
        buffers = cycle([memoryview(bytearray(READ_SIZE)) for _ in range(_AHEAD)])
        buffer = next(buffers)
        reading = before.submit(read_into, source, buffer)
        while count := reading.result():
            piece, buffer = buffer[:count], next(buffers)
            hashing.append(beside.submit(slowest.update, piece))
            if len(hashing) == _AHEAD:
                hashing.popleft().result()  # It has left the memory that is read into next.
            reading = before.submit(read_into, source, buffer)
            for other in others:
                other.update(piece)
            yield piece
        for rest in hashing:
            rest.result()


_HAS_READV = hasattr(os, "readv")


def read_into(source: int, buffer: memoryview) -> int:
    """Read from an open file into memory that is there, and return how many bytes that were."""
    if sys.platform != "win32" and _HAS_READV:
        return os.readv(source, [buffer])
    data = os.read(source, len(buffer))
    buffer[: len(data)] = data
    return len(data)
