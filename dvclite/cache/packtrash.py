"""The packs in the trash of a cache."""

import threading
from collections.abc import Iterable, Iterator

from dvclite.cache.packfiles import PackFiles
from dvclite.cache.packfolder import PackFolder, Stored, stored
from dvclite.errors import PackDamagedError, PackError
from dvclite.files.atomic import discard
from dvclite.hashing import Algorithm, Oid
from dvclite.pack.index import Entries
from dvclite.pack.layout import by_kind, digest_of, kind_of
from dvclite.packindex import PackIndex


class PackTrash:
    """Packs that were moved to the trash, by the day on which they were. Safe from many threads.

    Most commands never look there. Those that do look often remember what they saw, since to look
    means to read the index of every pack there is.
    """

    def __init__(self, folder: PackFolder, files: PackFiles, algorithm: Algorithm) -> None:
        """Look at the trash of a cache.

        Args:
            folder: Where packs lie.
            files: Reads them.
            algorithm: What blobs are named by.
        """
        self._folder = folder
        self._files = files
        self._algorithm = algorithm
        self._index = PackIndex(None, self._entries)
        self._days: dict[str, str] = {}
        self._lock = threading.Lock()

    def on(self, day: str) -> Iterator[Stored]:
        """Yield the packs that went to the trash on a day, and can be read."""
        for pack, size in self._folder.trashed(day).items():
            try:
                entries = self._files.entries(pack, self._folder.trash_path(pack, day))
            except (PackError, OSError):
                continue
            if entries.algorithm == self._algorithm:
                yield stored(pack, size, entries)

    def restore(self, pack: str, day: str) -> bool:
        """Move a pack back to its place; return whether it was in the trash of that day."""
        return self._folder.move(self._folder.trash_path(pack, day), self._folder.path(pack))

    def empty(self, pack: str, day: str) -> None:
        """Delete a pack from the trash of a day."""
        discard(self._folder.trash_path(pack, day))

    def present(self, oids: Iterable[Oid]) -> set[Oid]:
        """Return which of these blobs are in packs in the trash."""
        with self._lock:
            if not self._look():
                return set()
            found: set[Oid] = set()
            for kind, by_digest in by_kind(oids):
                found.update(map(by_digest.__getitem__, self._index.present(kind, by_digest)))
            return found

    def rescue(self, oids: Iterable[Oid]) -> bool:
        """Move packs back that hold any of these blobs; return whether there were any."""
        with self._lock:
            if not self._look():
                return False
            packs = {
                pack
                for kind, by_digest in by_kind(oids)
                for pack in self._index.by_pack(kind, by_digest)
            }
            rescued = [self.restore(pack, self._days[pack]) for pack in sorted(packs)]
            return any(rescued)

    def read(self, oid: Oid) -> bytes | None:
        """Return the bytes of a blob, verified; None if no pack in the trash has it whole."""
        with self._lock:
            if not self._look():
                return None
            for pack, _number, entry in self._index.find(kind_of(oid), [digest_of(oid)]):
                path = self._folder.trash_path(pack, self._days[pack])
                try:
                    return self._files.content_at(path, pack, entry, self._algorithm)
                except (FileNotFoundError, PackDamagedError):
                    continue
            return None

    def close(self) -> None:
        """Forget what was seen."""
        with self._lock:
            self._index.close()

    def _look(self) -> bool:
        """See which packs there are; return whether there are any."""
        sizes: dict[str, int] = {}
        self._days = {}
        for day in self._folder.trash_days():
            packs = self._folder.trashed(day)
            sizes |= packs
            self._days |= dict.fromkeys(packs, day)
        if not sizes:
            return False
        for pack in self._index.sync(sizes):
            try:
                self._index.learn(pack, sizes[pack], self._entries(pack))
            except (PackError, OSError):
                continue
        return True

    def _entries(self, pack: str) -> Entries:
        return self._files.entries(pack, self._folder.trash_path(pack, self._days[pack]))
