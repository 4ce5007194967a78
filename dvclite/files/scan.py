"""What lies below a folder, in the order of trees."""

import errno
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from os import DirEntry, scandir, stat_result
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
    return _scan(folder, prefix, ignore, 0)


def _scan(folder: Folder, prefix: str, ignore: Ignore | None, depth: int) -> Iterator[Found]:
    listing = _listing(folder)
    matches = ignore.matches_in(prefix[:-1], ignore.file_name in listing) if ignore else None
    for name in sorted(listing):
        # Taken out, so that its stat does not stay in memory: a folder may hold a million.
        entry = listing.pop(name)
        path = prefix + name
        if name[-1] == "/":
            if matches is None or not matches(path[:-1], True):  # noqa: FBT003
                yield from _scan_child(folder, name[:-1], path, ignore, depth + 1)
        elif matches is None or not matches(path, False):  # noqa: FBT003
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # Somebody removed it since the folder was read.
            yield _new(Found, (path, name, folder, found))


def _scan_child(
    folder: Folder, name: str, path: str, ignore: Ignore | None, depth: int
) -> Iterator[Found]:
    if depth > _DEEPEST:
        raise OSError(errno.ENAMETOOLONG, f"folders are nested more than {_DEEPEST} deep", path)
    try:
        child = folder.child(name)
    except (FileNotFoundError, NotADirectoryError):
        return  # Somebody replaced it since the folder was read.
    with child:
        empty = True
        for found in _scan(child, path, ignore, depth):
            empty = False
            yield found
        if empty:
            own = folder.lstat(name)
            if own is not None:
                yield Found(path, name, folder, own)


def _listing(folder: Folder) -> dict[str, DirEntry[str]]:
    """Return what is in a folder by its name, a folder's with a `/` behind it.

    Sorted so, the paths of a whole scan come out sorted as strings: `a-b`, `a.txt`, `a/x`.
    """
    with scandir(folder.fd if folder.fd is not None else folder.path) as entries:
        return {
            entry.name + "/" if entry.is_dir(follow_symlinks=False) else entry.name: entry
            for entry in entries
            if not entry.name.startswith(PARTIAL_PREFIX)
        }
