"""Rescuing what is whole in a damaged pack."""

import os
from collections.abc import Iterator

from dvclite.errors import PackDamagedError, PackError, PackUnreadableError
from dvclite.hashing import Algorithm
from dvclite.pack.coding import decode
from dvclite.pack.index import Entries, find_fault, trailer_id
from dvclite.pack.layout import (
    ALGORITHMS,
    ENTRY_HEADER_SIZE,
    ENTRY_MAGIC,
    HEADER_SIZE,
    TRAILER_SIZE,
    PackEntry,
    header,
)
from dvclite.pack.reader import PackFile

_WINDOW = 1 << 20
_SECTOR = 512
_MOST_WORK = 32
"""How often all bytes of a pack may be looked at in vain, before it is given up as a trap."""


def salvage(
    path: str | os.PathLike[str], algorithm: Algorithm
) -> Iterator[tuple[PackEntry, bytes]]:
    """Yield every entry of a damaged pack that is whole, with its stored bytes.

    Where the index is whole it says where to look. Where it is not, entries are found by their
    headers; what looks like an entry inside a damaged one is then taken for one, if it verifies.
    Everything that is yielded has been verified; a recipe is nevertheless proved only by the blob
    that it makes.

    Args:
        path: The pack, or what is left of it.
        algorithm: What blobs are named by. A pack of another algorithm has nothing to give.

    What the disk does not give back counts as damaged.

    Raises:
        OSError: It cannot be opened.
    """
    with PackFile(path, "") as pack:
        entries = _entries(pack)
        if entries is None:
            yield from _found(pack, algorithm)
        elif entries.algorithm == algorithm:
            yield from _listed(pack, entries)


def algorithm_of(path: str | os.PathLike[str], otherwise: Algorithm) -> Algorithm:
    """Return what the blobs of a damaged pack are named by; `otherwise` where it does not tell.

    Raises:
        OSError: It cannot be read.
    """
    with PackFile(path, "") as pack:
        entries = _entries(pack)
        if entries is not None:
            return entries.algorithm
        first = _readable(pack, 0, min(HEADER_SIZE, pack.size))
    told = [algorithm for algorithm in ALGORITHMS.values() if header(algorithm) == first]
    return told[0] if told else otherwise


def _entries(pack: PackFile) -> Entries | None:
    """Return what the index lists if it is whole, whatever name the pack has."""
    try:
        pack.id = trailer_id(pack.read(max(pack.size - TRAILER_SIZE, 0), TRAILER_SIZE))
        return pack.entries()
    except PackError:
        return None


def _listed(pack: PackFile, entries: Entries) -> Iterator[tuple[PackEntry, bytes]]:
    for entry, stored in pack.scan(entries):
        if _is_whole(entry, stored, entries.algorithm):
            yield entry, bytes(stored)


def _found(pack: PackFile, algorithm: Algorithm) -> Iterator[tuple[PackEntry, bytes]]:
    window = _Window(pack)
    work = _MOST_WORK * pack.size
    position = window.find(ENTRY_MAGIC, 0)
    while position >= 0 and work >= 0:
        after = position + 1
        entry = _claimed(window.read(position, ENTRY_HEADER_SIZE), position, algorithm)
        if entry is not None:
            stored = window.read(entry.offset, entry.stored)
            if _is_whole(entry, stored, algorithm):
                yield entry, stored
                after = entry.end
            else:
                work -= entry.stored
        position = window.find(ENTRY_MAGIC, after)


class _Window:
    """A file that is gone through from front to end, read in large pieces."""

    def __init__(self, pack: PackFile) -> None:
        self._pack = pack
        self._begin = 0
        self._data = b""

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes, or fewer where the file ends."""
        begin = offset - self._begin
        if begin < 0 or begin + length > len(self._data):
            self._move(offset, length)
            begin = 0
        return self._data[begin : begin + length]

    def find(self, wanted: bytes, offset: int) -> int:
        """Return where `wanted` is next; -1 if it is nowhere from `offset` on."""
        while offset + len(wanted) <= self._pack.size:
            self.read(offset, len(wanted))
            found = self._data.find(wanted, offset - self._begin)
            if found >= 0:
                return self._begin + found
            offset = self._begin + len(self._data) - len(wanted) + 1
        return -1

    def _move(self, offset: int, length: int) -> None:
        length = min(max(length, _WINDOW), max(self._pack.size - offset, 0))
        self._begin, self._data = offset, _readable(self._pack, offset, length)


def _readable(pack: PackFile, offset: int, length: int) -> bytes:
    """Return bytes of a pack, with zeros in place of what the disk does not give back."""
    try:
        return pack.read(offset, length)
    except PackUnreadableError:
        if length <= _SECTOR:
            return bytes(length)
    half = max(length // 2 // _SECTOR, 1) * _SECTOR
    return _readable(pack, offset, half) + _readable(pack, offset + half, length - half)


def _claimed(header: bytes, position: int, algorithm: Algorithm) -> PackEntry | None:
    """Return which entry a header claims to stand before, if a pack might hold it."""
    if len(header) < ENTRY_HEADER_SIZE:
        return None
    offset = position + ENTRY_HEADER_SIZE
    record = offset.to_bytes(8, "little")[:4] + header[len(ENTRY_MAGIC) :]
    stored = int.from_bytes(header[8:12], "little")
    if find_fault(record, position, offset + stored, algorithm):
        return None
    return Entries(record, algorithm)[0]


def _is_whole(entry: PackEntry, stored: bytes | memoryview, algorithm: Algorithm) -> bool:
    try:
        decode(entry, stored, algorithm)
    except PackDamagedError:
        return False
    return True
