"""A stretch of a file as the body of a request, with an account of what was really sent."""

import os
import threading
from pathlib import Path

from dvclite.files.closing import Closing
from dvclite.remote import OnBytes

_AT_ONCE = 64 << 10
"""How many bytes are handed out at once: whoever bounds what moves lets the line wait that long."""


class Stopped(BaseException):
    """Ends a request from within the reading of its body.

    Not an Exception: the SDK would take one for a broken connection, and try again.
    """

    def __init__(self, cause: Exception) -> None:
        super().__init__()
        self.cause = cause


class Body(Closing):
    """Bytes of a file, for the SDK to read as it sends them.

    The SDK reads a body more than once: for checksums and signatures, then to send it, then
    perhaps again. Only reading after `begin` counts as moved, up to going back; the next `begin`
    takes back what was counted before.
    """

    def __init__(
        self, source: Path, start: int, size: int, moved: OnBytes, stop: threading.Event
    ) -> None:
        """Open a body.

        Args:
            source: The file.
            start: The offset of the first byte.
            size: How many bytes.
            moved: Is told what is sent.
            stop: Once it is set, no more is sent.
        """
        self._file = source.open("rb")
        self._path = source
        self._start = start
        self._size = size
        self._moved = moved
        self._stop = stop
        self._counted = 0
        self._is_sending = False
        self.seek(0)

    def begin(self) -> None:
        """Count what is read from now on: the request is about to be sent, perhaps once more."""
        if self._counted:
            self._count(-self._counted)
        self._is_sending = True

    def read(self, size: int | None = -1) -> bytes:
        """Return up to `size` bytes but not too many, all that is left if it is negative or None."""
        if self._stop.is_set():
            raise Stopped(InterruptedError(f"sending {self._path} was given up"))
        left = self._start + self._size - self._file.tell()
        wanted = left if size is None or size < 0 else min(size, left, _AT_ONCE)
        try:
            data = self._file.read(wanted)
            if self._is_sending and data:
                self._count(len(data))
        except Exception as error:
            raise Stopped(error) from error
        if len(data) < wanted:
            raise Stopped(OSError(f"{self._path} became shorter while it was sent"))
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the body, and count nothing from there on."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self.tell(), os.SEEK_END: self._size}[whence]
        self._is_sending = False
        self._file.seek(self._start + origin + offset)
        return origin + offset

    def tell(self) -> int:
        """Return where in the body reading goes on."""
        return self._file.tell() - self._start

    def __len__(self) -> int:
        """Return how many bytes the body has."""
        return self._size

    def _count(self, size: int) -> None:
        self._counted += size
        self._moved(size)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
