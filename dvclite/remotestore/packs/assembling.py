"""Putting a large blob together in one file, from chunks that come in any order."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from blake3 import blake3

from dvclite.errors import DvcliteError
from dvclite.files import changes
from dvclite.files.flushing import Outflow
from dvclite.hashing import Hasher
from dvclite.pack.layout import PackEntry
from dvclite.progress import UNWATCHED, Transfer
from dvclite.remotestore.named import Named
from dvclite.remotestore.packs.unbroken import Unbroken


class Assembly:
    """One large blob on its way.

    The file may hold a part of the blob already, left by an attempt that was cut short. No record
    is kept of which part: what is there is hashed and compared with the names of the chunks.

    Many are put together at a time, and a process may open few files: after `close` one is open
    only while somebody has it `open`.

    It is hashed while it comes, so that it need not be read once more when it is complete.

    Attributes:
        blob: The blob.
        size: How many bytes it has when it is complete.
        recipe: Which recipe is followed: the pack it is in, and its number there.
        path: The file.
        given: What is given all bytes in their order.
        error: Why it will never be complete.
        told: How many of its bytes the user was told of.
        transfer: Is told of them, too.
    """

    def __init__(
        self, blob: Named, size: int, recipe: tuple[str, int], path: str, hasher: Hasher
    ) -> None:
        """Put `blob` of `size` bytes together in the file at `path`, which may exist.

        Args:
            blob: The blob.
            size: How many bytes it will have.
            recipe: The pack the recipe is in, and its number there.
            path: The file.
            hasher: Is given all bytes in their order.

        Raises:
            OSError: The file cannot be written.
        """
        self.blob = blob
        self.size = size
        self.recipe = recipe
        self.path = path
        self.given = hasher
        self.error: DvcliteError | OSError | None = None
        self.told = 0
        self.transfer: Transfer = UNWATCHED
        self._awaited = 1  # The planning itself.
        self._unbroken = Unbroken(hasher)
        self._users = 1
        self._is_looked_at = True
        self._lock = threading.Lock()
        self._fd = changes.open_partial(path)
        self._outflow = Outflow(self._fd)
        self._there = os.fstat(self._fd).st_size
        if self._there > size:
            changes.truncate(self._fd, size)

    def holds(self, entry: PackEntry, position: int) -> bool:
        """Say whether a chunk is in its place already."""
        if position + entry.size > self._there:
            return False
        data = self._read(entry.size, position)
        if blake3(data).digest() != entry.digest:
            return False
        self._unbroken.add(data, position, self._read)
        return True

    def expect(self) -> None:
        """Take note that a chunk is on its way."""
        self._awaited += 1

    @contextmanager
    def open(self) -> Iterator[None]:
        """Have the file open until the block ends. Safe from many threads.

        Raises:
            OSError: It cannot be opened.
        """
        with self._lock:
            if not self._users:
                self._fd = changes.open_partial(self.path)
                self._outflow = Outflow(self._fd)
            self._users += 1
        try:
            yield
        finally:
            self._release()

    def write(self, data: bytes | memoryview, position: int) -> None:
        """Put a chunk in its place, while it is open. Safe from many threads.

        Raises:
            OSError: The disk is full or failing.
        """
        changes.write_at(self._fd, data, position)
        with self._lock:
            self._outflow.add(len(data))
        self._unbroken.add(data, position, self._read)

    def settle(self, error: DvcliteError | OSError | None = None) -> bool:
        """Take note that a chunk is in its place, or will never be.

        Returns:
            Whether nothing is awaited any more.
        """
        with self._lock:
            self.error = self.error or error
            self._awaited -= 1
            return not self._awaited

    def hasher(self) -> Hasher | None:
        """Return what was given all bytes, once it is complete; None if they have to be read."""
        return self._unbroken.hasher(self.size)

    def close(self) -> None:
        """Look no more at what is there."""
        was_looked_at, self._is_looked_at = self._is_looked_at, False
        if was_looked_at:
            self._release()

    def _release(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                changes.close(self._fd)

    def _read(self, length: int, position: int) -> bytes:
        if sys.platform != "win32":
            return os.pread(self._fd, length, position)
        with open(self.path, "rb", buffering=0) as file:
            file.seek(position)
            return file.read(length)
