"""Blobs as files of their own."""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from dvclite.cache.refusing import READ_ONLY
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.staging import make_folder
from dvclite.formats.format import Format
from dvclite.hashing import READ_SIZE, TREE_SUFFIX, BlobRef, Oid, algorithm_of, hash_stream

DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
"""The name of a folder in the trash."""

_START = 2
"""How many digits of its oid name the folder that a blob is in."""

_STARTS_LISTED_FROM = 16
"""Below this many oids it is never worth listing the folders that they could be in."""

LISTED_FROM = 512
"""Below this many oids it is never worth listing the folders instead of asking for each."""
NAMES_LISTED_PER_QUESTION = 4
"""How many names a listing yields in the time that asking for one takes."""

# Read-only, which in a shared cache and for hard links is more than a hint.
BLOB_MODE = 0o444 if os.name != "nt" else 0o666


# Somebody who shares the cache may have put a pipe there, which would keep us waiting for ever.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
_READ |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def open_blob(path: str) -> int:
    """Open the file of a blob for reading, and return its descriptor."""
    return os.open(path, _READ)


def holds(path: str, content: bytes | str) -> bool:
    """Say whether a file holds these bytes, or the same as the file at another path."""
    with open(open_blob(path), "rb") as ours:
        if isinstance(content, bytes):
            return ours.read(len(content) + 1) == content
        with open(content, "rb") as theirs:
            while piece := ours.read(READ_SIZE):
                if theirs.read(len(piece)) != piece:
                    return False
            return not theirs.read(1)


