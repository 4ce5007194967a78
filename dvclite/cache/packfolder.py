"""Where the packs of a cache lie, in their places and in the trash."""

import os
from pathlib import Path
from typing import NamedTuple

from dvclite.cache.loose import DAY
from dvclite.files import changes
from dvclite.files.staging import make_folder
from dvclite.hashing import BlobRef
from dvclite.pack.index import Entries
from dvclite.pack.layout import PREFIX, Kind, key_of, oid_of, pack_at
from dvclite.pack.writer import PACK_MODE

KINDS = (Kind.BLOB, Kind.TREE)
"""What packs of a cache hold."""


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


def stored(pack: str, size: int, entries: Entries) -> Stored:
    """Return a pack with what its index says."""
    blobs = [BlobRef(oid_of(entry), entry.size) for entry in entries if entry.kind in KINDS]
    return Stored(pack, size, blobs)


class PackFolder:
    """The folders of a cache that have packs in them. Safe from many threads."""

    def __init__(self, root: Path, *, folder_mode: int) -> None:
        """Look at the cache in `root`, which need not exist yet."""
        self.root = str(root)
        self.folder_mode = folder_mode
        self._trash = os.path.join(self.root, "trash")

    def path(self, pack: str) -> str:
        """Return where a pack belongs."""
        return os.path.join(self.root, key_of(pack))

    def trash_path(self, pack: str, day: str) -> str:
        """Return where a pack is that went to the trash on a day."""
        return os.path.join(self._trash, day, key_of(pack))

    def aside_path(self, pack: str) -> str:
        """Return where a damaged pack goes."""
        return os.path.join(self.root, "damaged", pack)

    def packs(self) -> dict[str, int]:
        """Return the packs that are in their places, with their sizes in bytes."""
        return _packs(os.path.join(self.root, PREFIX))

    def trashed(self, day: str) -> dict[str, int]:
        """Return the packs that went to the trash on a day, with their sizes in bytes."""
        return _packs(os.path.join(self._trash, day, PREFIX))

    def trash_days(self) -> list[str]:
        """Return the days, as `YYYY-MM-DD`, from which there may be trash, oldest first."""
        try:
            return sorted(name for name in os.listdir(self._trash) if DAY.fullmatch(name))
        except FileNotFoundError:
            return []

    def move(self, source: str, target: str) -> bool:
        """Move a pack; return whether it was there."""
        self.make_folder(os.path.dirname(target))
        try:
            changes.rename(source, target)
        except FileNotFoundError:
            return False
        return True

    def make_folder(self, path: str) -> None:
        """Make a folder of the cache, with the permissions that its users need."""
        make_folder(path, mode=self.folder_mode)

    def share(self, path: str) -> None:
        """Let others read a file that is to be a pack, if they share the cache."""
        if self.folder_mode > 0o777:
            changes.set_mode(path, PACK_MODE)


def _packs(folder: str) -> dict[str, int]:
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
