"""Content on its way to a bucket, counted as it is really sent.

The SDK reads a file piece by piece, and sends each as one body, perhaps more than once: what it
reads says little of how far it is.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dvclite.remote import OnBytes
from dvclite.remote.body import Stopped

_AT_ONCE = 64 << 10
"""How many bytes are handed out at once: whoever bounds what moves lets the line wait that long."""

_thread = threading.local()


class Sending:
    """One file as it is sent, by one thread."""

    def __init__(self, moved: OnBytes) -> None:
        """Tell `moved` of what is sent."""
        self._moved = moved
        self._size = self._told = 0

    def go_on(self, size: int) -> None:
        """Take note that a piece of so many bytes comes next, and that those before have arrived."""
        self.tell(1, 1)
        self._size, self._told = size, 0

    def body(self, data: bytes) -> Any:
        """Return what to send in place of a body, perhaps once more."""
        self.tell(0, 1)
        return _Body(data, self) if self._size else data

    def tell(self, part: int, whole: int) -> None:
        """Take note of how much of the body is on the line, which is the piece and little more."""
        told, self._told = self._told, self._size * part // whole
        if self._told != told:
            self._moved(self._told - told)


class _Body:
    """Bytes that count themselves while they are sent."""

    def __init__(self, data: bytes, sending: Sending) -> None:
        self._data = memoryview(data)
        self._sending = sending
        self._position = 0

    def read(self, _size: int = -1) -> memoryview:
        """Return the next bytes, not too many."""
        piece = self._data[self._position :][:_AT_ONCE]
        self._position += len(piece)
        try:
            self._sending.tell(self._position, len(self._data))
        except Exception as error:
            raise Stopped(error) from error  # Anything else would look like a broken line.
        return piece


@contextmanager
def counted(moved: OnBytes) -> Iterator[Sending]:
    """Count what this thread sends within a block.

    Raises:
        Exception: What `moved` raised.
    """
    sending = _thread.sending = Sending(moved)
    try:
        yield sending
    except Stopped as stopped:
        raise stopped.cause from None
    finally:
        _thread.sending = None


def body_to_send(data: Any) -> Any:
    """Return what this thread is to send in place of the body of a request."""
    sending: Sending | None = getattr(_thread, "sending", None)
    return sending.body(data) if sending is not None and isinstance(data, bytes) else data
