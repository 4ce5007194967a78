"""Reading many files, wherever that is done: here, or in a process that helps."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from dvclite.cache.loose import BLOB_MODE, holds
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.clock import is_settled
from dvclite.files.copying import read_into
from dvclite.files.folder import Folder
from dvclite.hashing import Algorithm, Oid
from dvclite.pack.layout import ENTRY_HEADER_SIZE
from dvclite.pack.piece import write_header
from dvclite.pointer import is_pointer
from dvclite.statcache.rows import UNSETTLED, row, signature, stored
from dvclite.tree import Entry

MOST_FILES = 256
MOST_BYTES = 4 << 20
_LARGEST = 1 << 20

ROOM = MOST_BYTES + _LARGEST + (MOST_FILES + 1) * ENTRY_HEADER_SIZE
"""How many bytes of memory it takes to read files together."""

Read = tuple[bytes, bytes, int, bool]
"""What is said of a file: the row of the stat cache behind its key, and whether its content was left
behind, which what the cache holds already is not."""

Task = tuple[str, list[tuple[str, list[str]]]]
"""Files to read: a folder to leave them behind in, or nothing for memory, and names of files with
what stands before them in their paths."""


class Errand(NamedTuple):
    """What is known from the beginning.

    Attributes:
        root: What all paths are relative to.
        algorithm: What to name blobs by.
        now: When the command began, by the file system's clock.
        keeps_modes: Whether entries tell if files in a folder may be run.
        seems_stored: Says whether the cache holds certain bytes as a file of their own.
    """

    root: Path
    algorithm: Algorithm
    now: int
    keeps_modes: bool
    seems_stored: Callable[[Oid, bytes], bool]


class _Shelf(Protocol):
    """Where the content of files is left behind."""

    room: memoryview

    def keep(self, oid: Oid, size: int) -> bool:
        """Leave behind what the room begins with; return false if that need not be.

        Raises:
            OSError: It cannot be done.
        """


class _Memory:
    """Leaves contents behind as a pack will hold them, one after the other."""

    def __init__(self, room: memoryview) -> None:
        self._rest = room
        self.room = room[ENTRY_HEADER_SIZE:]

    def keep(self, oid: Oid, size: int) -> bool:
        write_header(self._rest, bytes.fromhex(oid), size)
        self._rest = self.room[size:]
        self.room = self._rest[ENTRY_HEADER_SIZE:]
        return True


class _Files:
    """Leaves contents behind as files that are called by their oids."""

    def __init__(
        self, folder: str, room: memoryview, seems_stored: Callable[[Oid, bytes], bool]
    ) -> None:
        self.room = room
        self._folder = folder
        self._seems_stored = seems_stored
        self._made: set[Oid] = set()

    def keep(self, oid: Oid, size: int) -> bool:
        path = f"{self._folder}/{oid}"
        data = bytes(self.room[:size])
        if oid in self._made:
            if not holds(path, data):
                raise FileExistsError(path)  # Two contents of one name.
            return True
        if self._seems_stored(oid, data):
            return False
        fd = changes.create(path, mode=BLOB_MODE)
        try:
            try:
                changes.write(fd, data)
            finally:
                changes.close(fd)
        except OSError:
            discard(path)
            raise
        self._made.add(oid)
        return True


def read_all(errand: Errand, task: Task, room: memoryview) -> list[Read | None]:
    """Read files, leave behind what is in them, and return what is to be known of them.

    None stands for what is no file, or too large, or changed meanwhile, or could not be left behind.
    """
    place, shares = task
    shelf = _Files(place, room, errand.seems_stored) if place else _Memory(room)
    answers: list[Read | None] = []
    for prefix, names in shares:
        try:
            with Folder.open(errand.root) as top, top.below(prefix[:-1]) as folder:
                answers += [_read(errand, folder, prefix, name, shelf) for name in names]
        except OSError:  # The folder is gone, or is another: no file of it was read.
            answers += [None] * len(names)
    return answers


def _read(errand: Errand, folder: Folder, prefix: str, name: str, shelf: _Shelf) -> Read | None:
    read = None if is_pointer(name) else _read_unchanged(folder, name, shelf.room)
    if read is None:
        return None
    found, signed = read
    size = found.st_size
    hasher = errand.algorithm.new()
    hasher.update(shelf.room[:size])
    oid = Oid(hasher.hexdigest())
    try:
        left = shelf.keep(oid, size)
    except OSError:
        return None
    executable = errand.keeps_modes and bool(found.st_mode & stat.S_IXUSR)
    settled = signed if is_settled(found, errand.now) else UNSETTLED
    path = prefix + name
    _key, signed, content, seal = stored(row(path, settled, Entry(path, oid, size, executable)))
    return signed, content, seal, left


def _read_unchanged(
    folder: Folder, name: str, room: memoryview
) -> tuple[os.stat_result, bytes] | None:
    """Read a file, and return its stat and the signature of that, if it did not change meanwhile."""
    try:
        fd = folder.open_file(name)
        try:
            before = os.fstat(fd)
            if not stat.S_ISREG(before.st_mode) or before.st_size > min(_LARGEST, len(room) - 1):
                return None
            size = read_into(fd, room[: before.st_size + 1])
            after = os.fstat(fd)
        finally:
            os.close(fd)
    except OSError:
        return None
    signed = signature(after)
    return (after, signed) if signature(before) == signed and after.st_size == size else None
