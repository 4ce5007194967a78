"""One path of the workspace after another, each in its folder, held open."""

import errno
import os

from dvclite.files.atomic import PARTIAL_PREFIX
from dvclite.files.closing import Closing
from dvclite.files.folder import Folder


class Place(Closing):
    """Opens the folder of a path, keeping those open that the next path shares.

    Paths come in sorted order, so that each folder is opened once or little more. No more folders
    are open than the path has parts.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        """Begin at the repository's root."""
        self._folders = [Folder.open(root)]
        self._parts: list[str] = []
        self._parent: str | None = ""
        self._emptied: set[str] = set()
        self._changed: set[str] = set()
        self._made: set[str] = set()

    def folder(self, path: str, *, make: bool = False) -> tuple[Folder, str]:
        """Return the folder that holds a path, open until the next call, and the path's name.

        Args:
            path: Relative to the root, with `/` between its parts.
            make: Whether to make folders that are absent.

        Raises:
            FileNotFoundError: The folder is absent.
            NotADirectoryError: Something else, or a symbolic link, is in its place.
        """
        parent, _, name = path.rpartition("/")
        if parent == self._parent:
            return self._folders[-1], name
        parts = parent.split("/") if parent else []
        self._parent = None
        shared = 0
        for ours, theirs in zip(self._parts, parts, strict=False):
            if ours != theirs:
                break
            shared += 1
        self._leave(shared)
        for part in parts[shared:]:
            self._folders.append(self._child(part, make=make))
            self._parts.append(part)
        self._parent = parent
        return self._folders[-1], name

    def first_absent(self, path: str) -> str | None:
        """Return the uppermost folder of a path that is not there; None if all of them are.

        None as well where something else than a folder is in the way.
        """
        try:
            self.folder(path)
        except FileNotFoundError:
            return "/".join(path.split("/")[: len(self._parts) + 1])
        except NotADirectoryError:
            pass
        return None

    def remove(self, path: str) -> None:
        """Remove a file or link, and remember that its folder may be empty now."""
        folder, name = self.folder(path)
        folder.unlink(name)
        self._changed.add(folder.path)
        self._emptied.add(path.rpartition("/")[0])

    def remove_folder(self, path: str) -> bool:
        """Remove a folder if it is empty, and remember that the one above may be empty now.

        Returns:
            Whether it is gone.
        """
        try:
            folder, name = self.folder(path)
            folder.remove_child(name)
            self._changed.add(folder.path)
            gone = os.path.join(folder.path, name)
            self._changed.discard(gone)
            self._made.discard(gone)
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError as error:
            # A folder that another file system is mounted on stays, as that file system does.
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.EBUSY):
                return False
            raise
        self._emptied.add(path.rpartition("/")[0])
        return True

    def remove_emptied(self, top: str) -> None:
        """Remove the folders below `top` that lost their last file, and `top` itself not."""
        for emptied in sorted(self._emptied, reverse=True):
            path = emptied
            while path.startswith(top + "/") and self.remove_folder(path):
                path = path.rpartition("/")[0]
        self._emptied.clear()

    def make_folder(self, path: str) -> None:
        """Make a folder where none is."""
        self.folder(path, make=True)
        self._child(path.rpartition("/")[2], make=True).close()

    def remove_upwards(self, path: str) -> None:
        """Remove a folder and those above it, up to the first that is not empty."""
        while path and self.remove_folder(path):
            path = path.rpartition("/")[0]

    def set_mode(self, path: str, mode: int) -> None:
        """Set the permission bits of a file."""
        folder, name = self.folder(path)
        folder.set_mode(name, mode)

    def beside(self, path: str) -> str:
        """Return a new path for a file of our own in the folder of a path."""
        folder, _name = self.folder(path, make=True)
        return os.path.join(folder.path, PARTIAL_PREFIX + os.urandom(8).hex())

    def take(self, partial: str, path: str) -> None:
        """Move a file of our own to a path, in place of the file that is there."""
        folder, name = self.folder(path, make=True)
        try:
            folder.take(partial, name)
        except PermissionError as error:
            # It is about the folder here, not about what is ours.
            error.filename, error.filename2 = os.path.join(folder.path, name), None
            raise

    def look(self, path: str) -> os.stat_result | None:
        """Return the stat of what is at a path, in a folder that is made if it is absent.

        A folder that was made here has nothing in it that needs a look.
        """
        folder, name = self.folder(path, make=True)
        return None if folder.path in self._made else folder.lstat(name)

    def changed(self) -> set[str]:
        """Return the folders in which names were made or removed since this was last asked."""
        changed, self._changed = self._changed, set()
        return changed

    def close(self) -> None:
        """Let go of all folders."""
        self._leave(0)
        self._folders[0].close()

    def _child(self, name: str, *, make: bool) -> Folder:
        folder = self._folders[-1]
        try:
            return folder.child(name)
        except FileNotFoundError:
            if not make:
                raise
            self._changed.add(folder.path)
            self._made.add(os.path.join(folder.path, name))
            return folder.make_child(name)

    def _leave(self, depth: int) -> None:
        while len(self._parts) > depth:
            self._parts.pop()
            self._folders.pop().close()
