"""What lies below a folder, in the order of trees."""

import errno
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from os import scandir, stat_result
from typing import NamedTuple

from dvclite.files.atomic import PARTIAL_PREFIX
from dvclite.files.folder import Folder

Matches = Callable[[str, bool], bool]
"""Says of a path, and of whether it is a folder, whether it is to be passed over."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """What a scan passes over.

    Attributes:
        file_name: The name of the files that say so.
        matches_in: Returns what to ask about the names in a folder; None where all of them
            count. It is told the folder's path, and whether such a file is in it.
    """

    file_name: str
    matches_in: Callable[[str, bool], Matches | None]


# Makes a named tuple twice as fast as its class, which matters where a million are made.
_new = tuple.__new__

_DEEPEST = 400
"""Each open level holds a file descriptor."""

_TOGETHER = 256


class Found(NamedTuple):
    """One thing that a scan came upon.

    A NamedTuple, because a million of them pass by.

    Attributes:
        path: Relative to where the scan began, with `/` between its parts; an empty folder's
            ends in `/`.
        name: The last part, to be used in `folder`.
        folder: The folder that holds it, open until the scan goes on.
        stat: Taken without following links.
    """

    path: str
    name: str
    folder: Folder
    stat: stat_result

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(self.stat.st_mode)

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return stat.S_ISLNK(self.stat.st_mode)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder with nothing in it."""
        return stat.S_ISDIR(self.stat.st_mode)

    @property
    def is_executable(self) -> bool:
        """Whether its owner may run it."""
        return bool(self.stat.st_mode & stat.S_IXUSR)


class Run(NamedTuple):
    """Names that follow each other in a folder, with no folder between them.

    Attributes:
        folder: The folder that holds them, open until the scan goes on.
        prefix: What stands before them in a path: empty, or ending in `/`.
        names: Sorted; that of an empty folder ends in `/`, and is alone.
    """

    folder: Folder
    prefix: str
    names: Sequence[str]

    def paths(self) -> list[str]:
        """Return the paths of the names, as `Found` has them."""
        return [self.prefix + name for name in self.names]

    def stats(self) -> list[stat_result] | None:
        """Return what `Found` would have as stats, all taken now; None if a name is gone."""
        try:
            return self.folder.lstats([name.rstrip("/") for name in self.names])
        except FileNotFoundError:
            return None

    def found(self) -> Iterator[Found]:
        """Yield what has the names; the stat of each is taken at its turn."""
        for path in self.names:
            name = path.rstrip("/")
            found = self.folder.lstat(name)
            if found is not None:  # Otherwise somebody removed it since the folder was read.
                yield _new(Found, (self.prefix + path, name, self.folder, found))

    def with_stats(self, stats: Sequence[stat_result]) -> Iterator[Found]:
        """Yield what had the names when their stats were taken."""
        for name, found in zip(self.names, stats, strict=True):
            yield _new(Found, (self.prefix + name, name.rstrip("/"), self.folder, found))


def scan(folder: Folder, *, prefix: str = "", ignore: Ignore | None = None) -> Iterator[Found]:
    """Yield everything below `folder`, sorted by path, code point by code point.

    A folder is yielded only if nothing is in it. What cannot be versioned (sockets, pipes) is
    yielded like the rest: whoever asked decides.

    Args:
        folder: Where to begin. It must stay open.
        prefix: Put before every path; empty, or ending in `/`.
        ignore: What to pass over, asked with paths that begin with `prefix`.

    Raises:
        OSError: Something cannot be read.
    """
    for run in runs(folder, prefix=prefix, ignore=ignore):
        yield from run.found()


def runs(folder: Folder, *, prefix: str = "", ignore: Ignore | None = None) -> Iterator[Run]:
    """Yield the names of everything below `folder`, sorted by path; arguments as those of `scan`.

    Raises:
        OSError: A folder cannot be read.
    """
    return _runs(folder, prefix, ignore, 0)


def _runs(folder: Folder, prefix: str, ignore: Ignore | None, depth: int) -> Iterator[Run]:
    listing = _listing(folder)
    matches = ignore.matches_in(prefix[:-1], ignore.file_name in listing) if ignore else None
    names: list[str] = []
    for name in listing:
        is_folder = name[-1] == "/"
        if matches is not None and matches(prefix + name.rstrip("/"), is_folder):
            continue
        if not is_folder:
            names.append(name)
        if names and (is_folder or len(names) == _TOGETHER):
            yield Run(folder, prefix, names)
            names = []
        if is_folder:
            yield from _runs_in_child(folder, name, prefix, ignore, depth + 1)
    if names:
        yield Run(folder, prefix, names)


def _runs_in_child(
    folder: Folder, name: str, prefix: str, ignore: Ignore | None, depth: int
) -> Iterator[Run]:
    path = prefix + name
    if depth > _DEEPEST:
        raise OSError(errno.ENAMETOOLONG, f"folders are nested more than {_DEEPEST} deep", path)
    try:
        child = folder.child(name[:-1])
    except (FileNotFoundError, NotADirectoryError):
        return  # Somebody replaced it since the folder was read.
    with child:
        empty = True
        for run in _runs(child, path, ignore, depth):
            empty = False
            yield run
    if empty:
        yield Run(folder, prefix, [name])


def _listing(folder: Folder) -> list[str]:
    """Return the names in a folder, those of folders with a `/` behind them.

    Sorted so, the paths of a whole scan come out sorted as strings: `a-b`, `a.txt`, `a/x`.
    """
    with scandir(folder.fd if folder.fd is not None else folder.path) as entries:
        return sorted(
            entry.name + "/" if entry.is_dir(follow_symlinks=False) else entry.name
            for entry in entries
            if not entry.name.startswith(PARTIAL_PREFIX)
        )
