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
            folder = self._folders[-1]
            self._folders.append(folder.make_child(part) if make else folder.child(part))
            self._parts.append(part)
        self._parent = parent
        return self._folders[-1], name

    def remove(self, path: str) -> None:
        """Remove a file or link, and remember that its folder may be empty now."""
        folder, name = self.folder(path)
        folder.unlink(name)
        self._emptied.add(path.rpartition("/")[0])

    def remove_folder(self, path: str) -> bool:
        """Remove a folder if it is empty, and remember that the one above may be empty now.

        Returns:
            Whether it is gone.
        """
        try:
            folder, name = self.folder(path)
            folder.remove_child(name)
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
        folder, name = self.folder(path, make=True)
        folder.make_child(name).close()

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
        folder.take(partial, name)

    def close(self) -> None:
        """Let go of all folders."""
        self._leave(0)
        self._folders[0].close()

    def _leave(self, depth: int) -> None:
        while len(self._parts) > depth:
            self._parts.pop()
            self._folders.pop().close()