class LooseBlobs:
    """The loose blobs of a cache, with the trash and the damaged ones beside them."""

    def __init__(self, root: Path, format: Format, *, folder_mode: int) -> None:
        """Look at the cache in `root`, which need not exist yet."""
        self.root = str(root)
        self._format = format
        self._folder_mode = folder_mode
        self._masked: bool | None = None
        self._begin = os.path.join(self.root, "")

    def path(self, oid: Oid) -> str:
        """Return where a blob belongs."""
        return self._begin + self._format.loose_key(oid)

    def find_in_place(self, oid: Oid) -> str | None:
        """Return where a blob is, if it is in its place."""
        path = self.path(oid)
        return path if os.path.exists(path) else None

    def find(self, oid: Oid) -> str | None:
        """Return where a blob is, in its place or in the trash; None if it is nowhere."""
        if path := self.find_in_place(oid):
            return path
        for day in self.trash_days():
            path = os.path.join(self._trash, day, self._format.loose_key(oid))
            if os.path.exists(path):
                return path
        return None

    def signature(self, oid: Oid) -> object:
        """Return what changes whenever somebody changes a blob that is in its place."""
        try:
            found = os.stat(self.path(oid))
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def is_in_place(self, ref: BlobRef) -> bool:
        """Say whether a blob is in its place, with the right length where that is known."""
        path = self.path(ref.oid)
        if not os.access(path, os.F_OK):  # Told without an exception, which takes longer.
            return False
        try:
            found = os.stat(path)
        except FileNotFoundError:
            return False
        return ref.size < 0 or found.st_size == ref.size

    def absent(self, oids: Iterable[Oid]) -> set[Oid]:
        """Return which of these blobs are not in their places."""
        absent = set(oids)
        older = self._format.algorithm.older
        aged = {oid for oid in absent if older is not None and oid.startswith(older.mark)}
        return self._absent(absent - aged) | {oid for oid in aged if not self.find_in_place(oid)}

    def _absent(self, absent: set[Oid]) -> set[Oid]:
        if len(absent) < _STARTS_LISTED_FROM:
            return {oid for oid in absent if not os.path.exists(self.path(oid))}
        starts = self.names("")
        if self._is_worth_listing(absent):
            for start in starts:
                absent.difference_update(map(start.__add__, self.names(start)))
            return absent
        known = frozenset(starts)
        return {oid for oid in absent if oid[:2] not in known or not os.path.exists(self.path(oid))}

    def names(self, start: str) -> list[str]:
        """Return the names in the folder of blobs whose oids begin so; of all folders for nothing."""
        try:
            return os.listdir(os.path.join(self.root, self._format.loose_prefix, start))
        except FileNotFoundError:
            return []

    def trashed_among(self, oids: Iterable[Oid]) -> set[Oid]:
        """Return which of these blobs are in the trash."""
        folders = [os.path.join(self._trash, day) for day in self.trash_days()]
        if not folders:
            return set()
        keys = ((oid, self._format.loose_key(oid)) for oid in oids)
        return {
            oid
            for oid, key in keys
            if any(os.path.exists(os.path.join(folder, key)) for folder in folders)
        }

    def _is_worth_listing(self, oids: set[Oid]) -> bool:
        """Say whether listing all blobs takes less time than asking for some of them."""
        if len(oids) < LISTED_FROM:
            return False
        sample = self.names(next(iter(oids))[:2])
        return len(sample) * 256 < len(oids) * NAMES_LISTED_PER_QUESTION

    def equals(self, oid: Oid, content: bytes | str) -> bool:
        """Say whether a blob that is in its place holds these bytes.

        Args:
            oid: The blob.
            content: The bytes, or the path of a file that holds them.
        """
        return holds(self.path(oid), content)

    def is_intact(self, oid: Oid) -> bool:
        """Say whether a blob that is in its place is what its name says."""
        with open(open_blob(self.path(oid)), "rb") as stream:
            found = hash_stream(stream, algorithm_of(oid, self._format.algorithm)).oid
        return found == oid.removesuffix(TREE_SUFFIX)

    def __iter__(self) -> Iterator[BlobRef]:
        """Yield every blob that is in its place."""
        yield from _blobs(self.root, self._format)

    def trashed(self, day: str) -> Iterator[BlobRef]:
        """Yield the blobs that went to the trash on a day."""
        yield from _blobs(os.path.join(self._trash, day), self._format)

    def trash_days(self) -> list[str]:
        """Return the days, as `YYYY-MM-DD`, from which there is trash, oldest first."""
        try:
            return sorted(name for name in os.listdir(self._trash) if DAY.fullmatch(name))
        except FileNotFoundError:
            return []

    def trash(self, oid: Oid, day: str) -> bool:
        """Move a blob to the trash of a day; return whether it was there."""
        return self._move(self.path(oid), self._trash_path(oid, day))

    def rescue(self, oids: Iterable[Oid]) -> list[Oid]:
        """Move blobs back from the trash, and return those that are there on no day."""
        days = self.trash_days()
        return [oid for oid in oids if not any(self.restore_from_trash(oid, day) for day in days)]

    def restore_from_trash(self, oid: Oid, day: str) -> bool:
        """Move a blob back to its place; return whether it was in the trash of that day."""
        return self._move(self._trash_path(oid, day), self.path(oid))

    def empty_trash(self, oid: Oid, day: str) -> None:
        """Delete a blob from the trash of a day."""
        discard(self._trash_path(oid, day))

    def remove_trash_day(self, day: str) -> None:
        """Remove the folders of a day's trash that are empty."""
        for folder, _folders, _names in os.walk(os.path.join(self._trash, day), topdown=False):
            if not os.listdir(folder):
                changes.remove_folder(folder)

    def make_folder(self, path: str) -> None:
        """Make a folder of the cache, with the permissions that its users need."""
        make_folder(path, mode=self._folder_mode)

    def share(self, path: str) -> None:
        """Let others read a file that is to be a blob, if they share the cache: the umask may not."""
        if self._folder_mode > 0o777 or self._is_masked(path):
            changes.set_mode(path, BLOB_MODE)

    def _is_masked(self, path: str) -> bool:
        """Say whether the umask keeps blobs from the mode that the format wants for all of them."""
        if not self._format.exact_modes:
            return False
        if self._masked is None:
            self._masked = stat.S_IMODE(os.stat(path).st_mode) != BLOB_MODE
        return self._masked

    def set_aside(self, oid: Oid, path: str) -> str:
        """Move a blob whose bytes are wrong out of the way; return where it is now.

        Returns:
            Nothing where the cache cannot be changed: the blob stays where it is then.
        """
        folder = os.path.join(self.root, "damaged")
        try:
            self.make_folder(folder)
            for number in range(1, 1000):
                aside = os.path.join(folder, f"{oid}.{number}")
                if not os.path.exists(aside):
                    break
            changes.rename(path, aside)
        except FileNotFoundError:
            pass  # Another process was faster.
        except OSError as error:
            if error.errno not in READ_ONLY:
                raise
            return ""
        return aside

    def set_aside_damaged(self, oid: Oid) -> None:
        """Move a blob that is in its place out of the way, if its bytes are wrong."""
        try:
            is_intact = self.is_intact(oid)
        except FileNotFoundError:
            return
        if not is_intact:
            self.set_aside(oid, self.path(oid))

    @property
    def _trash(self) -> str:
        return os.path.join(self.root, "trash")

    def _trash_path(self, oid: Oid, day: str) -> str:
        return os.path.join(self._trash, day, self._format.loose_key(oid))

    def _move(self, source: str, target: str) -> bool:
        self.make_folder(os.path.dirname(target))
        try:
            changes.rename(source, target)
        except FileNotFoundError:
            return False
        return True


def _blobs(root: str, format: Format) -> Iterator[BlobRef]:
    for prefix in format.loose_prefixes:
        yield from _blobs_below(os.path.join(root, prefix), prefix, format)


def _blobs_below(folder: str, prefix: str, format: Format) -> Iterator[BlobRef]:
    try:
        starts = sorted(name for name in os.listdir(folder) if len(name) == _START)
    except FileNotFoundError:
        return
    for start in starts:
        try:
            with os.scandir(os.path.join(folder, start)) as entries:
                found = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
        except (FileNotFoundError, NotADirectoryError):
            continue
        for name, status in sorted(found):
            oid = format.oid_at(f"{prefix}{start}/{name}")
            if oid is not None:
                yield BlobRef(oid, status.st_size)
