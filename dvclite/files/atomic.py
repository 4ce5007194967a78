"""Small files that are replaced whole or not at all."""

import errno
import functools
import os
import stat
import sys

from dvclite.files import changes
from dvclite.files.owners import is_left_behind, own_name

PARTIAL_PREFIX = ".dvclite-partial-"
"""Begins the name of a file that is being written beside the one it will replace."""

# What some network file systems answer: they have no such request, and keep names at once.
_CANNOT_FLUSH_FOLDER = frozenset({errno.EINVAL, errno.EBADF})


def write_atomically(
    path: str | os.PathLike[str], data: bytes, *, mode: int = 0o666, follow: bool = False
) -> None:
    """Make `path` hold `data`, so that a reader or a power cut meets the old content or the new.

    An existing file keeps its mode.

    Args:
        path: The file. Its folder must exist.
        data: The whole content.
        mode: Permission bits of a new file, from which the umask is taken.
        follow: Whether to write through a symbolic link instead of replacing it: for places where
            only the user puts links, since one that came with a repository may lead anywhere.
    """
    target = os.path.realpath(path) if follow else os.path.abspath(path)
    folder = os.path.dirname(target)
    _sweep(folder)
    partial = os.path.join(folder, PARTIAL_PREFIX + own_name())
    existing = _mode_of(target)
    fd = changes.create(partial, mode=mode)
    try:
        try:
            changes.write(fd, data)
            changes.flush(fd)
        finally:
            changes.close(fd)
        if existing is not None:
            changes.set_mode(partial, existing)
        changes.rename(partial, target)
    except BaseException:
        discard(partial)
        raise
    flush_folder(folder)


def discard(path: str) -> None:
    """Remove a file of our own that has not got its final name, if it is still there."""
    try:
        changes.unlink(path)
    except FileNotFoundError:
        pass


def flush_folder(path: str) -> None:
    """Return when the names in a directory survive a power cut."""
    if sys.platform == "win32":
        return  # Windows journals names itself and cannot open a directory.
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        changes.flush(fd)
    except OSError as error:
        if error.errno not in _CANNOT_FLUSH_FOLDER:
            raise
    finally:
        os.close(fd)


@functools.cache
def _sweep(folder: str) -> None:
    """Remove, once a process, what killed processes left behind in a folder."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        owner = name.removeprefix(PARTIAL_PREFIX)
        if owner != name and is_left_behind(owner, path):
            discard(path)


def _mode_of(path: str) -> int | None:
    try:
        found = os.lstat(path).st_mode
    except FileNotFoundError:
        return None
    return None if stat.S_ISLNK(found) else found & 0o7777
