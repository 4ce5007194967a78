"""Many small files at once: they get their keys after one flush for all, and other processes help."""

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from functools import cached_property, partial
from itertools import chain, groupby, islice
from operator import attrgetter
from os import close
from typing import NamedTuple

from dvclite.errors import HostilePathError, RemoteError
from dvclite.files.copying import read_whole
from dvclite.files.flushing import Flusher, flush_file, has_syncfs
from dvclite.files.folder import Folder
from dvclite.files.sharing import shared_out
from dvclite.remote import Answers, OnBytes
from dvclite_local.blobs import open_blob
from dvclite_local.keys import split_key
from dvclite_local.root import Root
from dvclite_local.staging import RemoteStaging, write_file

_FEW = 1000
"""So many files are moved in little more time than it takes to find help."""

_FIRST_TOGETHER, _TOGETHER, _BYTES_TOGETHER = 16, 256, 4 << 20
"""How many files are moved with one task: few until it is known how large such files are."""

_LEFT = -1
"""Stands for the size of what was left out."""

_BELOW = attrgetter("below")

_Task = tuple[str, list[str]]
"""A folder to write to, or nothing, and keys."""


class _Staged(NamedTuple):
    """A file that waits for its key, which leads to a name in a folder below the root."""

    key: str
    below: str
    name: str
    path: str
    size: int


class Groups:
    """Moves groups of small files."""

    def __init__(self, root: Root, staging: RemoteStaging) -> None:
        """Plan to store below `root` what waits in `staging`."""
        self._root = root
        self._staging = staging

    def put(
        self, keys: Iterator[str], read: Callable[[str], bytes | None], moved: OnBytes
    ) -> list[str]:
        """Store what can be stored, where the system can flush all with one call: see `GroupingRemote`."""
        if not self._has_syncfs:
            return []  # Many threads, each with a flush of its own, are faster than one.
        try:
            flusher = Flusher(self._staging.place(), has_syncfs=True)
        except (OSError, RemoteError):
            return []
        folders: list[str] = []
        staged: list[_Staged] = []
        stored: list[_Staged] = []
        try:
            with flusher, suppress(OSError, RemoteError):
                self._stage(keys, read, moved, folders, staged)
                _flush_files(flusher, staged)
                named = self._name(staged, moved)
                self._flush_names(flusher, named)
                stored = named
        finally:
            for folder in folders:
                self._staging.remove_folder(folder)
        moved(sum(one.size for one in stored) - sum(one.size for one in staged))
        return [one.key for one in stored]

    def get(
        self, keys: Iterator[str], take: Callable[[str, bytes], bool], most: int, moved: OnBytes
    ) -> Generator[Answers, None, None]:
        """Hand out what can be handed out: see `GroupingRemote`."""
        work = partial(_hand_out, self._root, take, most)
        for (_folder, together), sizes in _shared_out(work, keys, lambda: ""):
            moved(sum(size for size in sizes if size != _LEFT))
            yield [(key, size != _LEFT) for key, size in zip(together, sizes, strict=True)]

    @cached_property
    def _has_syncfs(self) -> bool:
        return has_syncfs(self._root.path)

    def _stage(
        self,
        keys: Iterator[str],
        read: Callable[[str], bytes | None],
        moved: OnBytes,
        folders: list[str],
        staged: list[_Staged],
    ) -> None:
        """Write files to new folders."""

        def new_folder() -> str:
            folders.append(self._staging.new_folder())
            return folders[-1]

        for (folder, together), sizes in _shared_out(partial(_write, read), keys, new_folder):
            for number, (key, size) in enumerate(zip(together, sizes, strict=True)):
                if size != _LEFT:
                    path = f"{folder}/{number}"
                    staged.append(_Staged(key, *split_key(key), path, size))
            moved(sum(size for size in sizes if size != _LEFT))

    def _name(self, staged: list[_Staged], moved: OnBytes) -> list[_Staged]:
        """Give files their names, until that fails for one."""
        named: list[_Staged] = []
        with suppress(OSError, RemoteError):
            for below, files in groupby(sorted(staged, key=_BELOW), key=_BELOW):
                moved(0)
                with self._root.writing(below) as folder:
                    for one in files:
                        folder.take(one.path, one.name)
                        named.append(one)
        return named

    def _flush_names(self, flusher: Flusher, named: list[_Staged]) -> None:
        folders = {one.below for one in named}

        def one_by_one() -> None:
            for below in folders:
                with self._root.writing(below, make=False) as folder:
                    self._root.flush_names(below, folder)

        flusher.flush(len(folders), one_by_one)


def _shared_out(
    work: Callable[[_Task, memoryview], list[int]],
    keys: Iterator[str],
    new_folder: Callable[[], str],
) -> Iterator[tuple[_Task, list[int]]]:
    """Have work done on keys, some of them at a time; yield what sizes came of it."""
    first = list(islice(keys, _FEW))
    rest = chain(first, keys)
    count = _FIRST_TOGETHER

    def tasks() -> Iterator[_Task]:
        while together := list(islice(rest, count)):
            yield new_folder(), together

    for task, sizes, _left in shared_out(work, tasks(), helped=len(first) == _FEW):
        moved = [size for size in sizes or () if size != _LEFT]
        if moved:
            count = min(max(_BYTES_TOGETHER * len(moved) // (sum(moved) + 1), 1), _TOGETHER)
        yield task, sizes or [_LEFT] * len(task[1])


def _write(read: Callable[[str], bytes | None], task: _Task, _room: memoryview) -> list[int]:
    """Write files to a folder, until one cannot be written; return how large they are."""
    folder, keys = task
    sizes = [_LEFT] * len(keys)
    with suppress(OSError):
        for number, key in enumerate(keys):
            data = read(key) if _is_key(key) else None
            if data is not None:
                write_file(f"{folder}/{number}", data)
                sizes[number] = len(data)
    return sizes


def _hand_out(
    root: Root, take: Callable[[str, bytes], bool], most: int, task: _Task, _room: memoryview
) -> list[int]:
    """Read files, and return how large those are that were taken."""
    folders: dict[str, Folder | None] = {}
    sizes: list[int] = []
    for key in task[1]:
        data = None
        with suppress(OSError, RemoteError, HostilePathError):
            below, name = split_key(key)
            if below not in folders:
                folders[below] = root.reading(below)
            data = _content(folders[below], name, most)
        sizes.append(len(data) if data is not None and take(key, data) else _LEFT)
    return sizes


def _content(folder: Folder | None, name: str, most: int) -> bytes | None:
    """Return what is in a file, if it is there and not too large."""
    opened = open_blob(folder, name) if folder is not None else None
    if opened is None:
        return None
    fd, found = opened
    try:
        return read_whole(fd, found.st_size) if found.st_size <= most else None
    finally:
        close(fd)


def _is_key(key: str) -> bool:
    try:
        split_key(key)
    except HostilePathError:
        return False
    return True


def _flush_files(flusher: Flusher, staged: list[_Staged]) -> None:
    def one_by_one() -> None:
        for one in staged:
            flush_file(one.path)

    flusher.flush(len(staged), one_by_one)
