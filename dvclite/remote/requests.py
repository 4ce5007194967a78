"""How many requests a remote makes, counted where only its plugin can see them."""

import threading


class Requests:
    """Counts requests. Safe from many threads.

    Attributes:
        made: How many were sent, those that were sent again included.
        repeated: How many of these were sent because another had failed.
    """

    def __init__(self) -> None:
        self.made = 0
        self.repeated = 0
        self._lock = threading.Lock()

    def count(self, *, repeated: bool = False) -> None:
        """Take note of one that is about to be sent."""
        with self._lock:
            self.made += 1
            self.repeated += repeated

    def repeat(self) -> None:
        """Take note that the next one is sent because another failed."""
        with self._lock:
            self.repeated += 1
