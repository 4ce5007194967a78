"""The hash of a file that is filled in any order, as far as it has no gap."""

import threading
from collections.abc import Callable

from dvclite.hashing import READ_SIZE, Hasher

ReadBack = Callable[[int, int], bytes]
"""Returns bytes of the file: how many, and from where on."""


class Unbroken:
    """Hashes a file while it is filled: what comes in order from memory, the rest read back.

    Whichever thread fills the first gap goes on from there, while others fill more. Safe from many
    threads.
    """

    def __init__(self, hasher: Hasher) -> None:
        """Give `hasher` all bytes in their order."""
        self._hasher = hasher
        self._parts: dict[int, int] = {}
        self._end = self._hashed = 0
        self._is_busy = False
        self._lock = threading.Lock()

    def add(self, data: bytes | memoryview, position: int, read: ReadBack) -> None:
        """Take note of bytes that are in the file now, each of them once.

        Raises:
            OSError: Others could not be read back.
        """
        with self._lock:
            self._parts[position] = len(data)
            while (length := self._parts.pop(self._end, None)) is not None:
                self._end += length
            if self._is_busy or self._hashed == self._end:
                return
            self._is_busy = True
        if position == self._hashed:
            self._hasher.update(data)
            self._hashed += len(data)
        while self._goes_on():
            piece = read(min(self._end - self._hashed, READ_SIZE), self._hashed)
            self._hasher.update(piece)
            self._hashed += len(piece)

    def hasher(self, size: int) -> Hasher | None:
        """Return what was given all of a file of `size` bytes; None if it was not."""
        with self._lock:
            return None if self._is_busy or self._hashed != size else self._hasher

    def _goes_on(self) -> bool:
        with self._lock:
            self._is_busy = self._hashed < self._end
            return self._is_busy
