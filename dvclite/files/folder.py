"""A folder held open, in which names cannot lead anywhere else."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Self

from dvclite.files import changes
from dvclite.files.closing import Closing

_CLOSED = (1 << 31) - 1
"""No descriptor has this number: calls with it fail, where None would have them follow paths."""

_HAS_DIR_FD = os.open in os.supports_dir_fd
_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_DIRECTORY", 0)
# What systems answer when the last part of a path is a link and none may be followed.
_LINK_IN_THE_WAY = frozenset({errno.ELOOP, errno.ENOTDIR})
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
# Opening a pipe that nobody writes to would wait for ever.
_READ_SAFELY = _READ | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0)


class Folder(Closing):
    """A directory that stays the same one whatever happens to the path it was opened by.

    Names are resolved inside it and symbolic links are never followed, so that a hostile tree, or
    another process that swaps a directory for a link, cannot make us read or write elsewhere.
    Where the system has no directory descriptors (Windows), paths are checked instead.
    """

    __slots__ = ("fd", "path")

    def __init__(self, path: str, fd: int | None) -> None:
        self.path = path
        self.fd = fd

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a directory by a trusted path, in which links are followed."""
        name = os.fspath(path)
        if _HAS_DIR_FD:
            return cls(name, os.open(name, _FLAGS))
        if not os.path.isdir(name):
            raise NotADirectoryError(errno.ENOTDIR, "not a directory", name)
        return cls(name, None)

    def child(self, name: str) -> "Folder":
        """Open a directory in this one.

        Args:
            name: A single part of a path.

        Raises:
            FileNotFoundError: It is absent.
            NotADirectoryError: It is something else, a symbolic link to a directory included.
        """
        path = os.path.join(self.path, name)
        if name in ("", ".", "..") or "/" in name:
            raise ValueError(f"{name!r} is not the name of anything in a directory")
        if self.fd is not None:
            return Folder(path, _open_folder(name, self.fd, path))
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "not a directory", path)
        return Folder(path, None)

    def make_child(self, name: str, *, mode: int = 0o777) -> "Folder":
        """Open a directory in this one, made if it is absent, with `mode` as `make_folder` has it."""
        try:
            return self.child(name)
        except FileNotFoundError:
            try:
                changes.make_folder(self.at(name), mode=mode & 0o777, folder=self.fd)
                if mode > 0o777:
                    self.set_mode(name, mode)
            except FileExistsError:
                pass  # Another process made it in between.
            except OSError as error:
                error.filename = os.path.join(self.path, name)
                raise
            return self.child(name)

    @contextmanager
    def below(self, path: str, *, make: bool = False, mode: int = 0o777) -> Iterator["Folder"]:
        """Open the directory that is reached by the parts of a relative POSIX path.

        Args:
            path: Its parts, with `/` between them; empty for this folder itself.
            make: Whether to make directories that are absent.
            mode: Permission bits of those, as `make_child` has them.
        """
        folder = self
        try:
            for part in path.split("/") if path else ():
                inner = folder.make_child(part, mode=mode) if make else folder.child(part)
                if folder is not self:
                    folder.close()
                folder = inner
            yield folder
        finally:
            if folder is not self:
                folder.close()

    def at(self, name: str) -> str:
        """Return what to hand to a system call together with `fd` to mean `name` in here."""
        return name if self.fd is not None else os.path.join(self.path, name)

    def lstat(self, name: str) -> os.stat_result | None:
        """Return the stat of a name, or None if nothing has it."""
        try:
            return os.stat(self.at(name), dir_fd=self.fd, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def lstats(self, names: Sequence[str]) -> list[os.stat_result]:
        """Return the stats of names.

        Raises:
            FileNotFoundError: Nothing has one of them.
        """
        lstat = partial(os.stat, dir_fd=self.fd, follow_symlinks=False)
        return list(map(lstat, names if self.fd is not None else map(self.at, names)))

    def read_link(self, name: str) -> str:
        """Return what a symbolic link says."""
        return os.readlink(self.at(name), dir_fd=self.fd)

    def open_file(self, name: str) -> int:
        """Open a file for reading and return its descriptor."""
        try:
            return os.open(self.at(name), _READ_SAFELY, dir_fd=self.fd)
        except OSError as error:
            error.filename = os.path.join(self.path, name)
            raise

    def names(self) -> list[str]:
        """Return the names in this directory, in no order."""
        return os.listdir(self.fd if self.fd is not None else self.path)

    def unlink(self, name: str) -> None:
        """Remove a file or link."""
        changes.unlink(self.at(name), folder=self.fd)

    def remove_child(self, name: str) -> None:
        """Remove an empty directory."""
        changes.remove_folder(self.at(name), folder=self.fd)

    def set_mode(self, name: str, mode: int) -> None:
        """Set the permission bits of a file that is known not to be a link."""
        changes.set_mode(self.at(name), mode, folder=self.fd)

    def take(self, source: str, name: str) -> None:
        """Move a file from a path of our own to `name` in here, in place of what had it."""
        changes.rename(source, self.at(name), target_folder=self.fd)

    def close(self) -> None:
        """Let go of the directory."""
        if self.fd is not None and self.fd != _CLOSED:
            os.close(self.fd)
            self.fd = _CLOSED


def _open_folder(name: str, parent: int, path: str) -> int:
    try:
        return os.open(name, _FLAGS | _NO_FOLLOW, dir_fd=parent)
    except OSError as error:
        if error.errno in _LINK_IN_THE_WAY:
            raise NotADirectoryError(errno.ENOTDIR, "not a directory", path) from error
        error.filename = path
        raise
