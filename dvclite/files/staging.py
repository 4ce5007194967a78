"""Private folders for files that do not have their final name yet."""

import itertools
import os

from dvclite.files import changes
from dvclite.files.closing import Closing
from dvclite.files.folder import Folder
from dvclite.files.owners import is_left_behind, own_name


class Staging(Closing):
    """A folder of one process for files on their way, on the file system they will end up on.

    The name tells machine and process, so that what a killed process left behind can be found and
    removed, and what a living one uses is left alone, without any lock.
    """

    def __init__(self, parent: str | os.PathLike[str], *, mode: int = 0o777) -> None:
        """Plan a staging folder in `parent`.

        Both are made on first use, after what killed processes left in `parent` is removed.
        """
        self._parent = os.fspath(parent)
        self._path = os.path.join(self._parent, own_name())
        self._mode = mode
        self._numbers = itertools.count(1)
        self._made = False

    def new_path(self) -> str:
        """Return a path in the folder that nothing has yet. Safe from many threads."""
        if not self._made:
            sweep(self._parent)
            make_folder(self._path, mode=self._mode)
            self._made = True
        return os.path.join(self._path, str(next(self._numbers)))

    def remove_folder(self, path: str) -> None:
        """Remove a folder in it that is not wanted any more, with all that is in there."""
        _remove(path)

    def close(self) -> None:
        """Remove the folder with all that is still in it; what resists is left to a sweep."""
        if self._made:
            _remove(self._path)
            self._made = False


def sweep(parent: str | os.PathLike[str]) -> int:
    """Remove the staging folders in `parent` whose processes are gone; return how many."""
    if os.path.islink(parent):
        return 0  # It may lead to files of the user's.
    try:
        paths = {name: os.path.join(parent, name) for name in os.listdir(parent)}
    except FileNotFoundError:
        return 0
    return sum(is_left_behind(name, path) and _remove(path) for name, path in paths.items())


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


def _remove(path: str) -> bool:
    """Remove a staging folder, and nothing that a link leads to; return whether that worked."""
    name = os.path.basename(path)
    try:
        with Folder.open(os.path.dirname(path)) as parent:
            _remove_child(parent, name)
    except OSError:
        return False  # Another process is faster, or the folder is another user's.
    return True


def _remove_child(parent: Folder, name: str) -> None:
    with parent.child(name) as folder:
        for inner in folder.names():
            try:
                folder.unlink(inner)
            except (IsADirectoryError, PermissionError):  # Which it is differs between systems.
                _remove_child(folder, inner)
    parent.remove_child(name)
