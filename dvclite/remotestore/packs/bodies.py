"""Small packs that are at hand as a whole."""

import threading
from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path

from dvclite.remotestore.packs.copies import Copies

_MOST_BYTES = 32 << 20


class Bodies:
    """Packs in memory, the latest ones, and copies of those that were kept.

    Nothing is verified here: whoever takes an entry out of a pack verifies that. Safe from many
    threads.
    """

    def __init__(self, folder: Path) -> None:
        """Look for copies in `folder`, which need not exist."""
        self._copies = Copies(folder)
        self._packs: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._doubtful: set[str] = set()
        self._lock = threading.Lock()

    def add(self, pack: str, data: bytes) -> None:
        """Take a pack in."""
        with self._lock:
            self._drop(pack)
            self._packs[pack] = data
            self._size += len(data)
            while self._size > _MOST_BYTES and len(self._packs) > 1:
                self._drop(next(iter(self._packs)))

    def get(self, pack: str, size: int) -> bytes | None:
        """Return a pack of `size` bytes, if it is at hand."""
        with self._lock:
            data = self._packs.get(pack)
            is_doubtful = pack in self._doubtful
        if data is None and not is_doubtful:
            data = self._copies.read(pack, size)
            if data is not None:
                self.add(pack, data)
        return data if data is not None and len(data) == size else None

    def doubt(self, pack: str) -> bool:
        """Use what is at hand of a pack no more, since it is damaged.

        Returns:
            Whether it might be otherwise when it is read anew.
        """
        with self._lock:
            self._drop(pack)
            is_news = pack not in self._doubtful
            self._doubtful.add(pack)
            return is_news

    def save(self, packs: Collection[str], kept: Collection[str]) -> None:
        """Keep copies.

        Args:
            packs: The packs that there are.
            kept: Those of which a copy is of use, if they are at hand.
        """
        there = self._copies.tidy(packs)
        for pack in kept:
            with self._lock:
                data = self._packs.get(pack)
            if data is not None and (pack not in there or pack in self._doubtful):
                self._copies.keep(pack, data)

    def _drop(self, pack: str) -> None:
        self._size -= len(self._packs.pop(pack, b""))
