"""A bound on what several threads hold at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dvclite.files.copying import OnBytes

_PATIENCE = 0.2


class Budget:
    """So many bytes may be held at the same time, or one thing alone that is larger."""

    def __init__(self, size: int) -> None:
        """Allow `size` bytes."""
        self._size = size
        self._held = 0
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, size: int, moved: OnBytes) -> Iterator[None]:
        """Hold so many bytes until the block ends, once there is room for them.

        Args:
            size: How many bytes.
            moved: Is called with 0 while this waits, and may raise to interrupt.
        """
        with self._changed:
            while self._held and self._held + size > self._size:
                self._changed.wait(_PATIENCE)
                moved(0)
            self._held += size
        try:
            yield
        finally:
            with self._changed:
                self._held -= size
                self._changed.notify_all()
