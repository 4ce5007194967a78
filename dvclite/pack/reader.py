"""Packs on the local disk."""

import os
import sys
import threading
from collections.abc import Iterable, Iterator

from dvclite.errors import PackDamagedError
from dvclite.files.closing import Closing
from dvclite.hashing import Algorithm
from dvclite.pack.coding import decode, describe
from dvclite.pack.index import FIRST_READ, Entries, read_end, tail_length
from dvclite.pack.layout import ENTRY_HEADER_SIZE, ENTRY_MAGIC, HEADER_SIZE, PackEntry, header

# What somebody puts there instead of a pack, such as a pipe, must not keep us waiting for ever.
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
_OPEN |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_TOGETHER = 1 << 20
"""How many bytes are read at a time where all are wanted."""

_SEEKING = threading.Lock()


class PackFile(Closing):
    """A pack on the local disk, open for reading. Safe from many threads.

    Attributes:
        path: Where it is.
        id: Its name.
        size: How many bytes it has.
    """

    def __init__(self, path: str | os.PathLike[str], pack_id: str) -> None:
        """Open a pack.

        Raises:
            OSError: It cannot be opened.
        """
        self.path = os.fspath(path)
        self.id = pack_id
        self._fd = os.open(self.path, _OPEN)
        self.size = os.fstat(self._fd).st_size

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def read(self, offset: int, length: int) -> bytes:
        """Return any of the pack's bytes.

        Raises:
            PackDamagedError: It ends before that.
        """
        data = _read(self._fd, offset, length)
        if len(data) != length:
            raise PackDamagedError(self.path, "it is cut short")
        return data

    def entries(self) -> Entries:
        """Read the index.

        Raises:
            PackVersionError: A newer dvclite wrote the pack.
            PackDamagedError: It is not the pack of that name, or not whole.
        """
        length = min(FIRST_READ, self.size)
        end = self.read(self.size - length, length)
        needed = tail_length(end, self.size, self.id)
        if needed > length:
            end = self.read(self.size - needed, needed)
        return read_end(end, self.size, self.id)

    def content(self, entry: PackEntry, algorithm: Algorithm, *, trusted: bool = False) -> bytes:
        """Return the content of an entry: see `coding.decode`.

        Raises:
            PackDamagedError: It is not what the entry says.
        """
        stored = self.read(entry.offset, entry.stored)
        return decode(entry, stored, algorithm, trusted=trusted, where=self.path)

    def scan(self, entries: Iterable[PackEntry]) -> Iterator[tuple[PackEntry, memoryview]]:
        """Yield entries with their stored bytes, unverified, in few reads.

        Args:
            entries: Some or all of the pack's, in order.

        Raises:
            PackDamagedError: The file ends before that.
        """
        return ((entry, stored) for entry, _header, stored in self._walk(entries))

    def find_damage(
        self, entries: Entries, *, trusted: bool = False
    ) -> Iterator[tuple[PackEntry | None, PackDamagedError]]:
        """Read the whole pack, and yield what is not as its index says.

        Args:
            entries: What `entries` returned.
            trusted: Whether checksums are proof enough.

        Yields:
            The entry, or None where it is the pack's first bytes, and what is wrong.
        """
        if self.read(0, HEADER_SIZE) != header(entries.algorithm):
            yield None, PackDamagedError(self.path, "its first bytes are damaged")
        for entry, found, stored in self._walk(entries):
            try:
                decode(entry, stored, entries.algorithm, trusted=trusted, where=self.path)
            except PackDamagedError as error:
                yield entry, error
            else:
                if found != entry_header(entry):
                    reason = f"the header before byte {entry.offset:,} is damaged"
                    yield entry, PackDamagedError(self.path, reason)

    def _walk(
        self, entries: Iterable[PackEntry]
    ) -> Iterator[tuple[PackEntry, memoryview, memoryview]]:
        """Yield entries with their headers and their stored bytes."""
        for begin, group in _groups(entries):
            data = memoryview(self.read(begin, group[-1].end - begin))
            for entry in group:
                place = entry.offset - begin
                header = data[place - ENTRY_HEADER_SIZE : place]
                yield entry, header, data[place : place + entry.stored]


def entry_header(entry: PackEntry) -> bytes:
    """Return what stands before an entry's stored bytes."""
    return ENTRY_MAGIC + describe(entry) + entry.checksum


def _groups(entries: Iterable[PackEntry]) -> Iterator[tuple[int, list[PackEntry]]]:
    """Yield entries that are read together, with where the header of the first begins."""
    group: list[PackEntry] = []
    begin = end = 0
    for entry in entries:
        first = entry.offset - ENTRY_HEADER_SIZE
        if group and (first < end or entry.end - begin > _TOGETHER):
            yield begin, group
            group = []
        if not group:
            begin = first
        group.append(entry)
        end = entry.end
    if group:
        yield begin, group


def _read(fd: int, offset: int, length: int) -> bytes:
    """Return bytes of an open file: fewer than `length` only where it ends."""
    data = _read_once(fd, offset, length)
    while 0 < len(data) < length:
        more = _read_once(fd, offset + len(data), length - len(data))
        if not more:
            break
        data += more
    return data


def _read_once(fd: int, offset: int, length: int) -> bytes:
    if sys.platform != "win32":
        return os.pread(fd, length, offset)
    with _SEEKING:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, length)
