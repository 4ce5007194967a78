"""Packs on the local disk."""

import errno
import os
import sys
import threading
from collections.abc import Iterable, Iterator

from dvclite.errors import PackDamagedError, PackUnreadableError
from dvclite.files.closing import Closing
from dvclite.hashing import Algorithm
from dvclite.pack.coding import decode
from dvclite.pack.index import FIRST_READ, Entries, read_end, tail_length
from dvclite.pack.layout import PackEntry
from dvclite.pack.proof import find_damage, has_header, walk

# What somebody puts there instead of a pack, such as a pipe, must not keep us waiting for ever.
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
_OPEN |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

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
            PackDamagedError: It ends before that, or the disk does not give them back.
        """
        try:
            data = _read(self._fd, offset, length)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            raise PackUnreadableError(self.path, offset, error) from error
        if len(data) != length:
            raise PackDamagedError(self.path, "it is cut short")
        return data

    def read_into(self, offset: int, memory: memoryview) -> int:
        """Fill memory with the pack's bytes, and return how many those were.

        Raises:
            PackUnreadableError: The disk does not give them back.
        """
        data = self.read(offset, min(len(memory), max(self.size - offset, 0)))
        memory[: len(data)] = data
        return len(data)

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

    def has_header(self, entries: Entries) -> bool:
        """Say whether the pack begins as its index says."""
        return has_header(self.read, entries)

    def scan(self, entries: Iterable[PackEntry]) -> Iterator[tuple[PackEntry, memoryview]]:
        """Yield entries with their stored bytes, unverified, in few reads.

        Args:
            entries: Some or all of the pack's, in order. What cannot be read comes empty.

        Raises:
            PackDamagedError: The file ends before that.
        """
        return ((entry, stored) for entry, _header, stored in walk(self.read, entries))

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
        return find_damage(self.read, entries, self.path, trusted=trusted)


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
