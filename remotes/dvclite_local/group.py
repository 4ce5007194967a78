"""Many small files that get their keys after one flush for all."""

from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from dvclite.errors import HostilePathError, RemoteError
from dvclite.files.atomic import discard
from dvclite.files.flushing import Flusher, flush_file, has_syncfs
from dvclite.remote import OnBytes
from dvclite_local.keys import split_key
from dvclite_local.root import Root
from dvclite_local.staging import RemoteStaging

_BELOW = attrgetter("below")


class _Staged(NamedTuple):
    """A file that waits for its key, which leads to a name in a folder below the root."""

    key: str
    below: str
    name: str
    path: str
    size: int


class Groups:
    """Stores groups of small files, where the system can flush all of them with one call."""

    def __init__(self, root: Root, staging: RemoteStaging) -> None:
        """Plan to store below `root` what waits in `staging`."""
        self._root = root
        self._staging = staging

    def put(self, contents: Iterator[tuple[str, bytes]], moved: OnBytes) -> list[str]:
        """Store what can be stored, and return its keys: see `GroupingRemote`."""
        if not self._has_syncfs:
            return []  # Many threads, each with a flush of its own, are faster than one.
        try:
            flusher = Flusher(self._staging.place(), has_syncfs=True)
        except (OSError, RemoteError):
            return []
        staged: list[_Staged] = []
        stored: list[_Staged] = []
        total = 0
        try:
            with flusher:
                self._stage(contents, moved, staged)
                total = sum(one.size for one in staged)
                with suppress(OSError):
                    _flush_files(flusher, staged)
                    named = self._name(staged, moved)
                    self._flush_names(flusher, named)
                    stored = named
        finally:
            for one in staged:
                with suppress(OSError):  # What stays is swept, as what dead processes leave is.
                    discard(one.path)
        moved(sum(one.size for one in stored) - total)
        return [one.key for one in stored]

    @cached_property
    def _has_syncfs(self) -> bool:
        return has_syncfs(self._root.path)

    def _stage(
        self, contents: Iterator[tuple[str, bytes]], moved: OnBytes, staged: list[_Staged]
    ) -> None:
        """Write files, until one cannot be written."""
        for key, data in contents:
            try:
                below, name = split_key(key)
                path = self._staging.write(data)
            except HostilePathError:
                continue
            except (OSError, RemoteError):
                return
            staged.append(_Staged(key, below, name, path, len(data)))
            moved(len(data))

    def _name(self, staged: list[_Staged], moved: OnBytes) -> list[_Staged]:
        """Give files their names, until that fails for one; they leave `staged`."""
        staged.sort(key=_BELOW)
        named: list[_Staged] = []
        with suppress(OSError, RemoteError):
            for below, files in groupby(staged, key=_BELOW):
                moved(0)
                with self._root.writing(below) as folder:
                    for one in files:
                        folder.take(one.path, one.name)
                        named.append(one)
        del staged[: len(named)]
        return named

    def _flush_names(self, flusher: Flusher, named: list[_Staged]) -> None:
        folders = {one.below for one in named}

        def one_by_one() -> None:
            for below in folders:
                with self._root.writing(below, make=False) as folder:
                    self._root.flush_names(below, folder)

        flusher.flush(len(folders), one_by_one)


def _flush_files(flusher: Flusher, staged: list[_Staged]) -> None:
    def one_by_one() -> None:
        for one in staged:
            flush_file(one.path)

    flusher.flush(len(staged), one_by_one)
