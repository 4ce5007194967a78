"""Putting a large blob together in one file, from chunks that come in any order."""

import os
import sys
import threading

from blake3 import blake3

from dvclite.errors import DvcliteError
from dvclite.files import changes
from dvclite.pack.layout import PackEntry
from dvclite.progress import UNWATCHED, Transfer
from dvclite.remotestore.named import Named


class Assembly:
    """One large blob on its way.

    The file may hold a part of the blob already, left by an attempt that was cut short. No record
    is kept of which part: what is there is hashed and compared with the names of the chunks.

    Many are put together at a time, and a process may open few files: after `close` one is open
    only while something is written to it.

    Attributes:
        blob: The blob.
        size: How many bytes it has when it is complete.
        recipe: Which recipe is followed: the pack it is in, and its number there.
        path: The file.
        error: Why it will never be complete.
        told: How many of its bytes the user was told of.
        transfer: Is told of them, too.
    """

    def __init__(self, blob: Named, size: int, recipe: tuple[str, int], path: str) -> None:
        """Put `blob` of `size` bytes together in the file at `path`, which may exist.

        Raises:
            OSError: The file cannot be written.
        """
        self.blob = blob
        self.size = size
        self.recipe = recipe
        self.path = path
        self.error: DvcliteError | OSError | None = None
        self.told = 0
        self.transfer: Transfer = UNWATCHED
        self._awaited = 1  # The planning itself.
        self._lock = threading.Lock()
        self._fd: int | None = changes.open_partial(path)
        self._there = os.fstat(self._fd).st_size
        if self._there > size:
            changes.truncate(self._fd, size)

    def holds(self, entry: PackEntry, position: int) -> bool:
        """Say whether a chunk is in its place already."""
        if position + entry.size > self._there:
            return False
        return blake3(self._read(entry.size, position)).digest() == entry.digest

    def expect(self) -> None:
        """Take note that a chunk is on its way."""
        self._awaited += 1

    def write(self, data: bytes, position: int) -> None:
        """Put a chunk in its place. Safe from many threads.

        Raises:
            OSError: The disk is full or failing.
        """
        fd = changes.open_partial(self.path)
        try:
            changes.write_at(fd, data, position)
        finally:
            changes.close(fd)

    def settle(self, error: DvcliteError | OSError | None = None) -> bool:
        """Take note that a chunk is in its place, or will never be.

        Returns:
            Whether nothing is awaited any more.
        """
        with self._lock:
            self.error = self.error or error
            self._awaited -= 1
            return not self._awaited

    def close(self) -> None:
        """Look no more at what is there."""
        fd, self._fd = self._fd, None
        if fd is not None:
            changes.close(fd)

    def _read(self, length: int, position: int) -> bytes:
        assert self._fd is not None, "what is there is looked at before the file is closed"
        if sys.platform != "win32":
            return os.pread(self._fd, length, position)
        os.lseek(self._fd, position, os.SEEK_SET)
        return os.read(self._fd, length)
