"""Which packs of a cache are in their places, and what they hold, as far as is known."""

from collections.abc import Iterable
from itertools import islice
from os import stat
from pathlib import Path
from stat import S_ISREG
from time import monotonic

from dvclite.cache.packfiles import PackFiles
from dvclite.cache.packfolder import PackFolder
from dvclite.errors import PackDamagedError, PackError
from dvclite.hashing import Oid
from dvclite.pack.index import Entries
from dvclite.pack.layout import Kind, by_kind
from dvclite.packindex import PackIndex

_ASKED_TOGETHER = 10_000
_MANY = 500
_REST = 20
"""How much longer than it took to look at all packs to wait until the next look, where a look may
be left out."""
_LONGEST_REST = 1.0


class Inventory:
    """The packs that there are. For one thread at a time.

    Packs never change; they come and go. What the index says of one that is gone, or does not say
    of one that is new, is found out by looking at the folder.

    Attributes:
        index: What is remembered of packs.
    """

    def __init__(self, folder: PackFolder, files: PackFiles, index: Path) -> None:
        """Look at the packs in `folder`.

        Args:
            folder: Where they lie.
            files: Reads them.
            index: Where to remember which pack holds what.
        """
        self.index = PackIndex(index, self._read_index)
        self._folder = folder
        self._files = files
        self._damaged: set[str] = set()
        self._next_look = 0.0
        self._doubted = False

    def absent(self, oids: Iterable[Oid]) -> set[Oid]:
        """Return which blobs are in no pack, as far as the index knows, that is there now."""
        there: dict[str, bool] = {}
        absent: set[Oid] = set()
        rest = iter(oids)
        while group := list(islice(rest, _ASKED_TOGETHER)):
            for kind, by_digest in by_kind(group):
                self._take_out_neighbours(kind, by_digest, there)
                for pack, digests in self.index.by_pack(kind, by_digest).items():
                    if self._is_there(pack, there):
                        for digest in digests:
                            by_digest.pop(digest, None)
                absent.update(by_digest.values())
        return absent

    def proved(self, oids: set[Oid]) -> set[Oid]:
        """Return which blobs are in packs that are there now, by what their own indexes say."""
        there: dict[str, bool] = {}
        proved: set[Oid] = set()
        if not self.index.packs:
            return proved
        for kind, by_digest in by_kind(oids):
            for pack, _number, entry in self.index.find(kind, by_digest):
                if self._is_there(pack, there):
                    proved.add(by_digest[entry.digest])
        return proved

    def refresh(self, *, seldom: bool = False) -> bool:
        """Look which packs there are; return whether any are new.

        Args:
            seldom: Whether not to look again if the last look is not long ago, and nothing came
                to light since then that asks for another.
        """
        began = monotonic()
        if seldom and began < self._next_look:
            return False
        there = self._folder.packs()
        before = self.index.packs
        news = False
        for pack in self.index.sync(there):
            try:
                self.index.learn(pack, there[pack], self._read_index(pack))
                news = True
            except (PackError, OSError):
                continue  # `fsck` tells of it; what is in it counts as absent.
        # Another process may have entered some into the database.
        news = news or not before.keys() >= self.index.packs.keys()
        now = monotonic()
        self._next_look = now + min(_REST * (now - began), _LONGEST_REST)
        return news

    def doubt(self) -> bool:
        """Read the indexes of all packs again, once; return whether any is new."""
        doubted, self._doubted = self._doubted, True
        if doubted:
            return False
        self.index.doubt()
        return self.refresh()

    def distrust(self) -> None:
        """Forget what is remembered of packs."""
        self.index.distrust()
        self._next_look = 0.0

    def drop(self, pack: str) -> None:
        """Take note that a pack is gone; what it held may be elsewhere now."""
        self.index.drop(pack)
        self._next_look = 0.0

    def take_damaged(self) -> list[str]:
        """Return the packs whose indexes turned out to be damaged since this was asked last."""
        damaged, self._damaged = self._damaged, set()
        return sorted(damaged)

    def save(self) -> None:
        """Remember for later commands which pack holds what."""
        self.index.save()
        self._next_look = 0.0  # What could not be saved is not known any more.

    def _take_out_neighbours(
        self, kind: Kind, by_digest: dict[bytes, Oid], there: dict[str, bool]
    ) -> None:
        """Take out blobs that lie in a pack with many others of them, as what was added at once."""
        found = _MANY
        while found >= _MANY and len(by_digest) >= _MANY:
            before = len(by_digest)
            for location in self.index.find(kind, [next(iter(by_digest))]):
                entries = self.index.entries(location.pack)
                if entries is not None and self._is_there(location.pack, there):
                    for digest in by_digest.keys() & entries.digests(kind):
                        del by_digest[digest]
            found = before - len(by_digest)

    def _is_there(self, pack: str, known: dict[str, bool]) -> bool:
        """Say whether a pack is in its place at this moment, or was when `known` was told."""
        if pack not in known:
            try:
                found = stat(self._folder.path(pack))
            except (FileNotFoundError, NotADirectoryError):
                known[pack] = False
            else:
                known[pack] = S_ISREG(found.st_mode) and found.st_size == self.index.size(pack)
            if not known[pack]:
                self.drop(pack)
        return known[pack]

    def _read_index(self, pack: str) -> Entries:
        try:
            return self._files.entries(pack)
        except PackDamagedError:
            self._damaged.add(pack)
            raise
