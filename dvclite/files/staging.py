"""Private folders for files that do not have their final name yet."""

import os
from types import TracebackType
from typing import Self

from dvclite.files import changes
from dvclite.files.folder import Folder
from dvclite.files.owners import is_left_behind, own_name


class Staging:
    """A folder of one process for files on their way, on the file system they will end up on.

    The name tells machine and process, so that what a killed process left behind can be found and
    removed, and what a living one uses is left alone, without any lock.
    """

    def __init__(self, parent: str | os.PathLike[str], *, mode: int = 0o777) -> None:
        """Plan a staging folder in `parent`; both are made on first use."""
        self._parent = os.fspath(parent)
        self._path = os.path.join(self._parent, own_name())
        self._mode = mode
        self._count = 0
        self._made = False

    def new_path(self) -> str:
        """Return a path in the folder that nothing has yet."""
        if not self._made:
            make_folder(self._path, mode=self._mode)
            self._made = True
        self._count += 1
        return os.path.join(self._path, str(self._count))

    def close(self) -> None:
        """Remove the folder with all that is still in it."""
        if self._made:
            _remove(self._path)
            self._made = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def sweep(parent: str | os.PathLike[str]) -> int:
    """Remove the staging folders in `parent` whose processes are gone; return how many."""
    try:
        names = os.listdir(parent)
    except FileNotFoundError:
        return 0
    swept = 0
    for name in names:
        path = os.path.join(parent, name)
        if is_left_behind(name, path):
            _remove(path)
            swept += 1
    return swept


def make_folder(path: str | os.PathLike[str], *, mode: int = 0o777) -> None:
    """Make a directory and those above it, where they are absent.

    Args:
        path: The directory.
        mode: Permission bits. Set exactly where they hold more than 0o777, since then they say
            that others shall share the directory; the umask is taken from them otherwise.
    """
    name = os.fspath(path)
    if os.path.isdir(name):
        return
    parent = os.path.dirname(name)
    if parent and parent != name:
        make_folder(parent, mode=mode)
    try:
        changes.make_folder(name, mode=mode & 0o777)
    except FileExistsError:
        if not os.path.isdir(name):
            raise
        return
    if mode > 0o777:
        changes.set_mode(name, mode)


def _remove(path: str) -> None:
    # In a shared folder somebody may have put a link there that leads to files of our own.
    above, name = os.path.split(path)
    try:
        with Folder.open(above) as parent:
            with parent.child(name) as folder:
                for file in folder.names():
                    _unlink(folder, file)
            parent.remove_child(name)
    except (FileNotFoundError, NotADirectoryError):
        pass


def _unlink(folder: Folder, name: str) -> None:
    try:
        folder.unlink(name)
    except FileNotFoundError:
        pass
