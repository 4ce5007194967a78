"""The indexes of packs, as many as memory is for."""

from collections import OrderedDict
from collections.abc import Callable, Iterator

from dvclite.errors import PackError
from dvclite.pack.index import Entries
from dvclite.pack.layout import RECORD_SIZE

_MOST_BYTES = 64 << 20

ReadIndex = Callable[[str], Entries]
"""Reads the index of a pack.

Raises:
    PackError: It is damaged.
    OSError: It cannot be read.
"""


class Indexes:
    """The indexes that were used last. For one thread at a time."""

    def __init__(self, read: ReadIndex) -> None:
        """Read with `read` what is not in memory."""
        self._read = read
        self._indexes: OrderedDict[str, Entries] = OrderedDict()
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        """Yield the packs whose indexes are in memory now."""
        return iter(list(self._indexes))

    def get(self, pack: str) -> Entries | None:
        """Return what is in a pack; None if its index cannot be read."""
        entries = self._indexes.get(pack)
        if entries is None:
            try:
                entries = self._read(pack)
            except (PackError, OSError):
                return None
            self.add(pack, entries)
        self._indexes.move_to_end(pack)
        return entries

    def add(self, pack: str, entries: Entries) -> None:
        """Take in what is in a pack."""
        if pack not in self._indexes:
            self._indexes[pack] = entries
            self._size += len(entries) * RECORD_SIZE
        while self._size > _MOST_BYTES and len(self._indexes) > 1:
            self.drop(next(iter(self._indexes)))

    def drop(self, pack: str) -> None:
        """Let go of what is in a pack."""
        self._size -= len(self._indexes.pop(pack, ())) * RECORD_SIZE
