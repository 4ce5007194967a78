"""Moving a file's bytes, and hashing them on the way."""

import os
import sys
from collections.abc import Callable

from dvclite.files import changes
from dvclite.hashing import READ_SIZE, Hasher

OnBytes = Callable[[int], object]
"""Is told how many more bytes have moved."""


def ignore_bytes(_count: int) -> None:
    """Take no notice of bytes that move."""


def copy(source: int, target: int, hasher: Hasher, moved: OnBytes) -> int:
    """Copy an open file from where it stands to its end, and hash exactly what was written.

    Args:
        source: Open for reading.
        target: Open for writing.
        hasher: Takes in every byte.
        moved: Is told of bytes as they are written.

    Returns:
        How many bytes there were.
    """
    buffer = memoryview(bytearray(READ_SIZE))
    size = 0
    while count := _read_into(source, buffer):
        piece = buffer[:count]
        hasher.update(piece)
        changes.write(target, piece)
        size += count
        moved(count)
    return size


def read(source: int, hasher: Hasher, moved: OnBytes) -> int:
    """Hash an open file from where it stands to its end; return how many bytes there were."""
    buffer = memoryview(bytearray(READ_SIZE))
    size = 0
    while count := _read_into(source, buffer):
        hasher.update(buffer[:count])
        size += count
        moved(count)
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


_HAS_READV = hasattr(os, "readv")


def _read_into(source: int, buffer: memoryview) -> int:
    if sys.platform != "win32" and _HAS_READV:
        return os.readv(source, [buffer])
    data = os.read(source, len(buffer))
    buffer[: len(data)] = data
    return len(data)
