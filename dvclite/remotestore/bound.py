"""A bound on how fast bytes move."""

import threading
import time

from dvclite.remote import OnBytes

_NAP = 0.1
"""Seconds that a wait lasts at most before it is looked whether somebody interrupted."""

_BURST = 0.1
"""Seconds whose worth of bytes may go at once after a time in which nothing went."""

_READ_FOR = 0.25
_SMALLEST_READ = 256 << 10
_PER_JOB = 128 << 10


class Bound:
    """Lets so many bytes a second pass, of all threads together.

    Attributes:
        rate: How many; at least 1.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._lock = threading.Lock()
        self._free_at = 0.0

    def jobs(self, wanted: int) -> int:
        """Return how many transfers to run at once, so that none stands still for long."""
        return max(1, min(wanted, self.rate // _PER_JOB))

    def piece(self) -> int:
        """Return how many bytes to ask for at once, where all that is asked for comes at once."""
        return max(_SMALLEST_READ, int(self.rate * _READ_FOR))

    def wait(self, size: int, moved: OnBytes) -> None:
        """Return when `size` bytes may have passed.

        Args:
            size: How many bytes.
            moved: Is called with 0 now and then while this waits, and may raise to interrupt.
        """
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now - _BURST) + size / self.rate
            until = self._free_at
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _NAP))
            moved(0)
