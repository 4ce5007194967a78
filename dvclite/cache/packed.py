"""Small blobs, many in one file."""

import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from os import stat
from pathlib import Path
from stat import S_ISREG
from time import monotonic

from dvclite.cache.following import Following
from dvclite.cache.mending import set_aside
from dvclite.cache.packfiles import PackFiles
from dvclite.cache.packfolder import KINDS, PackFolder, Stored, stored
from dvclite.cache.packtrash import PackTrash
from dvclite.errors import BlobCorruptError, PackDamagedError, PackError
from dvclite.formats.format import Format
from dvclite.hashing import Oid
from dvclite.pack.index import Entries
from dvclite.pack.layout import Kind, by_kind, digest_of, kind_of, oid_of
from dvclite.pack.writer import Pack
from dvclite.packindex import Location, PackIndex

_ASKED_TOGETHER = 10_000
_MANY = 500
_REST = 20
"""How much longer than it took to look at all packs to wait until the next look, where a look may
be left out."""
_LONGEST_REST = 1.0


class PackedBlobs:
    """The blobs in the packs of a cache. Safe from many threads.

    Packs never change; they come and go. What the index says of one that is gone, or does not say
    of one that is new, is found out by looking at the folder.

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
        self._index = PackIndex(index, self._read_index)
        self.trash = PackTrash(folder, self._files, format.algorithm)
        self._lock = threading.RLock()
        self._following = Following(self._index)
        self._damaged: set[str] = set()
        self._next_look = 0.0
        self._doubted = False

    def copy_index_from(self, path: str) -> None:
        """Learn of packs from the index of a remote that they come from, where that is quicker."""
        with self._lock:
            self._index.copy_from(path)

    def absent(self, oids: Iterable[Oid]) -> set[Oid]:
        """Return which of these blobs are in no pack that is in its place.

        What the index says of a pack is believed as long as the pack is there.
        """
        if not self._has_packs:
            return set(oids)
        with self._lock:
            absent = self._not_in_place(oids)
            if absent and self.refresh():
                absent = self._not_in_place(absent)
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
            absent -= self._proved(absent)
            if absent and self.refresh(seldom=True) | self.mend():
                absent -= self._proved(absent)
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
                    self._drop(location.pack)
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
                    self._drop(location.pack)
                except PackDamagedError:
                    aside = self.set_aside(location.pack)
        return aside

    def set_aside(self, pack: str) -> str:
        """Move a damaged pack out of the way, after what is whole in it was rescued.

        Returns:
            Where it is now; nothing where it was made anew in its place, and where the cache
            cannot be changed.
        """
        with self._lock:
            self._files.close(pack)
            aside = set_aside(self.folder, pack, self._algorithm)
            self._drop(pack)
            self.refresh()
        return aside

    def mend(self) -> bool:
        """Rescue what is whole in packs whose indexes turned out to be damaged.

        Returns:
            Whether any were.
        """
        with self._lock:
            damaged, self._damaged = self._damaged, set()
            for pack in sorted(damaged):
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
                self._index.learn(pack.id, pack.size, pack.entries)

    def refresh(self, *, seldom: bool = False) -> bool:
        """Look which packs there are; return whether any are new.

        Args:
            seldom: Whether not to look again if the last look is not long ago, and nothing came
                to light since then that asks for another.
        """
        if not self._has_packs:
            return False
        with self._lock:
            began = monotonic()
            if seldom and began < self._next_look:
                return False
            there = self.folder.packs()
            before = self._index.packs
            news = False
            for pack in self._index.sync(there):
                try:
                    self._index.learn(pack, there[pack], self._read_index(pack))
                    news = True
                except (PackError, OSError):
                    continue  # `fsck` tells of it; what is in it counts as absent.
            # Another process may have entered some into the database.
            news = news or not before.keys() >= self._index.packs.keys()
            now = monotonic()
            self._next_look = now + min(_REST * (now - began), _LONGEST_REST)
            return news

    def doubt(self) -> bool:
        """Read the indexes of all packs again, once; return whether any is new.

        A row of the database that was damaged is as good as absent: before a blob is called
        missing, the packs themselves are asked.
        """
        if not self._has_packs:
            return False
        with self._lock:
            doubted, self._doubted = self._doubted, True
            if doubted:
                return False
            self._index.doubt()
            return self.refresh()

    def distrust(self) -> None:
        """Forget what is remembered of packs: all that is said from now on comes from themselves."""
        with self._lock:
            self._index.distrust()
            self._next_look = 0.0

    def remembers_wrong(self) -> bool:
        """Say whether what is remembered of packs is not what they say themselves.

        To be asked after `distrust`. It is thrown away with the next `save` then.
        """
        with self._lock:
            self.refresh()
            return self._index.is_contradicted()

    def save(self) -> None:
        """Remember for later commands which pack holds what."""
        with self._lock:
            self._index.save()
            self._next_look = 0.0  # What could not be saved is not known any more.

    def __iter__(self) -> Iterator[Stored]:
        """Yield every pack that is in its place and can be read."""
        self.refresh()
        for pack, size in sorted(self._index.packs.items()):
            entries = self._index.entries(pack)
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
            self._drop(pack)
            return self.folder.move(self.folder.path(pack), self.folder.trash_path(pack, day))

    def close(self) -> None:
        """Close all files."""
        with self._lock:
            self._files.close_all()
            self._index.close()
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

    def _read_index(self, pack: str) -> Entries:
        try:
            return self._files.entries(pack)
        except PackDamagedError:
            self._damaged.add(pack)
            raise

    def _drop(self, pack: str) -> None:
        """Take note that a pack is gone; what it held may be elsewhere now."""
        self._index.drop(pack)
        self._next_look = 0.0

    def _find(self, oid: Oid) -> Iterator[Location]:
        kind, digest = kind_of(oid), digest_of(oid)
        following = self._following.next()
        if following is not None and following.entry[:2] == (kind, digest):
            self._following.found(following)
            yield following
        for location in self._index.find(kind, [digest]):
            self._following.found(location)
            yield location

    def _not_in_place(self, oids: Iterable[Oid]) -> set[Oid]:
        """Return which blobs are in no pack, as far as the index knows, that is there now."""
        there: dict[str, bool] = {}
        absent: set[Oid] = set()
        rest = iter(oids)
        while group := list(islice(rest, _ASKED_TOGETHER)):
            for kind, by_digest in by_kind(group):
                self._take_out_neighbours(kind, by_digest, there)
                for pack, digests in self._index.by_pack(kind, by_digest).items():
                    if self._is_there(pack, there):
                        for digest in digests:
                            by_digest.pop(digest, None)
                absent.update(by_digest.values())
        return absent

    def _take_out_neighbours(
        self, kind: Kind, by_digest: dict[bytes, Oid], there: dict[str, bool]
    ) -> None:
        """Take out blobs that lie in a pack with many others of them, as what was added at once."""
        found = _MANY
        while found >= _MANY and len(by_digest) >= _MANY:
            before = len(by_digest)
            for location in self._index.find(kind, [next(iter(by_digest))]):
                entries = self._index.entries(location.pack)
                if entries is not None and self._is_there(location.pack, there):
                    for digest in by_digest.keys() & entries.digests(kind):
                        del by_digest[digest]
            found = before - len(by_digest)

    def _proved(self, oids: set[Oid]) -> set[Oid]:
        """Return which blobs are in packs that are there now, by what their own indexes say."""
        there: dict[str, bool] = {}
        proved: set[Oid] = set()
        if not self._index.packs:
            return proved
        for kind, by_digest in by_kind(oids):
            for pack, _number, entry in self._index.find(kind, by_digest):
                if self._is_there(pack, there):
                    proved.add(by_digest[entry.digest])
        return proved

    def _is_there(self, pack: str, known: dict[str, bool]) -> bool:
        """Say whether a pack is in its place at this moment, or was when `known` was told."""
        if pack not in known:
            try:
                found = stat(self.folder.path(pack))
            except (FileNotFoundError, NotADirectoryError):
                known[pack] = False
            else:
                known[pack] = S_ISREG(found.st_mode) and found.st_size == self._index.size(pack)
            if not known[pack]:
                self._drop(pack)
        return known[pack]
