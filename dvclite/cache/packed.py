"""Small blobs, many in one file."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

from dvclite.cache.loose import DAY, READ_ONLY
from dvclite.cache.packfiles import PackFiles
from dvclite.errors import BlobCorruptError, PackDamagedError, PackError
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.naming import Naming, renaming
from dvclite.files.staging import Staging, make_folder
from dvclite.formats.format import Format
from dvclite.hashing import BlobRef, Oid, is_tree
from dvclite.pack.index import Entries
from dvclite.pack.layout import PREFIX, Kind, digest_of, key_of, oid_of, pack_at
from dvclite.pack.rescue import rescue
from dvclite.pack.writer import PACK_MODE, Pack
from dvclite.packindex import Location, PackIndex

_KINDS = (Kind.BLOB, Kind.TREE)


class Stored(NamedTuple):
    """A pack of the cache, and the blobs in it.

    Attributes:
        id: Its name.
        size: How many bytes the file has.
        blobs: What is in it.
    """

    id: str
    size: int
    blobs: list[BlobRef]


class PackedBlobs:
    """The blobs in the packs of a cache, with the trash beside them. Safe from many threads.

    Packs never change; they come and go. What the index says of one that is gone, or does not say
    of one that is new, is found out by looking at the folder.

    Attributes:
        root: The cache's folder.
        index_path: Where it is remembered which pack holds what.
    """

    def __init__(
        self, root: Path, format: Format, index: Path, *, folder_mode: int, trusted: bool
    ) -> None:
        """Look at the packs of the cache in `root`, which need not exist yet.

        Args:
            root: The cache's folder.
            format: How blobs are named.
            index: Where to remember which pack holds what.
            folder_mode: Permission bits of folders that are made.
            trusted: Whether nobody else writes to the cache, so that checksums are proof enough.
        """
        self.root = str(root)
        self.index_path = str(index)
        self._algorithm = format.algorithm
        self._folder_mode = folder_mode
        self._files = PackFiles(self.path, trusted=trusted)
        self._index = PackIndex(index, self._files.entries)
        self._lock = threading.RLock()
        self._last: Location | None = None

    def path(self, pack: str) -> str:
        """Return where a pack belongs."""
        return os.path.join(self.root, key_of(pack))

    def absent(self, oids: Iterable[Oid]) -> set[Oid]:
        """Return which of these blobs are in no pack that is in its place."""
        with self._lock:
            wanted = set(oids)
            absent = wanted - self._in_place(wanted)
            if absent and self.refresh():
                absent -= self._in_place(absent)
            return absent

    def keep(self, oids: Iterable[Oid]) -> set[Oid]:
        """Return which of these blobs are in no pack, not even in one that had gone to the trash.

        To be asked after they were written down as relied upon.
        """
        with self._lock:
            absent = self.absent(oids)
            if absent and self._rescue(absent):
                absent -= self._in_place(absent)
            return absent

    def __contains__(self, oid: Oid) -> bool:
        """Say whether a blob is in a pack."""
        return not self.absent([oid])

    def read(self, oid: Oid) -> bytes | None:
        """Return the bytes of a blob, or None if it is in no pack, nor in one in the trash.

        Raises:
            BlobCorruptError: It is not what its name says, wherever it is.
        """
        with self._lock:
            damaged = False
            for _attempt in range(2):
                for location in self._find(oid):
                    try:
                        return self._files.content(location, self._algorithm)
                    except FileNotFoundError:
                        self._index.drop(location.pack)
                    except PackDamagedError:
                        damaged = True
                if damaged or not self.refresh():
                    break
            data = self._read_trash(oid)
        if data is None and damaged:
            raise BlobCorruptError(oid, self.root)
        return data

    def take_out(self, oid: Oid) -> bytes | None:
        """Return what `read` does, and set the pack aside if the blob is damaged.

        Raises:
            BlobCorruptError: It was not what its name says. What else its pack held was rescued.
        """
        try:
            return self.read(oid)
        except BlobCorruptError:
            aside = self.set_aside_damaged(oid)
            raise BlobCorruptError(oid, self.root, set_aside=aside) from None

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
                    self._index.drop(location.pack)
                except PackDamagedError:
                    try:
                        aside = self.set_aside(location.pack)
                    except OSError as error:
                        if error.errno not in READ_ONLY:
                            raise
        return aside

    def set_aside(self, pack: str) -> str:
        """Rescue what is whole in a damaged pack, and move it out of the way.

        The new pack is in its place before the damaged one leaves.

        Returns:
            Where the damaged one is now; nothing where a whole one of the same name has replaced
            it, or another process was faster.

        Raises:
            OSError: It cannot be read, or the cache cannot be changed.
        """
        with self._lock:
            self._files.close(pack)
            aside = ""
            try:
                rest = self._rescue_from(pack)
                if rest is None or rest.id != pack:
                    aside = self.new_aside(pack)
                    aside = aside if self._move(self.path(pack), aside) else ""
            except FileNotFoundError:
                pass  # Another process was faster.
            self._index.drop(pack)
            self.refresh()
        return aside

    def new_aside(self, pack: str) -> str:
        """Return a path for a damaged pack, out of the way, that nothing has yet."""
        folder = os.path.join(self.root, "damaged")
        self._make_folder(folder)
        names = (pack if number == 1 else f"{pack}.{number}" for number in count(1))
        return next(
            path for name in names if not os.path.lexists(path := os.path.join(folder, name))
        )

    def find(self, oid: Oid) -> str | None:
        """Return the name of a pack that a blob is in; None if it is in none that is in place."""
        with self._lock:
            if self.absent([oid]):
                return None
            return next((location.pack for location in self._find(oid)), None)

    def equals(self, oid: Oid, data: bytes) -> bool:
        """Say whether a blob that is in a pack holds these bytes."""
        return self.read(oid) == data

    def learn(self, packs: Iterable[Pack]) -> None:
        """Take note of packs that have got their names."""
        with self._lock:
            for pack in packs:
                self._index.learn(pack.id, pack.size, pack.entries)

    def there(self) -> dict[str, int]:
        """Return the packs that are in their places, readable or not, with their sizes in bytes."""
        return _packs(os.path.join(self.root, PREFIX))

    def distrust(self) -> None:
        """Forget what is remembered of packs: all that is said from now on comes from themselves."""
        with self._lock:
            self._index.distrust()

    def remembers_wrong(self) -> bool:
        """Say whether what is remembered of packs is not what they say themselves.

        It is thrown away with the next `save` then.
        """
        with self._lock:
            self.refresh()
            return self._index.is_contradicted()

    def refresh(self) -> bool:
        """Look which packs there are; return whether any are new."""
        with self._lock:
            there = self.there()
            news = False
            for pack in self._index.sync(there):
                try:
                    self._index.learn(pack, there[pack], self._files.entries(pack))
                    news = True
                except (PackError, OSError):
                    continue  # `fsck` tells of it; what is in it counts as absent.
            return news

    def save(self) -> None:
        """Remember for later commands which pack holds what."""
        with self._lock:
            self._index.save()

    def __iter__(self) -> Iterator[Stored]:
        """Yield every pack that is in its place and can be read."""
        self.refresh()
        yield from self._stored(self._index.packs)

    def contents(self, pack: str, lives: Callable[[Oid], bool]) -> Iterator[tuple[Oid, bytes]]:
        """Yield the blobs of a pack that live.

        Raises:
            BlobCorruptError: One was not what its name says.
            OSError: The pack cannot be read.
        """
        oids = [oid_of(entry) for entry in self._files.entries(pack) if entry.kind in _KINDS]
        for oid in filter(lives, oids):
            data = self.read(oid)
            if data is not None:
                yield oid, data

    def trashed(self, day: str) -> Iterator[Stored]:
        """Yield the packs that went to the trash on a day."""
        folder = os.path.join(self._trash, day)
        for pack, size in _packs(os.path.join(folder, PREFIX)).items():
            try:
                entries = self._files.entries(pack, os.path.join(folder, key_of(pack)))
            except (PackError, OSError):
                continue
            yield Stored(pack, size, _refs(entries))

    def trash(self, pack: str, day: str) -> bool:
        """Move a pack to the trash of a day; return whether it was there."""
        with self._lock:
            self._files.close(pack)
            self._index.drop(pack)
            return self._move(self.path(pack), self._trash_path(pack, day))

    def restore_from_trash(self, pack: str, day: str) -> bool:
        """Move a pack back to its place; return whether it was in the trash of that day."""
        return self._move(self._trash_path(pack, day), self.path(pack))

    def empty_trash(self, pack: str, day: str) -> None:
        """Delete a pack from the trash of a day."""
        discard(self._trash_path(pack, day))

    def share(self, path: str) -> None:
        """Let others read a file that is to be a pack, if they share the cache."""
        if self._folder_mode > 0o777:
            changes.set_mode(path, PACK_MODE)

    def close(self) -> None:
        """Close all files."""
        with self._lock:
            self._files.close_all()
            self._index.close()

    def _rescue_from(self, pack: str) -> Pack | None:
        """Write what is whole in a damaged pack into a new one, and give that its name."""
        with Staging(os.path.join(self.root, "tmp"), mode=self._folder_mode) as staging:
            rest = rescue(self.path(pack), staging.new_path(), self._algorithm)
            if rest is not None:
                self.share(rest.path)
                naming = Naming(self.root, renaming(self._make_folder))
                naming.add(rest.path, self.path(rest.id), rest.size)
                naming.finish()
            return rest

    def _find(self, oid: Oid) -> Iterator[Location]:
        kind, digest = _kind(oid), digest_of(oid)
        following = self._following()
        if following is not None and following.entry[:2] == (kind, digest):
            self._last = following
            yield following
        for location in self._index.find(kind, [digest]):
            self._last = location
            yield location

    def _following(self) -> Location | None:
        """Return what lies behind the last blob that was asked for: likely the next to be."""
        if self._last is None:
            return None
        pack, number, _entry = self._last
        entries = self._index.entries(pack)
        if entries is None or number + 1 >= len(entries):
            return None
        return Location(pack, number + 1, entries[number + 1])

    def _in_place(self, oids: set[Oid]) -> set[Oid]:
        """Return which blobs are in packs that are there at this moment."""
        there: dict[str, bool] = {}
        found: set[Oid] = set()
        for kind, by_digest in _by_kind(oids):
            for digest, pack in self._index.packs_of(kind, by_digest):
                if pack not in there:
                    there[pack] = os.path.exists(self.path(pack))
                if there[pack]:
                    found.add(by_digest[digest])
        for pack, is_there in there.items():
            if not is_there:
                self._index.drop(pack)
        return found

    def _rescue(self, oids: set[Oid]) -> bool:
        """Move packs back from the trash that hold any of these blobs; return if there were any."""
        rescued = False
        for day in self._trash_days():
            for stored in list(self.trashed(day)):
                if any(ref.oid in oids for ref in stored.blobs):
                    rescued |= self.restore_from_trash(stored.id, day)
        return rescued and self.refresh()

    def _read_trash(self, oid: Oid) -> bytes | None:
        digest = digest_of(oid)
        for day in self._trash_days():
            for stored in self.trashed(day):
                path = self._trash_path(stored.id, day)
                for entry in self._files.entries(stored.id, path):
                    if entry.digest == digest and entry.kind == _kind(oid):
                        return self._files.content_at(path, stored.id, entry, self._algorithm)
        return None

    def _stored(self, packs: dict[str, int]) -> Iterator[Stored]:
        for pack, size in sorted(packs.items()):
            entries = self._index.entries(pack)
            if entries is not None:
                yield Stored(pack, size, _refs(entries))

    def _trash_days(self) -> list[str]:
        try:
            return sorted(name for name in os.listdir(self._trash) if DAY.fullmatch(name))
        except FileNotFoundError:
            return []

    @property
    def _trash(self) -> str:
        return os.path.join(self.root, "trash")

    def _trash_path(self, pack: str, day: str) -> str:
        return os.path.join(self._trash, day, key_of(pack))

    def _make_folder(self, path: str) -> None:
        make_folder(path, mode=self._folder_mode)

    def _move(self, source: str, target: str) -> bool:
        self._make_folder(os.path.dirname(target))
        try:
            changes.rename(source, target)
        except FileNotFoundError:
            return False
        return True


def _packs(folder: str) -> dict[str, int]:
    """Return the packs in a folder of packs, with their sizes in bytes."""
    found: dict[str, int] = {}
    try:
        starts = os.listdir(folder)
    except FileNotFoundError:
        return found
    for start in starts:
        try:
            with os.scandir(os.path.join(folder, start)) as entries:
                for entry in entries:
                    pack = pack_at(f"{PREFIX}{start}/{entry.name}")
                    if pack is not None and entry.is_file(follow_symlinks=False):
                        found[pack] = entry.stat(follow_symlinks=False).st_size
        except (FileNotFoundError, NotADirectoryError):
            continue
    return found


def _refs(entries: Entries) -> list[BlobRef]:
    return [BlobRef(oid_of(entry), entry.size) for entry in entries if entry.kind in _KINDS]


def _kind(oid: Oid) -> Kind:
    return Kind.TREE if is_tree(oid) else Kind.BLOB


def _by_kind(oids: Iterable[Oid]) -> list[tuple[Kind, dict[bytes, Oid]]]:
    trees = {digest_of(oid): oid for oid in oids if is_tree(oid)}
    blobs = {digest_of(oid): oid for oid in oids if not is_tree(oid)}
    return [(Kind.TREE, trees)] * bool(trees) + [(Kind.BLOB, blobs)] * bool(blobs)
