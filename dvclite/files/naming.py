"""Giving files their final names, many after one flush."""

import os
import re
import sys
from collections.abc import Callable, Collection
from functools import cached_property
from typing import NamedTuple

from dvclite.files import changes
from dvclite.files.atomic import discard, flush_folder

_MOST_FILES = 10_000
_MOST_BYTES = 512 << 20
_FLUSHED_ONE_BY_ONE = 8

# File systems on which one syncfs makes everything written to them durable.
_SYNCFS = frozenset(
    {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "tmpfs", "overlay", "zfs", "bcachefs"}
)
# The first Linux whose syncfs reports that something could not be written.
_REPORTS_FAILURES = (5, 8)

_OCTAL = re.compile(r"\\([0-7]{3})")

GiveName = Callable[[str, str], Collection[str]]
"""Gives a file its final name, both told as paths; returns further folders whose names it changed."""


class _Waiting(NamedTuple):
    """What waits for its name; `within` counts what is flushed with it: nothing in a file."""

    partial: str
    final: str
    within: int


class Naming:
    """Files in staging that wait for their names.

    All of them are flushed together, then renamed, then their names are flushed: nothing ever has
    a final name before its content survives a power cut, and a thousand small files cost two
    flushes instead of a thousand. After an error the files that have no name yet are discarded:
    a failed flush says nothing about what would happen to a second one.
    """

    def __init__(self, place: str | os.PathLike[str], give_name: GiveName) -> None:
        """Prepare to name files.

        Args:
            place: A folder on the file system that all of this happens on.
            give_name: What to do with each file after the flush.
        """
        self._place = os.fspath(place)
        self._give_name = give_name
        self._waiting: list[_Waiting] = []
        self._files = self._bytes = 0
        self._volume: int | None = None

    def begin(self) -> None:
        """Be told that something is written, so that a later flush reports what failed since."""
        self._open()

    def add(self, partial: str, final: str, size: int) -> None:
        """Let a written and closed file of `size` bytes wait for its name."""
        self._open()
        self._waiting.append(_Waiting(partial, final, 0))
        self._files += 1
        self._bytes += size

    def add_folder(self, partial: str, final: str, files: int, size: int) -> None:
        """Let a folder wait for its name, with so many files and folders and bytes in it."""
        self._open()
        self._waiting.append(_Waiting(partial, final, files + 1))
        self._files += files
        self._bytes += size

    @property
    def is_full(self) -> bool:
        """Whether so much waits that it should be named before more is written."""
        return self._files >= _MOST_FILES or self._bytes >= _MOST_BYTES

    def finish(self) -> None:
        """Return when all files have their names and survive a power cut.

        Raises:
            OSError: Some could not be written. None of those has its name.
        """
        waiting = self._take()
        # Their own folder may have been made a moment ago, and by whom it is not known.
        folders = {os.path.dirname(self._place), self._place} if waiting else set()
        folders.update(os.path.dirname(one.final) for one in waiting)
        named = 0
        try:
            self._flush(waiting)
            for one in waiting:
                folders.update(self._give_name(one.partial, one.final))
                named += 1
            self._flush_names(folders)
        except BaseException:
            _discard(waiting[named:])
            raise
        finally:
            self._close()

    def flush_names(self, folders: Collection[str]) -> None:
        """Return when the names in some folders survive a power cut, whoever changed them."""
        if folders:
            self._open()
            try:
                self._flush_names(folders)
            finally:
                self._close()

    def discard(self) -> None:
        """Give up the files that wait."""
        self._close()
        _discard(self._take())

    def _take(self) -> list[_Waiting]:
        waiting, self._waiting, self._files, self._bytes = self._waiting, [], 0, 0
        return waiting

    def _flush(self, waiting: Collection[_Waiting]) -> None:
        if not self._flush_at_once(sum(one.within or 1 for one in waiting)):
            for one in waiting:
                (flush_file if not one.within else flush_tree)(one.partial)

    def _flush_names(self, folders: Collection[str]) -> None:
        # One that was removed meanwhile has no names to keep.
        there = [folder for folder in folders if os.path.isdir(folder)]
        if not self._flush_at_once(len(there)):
            for folder in there:
                flush_folder(folder)

    def _flush_at_once(self, count: int) -> bool:
        """Flush the whole file system, if that is possible and `count` flushes take longer."""
        if self._volume is None or count <= _FLUSHED_ONE_BY_ONE:
            return False
        changes.flush_filesystem(self._volume)
        return True

    def _open(self) -> None:
        if sys.platform == "linux" and self._volume is None and self._has_syncfs:
            self._volume = os.open(self._place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    @cached_property
    def _has_syncfs(self) -> bool:
        return has_syncfs(self._place)

    def _close(self) -> None:
        if self._volume is not None:
            os.close(self._volume)
            self._volume = None


def renaming(make_parent: Callable[[str], None]) -> GiveName:
    """Return what renames files, into folders that are made where they are absent.

    Args:
        make_parent: Makes a folder and those above it.
    """

    def give_name(partial: str, final: str) -> set[str]:
        changed: set[str] = set()
        try:
            changes.rename(partial, final)
        except FileNotFoundError:
            folder = os.path.dirname(os.path.abspath(final))
            while not os.path.isdir(folder):
                folder = os.path.dirname(folder)
                changed.add(folder)
            make_parent(os.path.dirname(final))
            changes.rename(partial, final)
        return changed

    return give_name


def flush_file(path: str) -> None:
    """Return when the content of a file survives a power cut; that of a link does with its name."""
    if os.path.islink(path):
        return
    # Windows flushes only what is open for writing.
    access = os.O_RDWR if os.name == "nt" else os.O_RDONLY
    fd = os.open(path, access | getattr(os, "O_CLOEXEC", 0))
    try:
        changes.flush(fd)
    finally:
        os.close(fd)


def flush_tree(path: str) -> None:
    """Return when a folder and all that is in it survive a power cut."""
    with os.scandir(path) as entries:
        for entry in entries:
            (flush_tree if entry.is_dir(follow_symlinks=False) else flush_file)(entry.path)
    flush_folder(path)


def _discard(waiting: Collection[_Waiting]) -> None:
    for one in waiting:
        if not one.within:  # Folders go with the staging folder that they are in.
            discard(one.partial)


def has_syncfs(place: str) -> bool:
    """Say whether `changes.flush_filesystem` makes all durable that was written around `place`.

    What it reports is complete only where it is given a descriptor that was opened before the
    writing began.
    """
    return _linux_version() >= _REPORTS_FAILURES and _filesystem_type(place) in _SYNCFS


def _linux_version() -> tuple[int, ...]:
    if sys.platform != "linux":
        return ()
    return tuple(int(number) for number in re.findall(r"\d+", os.uname().release)[:2])


def _filesystem_type(place: str) -> str:
    """Return the type of the file system that `place` is on, as the kernel names it."""
    path = os.path.realpath(place)
    best, kind = -1, ""
    for line in _mounts():
        before, _, after = line.partition(" - ")
        mount = _OCTAL.sub(lambda code: chr(int(code[1], 8)), before.split(" ")[4])
        inside = path == mount or path.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= best:
            best, kind = len(mount), after.split(" ", 1)[0]
    return kind


def _mounts() -> list[str]:
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
            return lines.readlines()
    except OSError:
        return []
