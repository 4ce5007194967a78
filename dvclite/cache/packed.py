"""Small blobs, many in one file."""

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from dvclite.cache.following import Following
from dvclite.cache.inventory import Inventory
from dvclite.cache.packfiles import PackFiles
from dvclite.cache.packfolder import KINDS, PackFolder, Stored, stored
from dvclite.cache.packtrash import PackTrash
from dvclite.errors import BlobCorruptError, PackDamagedError
from dvclite.formats.format import Format
from dvclite.hashing import Oid
from dvclite.pack.layout import digest_of, kind_of, oid_of
from dvclite.pack.writer import Pack
from dvclite.packindex import Location


class PackedBlobs:
    """The blobs in the packs of a cache. Safe from many threads.

    Attributes:
        folder: Where the packs lie.
        trash: The packs in the trash.
        trusted: Whether nobody else writes to the cache, so that checksums are proof enough.
        index_path: Where it is remembered which pack holds what.
    """

    def __init__(self, folder: PackFolder, format: Format, index: Path, *, trusted: bool) -> None:
        """Look at the packs in `folder`.

        Args:
            folder: Where they lie.
            format: How blobs are named, and whether there are packs.
            index: Where to remember which pack holds what.
            trusted: Whether nobody else writes to the cache, so that checksums are proof enough.
        """
        self.folder = folder
        self.trusted = trusted
        self.index_path = str(index)
        self._algorithm = format.algorithm
        self._has_packs = format.packs
        self._files = PackFiles(folder.path, trusted=trusted)
        self._inventory = Inventory(folder, self._files, index)
        self.trash = PackTrash(folder, self._files, format.algorithm)
        self._lock = threading.RLock()
        self._following = Following(self._inventory.index)

    def copy_index_from(self, path: str) -> None:
        """Learn of packs from the index of a remote that they come from, where that is quicker."""
        with self._lock:
            self._inventory.index.copy_from(path)

    def absent(self, oids: Iterable[Oid]) -> set[Oid]:
        """Return which of these blobs are in no pack that is in its place.

        What the index says of a pack is believed as long as the pack is there.
        """
        if not self._has_packs:
            return set(oids)
        with self._lock:
            absent = self._inventory.absent(oids)
            if absent and self.refresh():
                absent = self._inventory.absent(absent)
            return absent

    def keep(self, oids: Iterable[Oid]) -> set[Oid]:
        """Return which of these blobs are in no pack that is in its place and proves to have them.

        To be asked after they were written down as relied upon. A pack in the way that is damaged
        is set aside.
        """
        absent = set(oids)
        if not self._has_packs:
            return absent
        with self._lock:
            absent -= self._inventory.proved(absent)
            if absent and self.refresh(seldom=True) | self.mend():
                absent -= self._inventory.proved(absent)
            return absent

    def read(self, oid: Oid) -> bytes | None:
        """Return the bytes of a blob, or None if it is in no pack that is known and in its place.

        Raises:
            BlobCorruptError: It is not what its name says, wherever it is.
        """
        if not self._has_packs:
            return None
        damaged = False
        with self._lock:
            for location in self._find(oid):
                try:
                    return self._files.content(location, self._algorithm)
                except FileNotFoundError:
                    self._inventory.drop(location.pack)
                except PackDamagedError:
                    damaged = True
        if damaged:
            raise BlobCorruptError(oid, self.folder.root)
        return None

    def take_out(self, oid: Oid) -> bytes | None:
        """Return what `read` does, and set packs aside in which the blob is damaged.

        Raises:
            BlobCorruptError: It was not what its name says. What else its packs held was rescued.
        """
        try:
            return self.read(oid)
        except BlobCorruptError:
            aside = self.set_aside_damaged(oid)
            raise BlobCorruptError(oid, self.folder.root, set_aside=aside) from None

    def records(self, oids: Iterable[Oid]) -> dict[Oid, tuple[str, bytes]]:
        """Return where blobs that are no trees seem to be: packs, and records of their indexes.

        Cheapest in the order in which they were added. What is missing here may be elsewhere, and
        a pack that is named may be gone.
        """
        with self._lock:
            return self._following.records(oids)

    def set_aside_damaged(self, oid: Oid) -> str:
        """Move packs out of the way in which a blob is damaged; return where the last one is now.

        What is whole in them is rescued.
        """
        aside = ""
        with self._lock:
            for location in list(self._find(oid)):
                try:
                    self._files.content(location, self._algorithm)
                except FileNotFoundError:
                    self._inventory.drop(location.pack)
                except PackDamagedError:
                    aside = self.set_aside(location.pack)
        return aside

    def set_aside(self, pack: str) -> str:
        """Move a damaged pack out of the way, after what is whole in it was rescued.

        Returns:
            Where it is now; nothing where it was made anew in its place, and where the cache
            cannot be changed.
        """
        from dvclite.cache.mending import set_aside

        with self._lock:
            self._files.close(pack)
            aside = set_aside(self.folder, pack, self._algorithm)
            self._inventory.drop(pack)
            self.refresh()
        return aside

    def mend(self) -> bool:
        """Rescue what is whole in packs whose indexes turned out to be damaged.

        Returns:
            Whether any were.
        """
        with self._lock:
            damaged = self._inventory.take_damaged()
            for pack in damaged:
                self.set_aside(pack)
            return bool(damaged)

    def find(self, oid: Oid) -> str | None:
        """Return the name of a pack that a blob is in; None if it is in none that is in place."""
        with self._lock:
            if self.absent([oid]):
                return None
            return next((location.pack for location in self._find(oid)), None)

    def equals(self, oid: Oid, data: bytes) -> bool | None:
        """Say whether a blob that is in a pack holds these bytes; None if it is in none any more.

        Raises:
            BlobCorruptError: It is not what its name says, wherever it is.
        """
        found = self.read(oid)
        return None if found is None else found == data

    def learn(self, packs: Iterable[Pack]) -> None:
        """Take note of packs that have got their names."""
        with self._lock:
            for pack in packs:
                self._inventory.index.learn(pack.id, pack.size, pack.entries)

    def refresh(self, *, seldom: bool = False) -> bool:
        """Look which packs there are; return whether any are new.

        Args:
            seldom: Whether not to look again if the last look is not long ago, and nothing came
                to light since then that asks for another.
        """
        with self._lock:
            return self._has_packs and self._inventory.refresh(seldom=seldom)

    def doubt(self) -> bool:
        """Read the indexes of all packs again, once; return whether any is new.

        A row of the database that was damaged is as good as absent: before a blob is called
        missing, the packs themselves are asked.
        """
        with self._lock:
            return self._has_packs and self._inventory.doubt()

    def distrust(self) -> None:
        """Forget what is remembered of packs: all that is said from now on comes from themselves."""
        with self._lock:
            self._inventory.distrust()

    def remembers_wrong(self) -> bool:
        """Say whether what is remembered of packs is not what they say themselves.

        To be asked after `distrust`. It is thrown away with the next `save` then.
        """
        with self._lock:
            self.refresh()
            return self._inventory.index.is_contradicted()

    def save(self) -> None:
        """Remember for later commands which pack holds what."""
        with self._lock:
            self._inventory.save()

    def __iter__(self) -> Iterator[Stored]:
        """Yield every pack that is in its place and can be read."""
        self.refresh()
        for pack, size in sorted(self._inventory.index.packs.items()):
            entries = self._inventory.index.entries(pack)
            if entries is not None and entries.algorithm == self._algorithm:
                yield stored(pack, size, entries)

    def contents(self, pack: str, wanted: Callable[[Oid], bool]) -> Iterator[tuple[Oid, bytes]]:
        """Yield the blobs of a pack that are wanted.

        Raises:
            BlobCorruptError: One was not what its name says, and is in no other pack.
            PackError, OSError: The pack cannot be read.
        """
        for number, entry in enumerate(self._files.entries(pack)):
            if entry.kind in KINDS and wanted(oid := oid_of(entry)):
                yield oid, self._content(Location(pack, number, entry), oid)

    def throw_away(self, pack: str, day: str) -> bool:
        """Move a pack to the trash of a day; return whether it was there."""
        with self._lock:
            self._files.close(pack)
            self._inventory.drop(pack)
            return self.folder.move(self.folder.path(pack), self.folder.trash_path(pack, day))

    def close(self) -> None:
        """Close all files."""
        with self._lock:
            self._files.close_all()
            self._inventory.index.close()
            self.trash.close()

    def _content(self, location: Location, oid: Oid) -> bytes:
        """Return what is in a pack, or if it is damaged there what another pack has."""
        with self._lock:
            try:
                return self._files.content(location, self._algorithm)
            except PackDamagedError:
                data = self.read(oid)
        if data is None:
            raise BlobCorruptError(oid, self.folder.root)
        return data

    def _find(self, oid: Oid) -> Iterator[Location]:
        kind, digest = kind_of(oid), digest_of(oid)
        following = self._following.next()
        if following is not None and following.entry[:2] == (kind, digest):
            self._following.found(following)
            yield following
        for location in self._inventory.index.find(kind, [digest]):
            self._following.found(location)
            yield location
