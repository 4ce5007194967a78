"""A folder that is filled out of sight, until it takes its place as a whole."""

from dvclite.files import changes
from dvclite.tree import Entry


class NewFolder:
    """A folder on its way into the workspace.

    Attributes:
        path: Where it will be, relative to the repository's root.
        staged: Where it is.
        laid: The entries that are in it, with the signatures of their files.
        left: The entries that are to be in it, and are to be brought after it has its place.
        size: How many bytes are in it, or will be.
        files: How many files and links.
        awaited: How many of them others are making.
        is_over: Whether nothing more will be put into it.
    """

    def __init__(self, path: str, staged: str) -> None:
        """Make the folder at a new path."""
        self.path = path
        self.staged = staged
        self.laid: list[tuple[Entry, bytes]] = []
        self.left: list[Entry] = []
        self.size = 0
        self.files = 0
        self.awaited = 0
        self.is_over = False
        self._made = {path}
        changes.make_folder(staged)

    @property
    def is_full(self) -> bool:
        """Whether all that was to be put into it is there, or left."""
        return self.is_over and not self.awaited

    def holds(self, path: str) -> bool:
        """Say whether a path is below this folder's."""
        return path.startswith(self.path + "/")

    def first_absent(self, path: str) -> str | None:
        """Return the uppermost folder of a path below this one that is not in it, if any is not."""
        end = path.find("/", len(self.path) + 1)
        while end >= 0:
            if path[:end] not in self._made:
                return path[:end]
            end = path.find("/", end + 1)
        return None

    def at(self, path: str) -> str:
        """Return where a path below this folder's is for now."""
        return self.staged + path[len(self.path) :]

    def folder(self, path: str) -> str:
        """Return where the folder of a path below this one's is for now, after it was made."""
        parent = path.rpartition("/")[0]
        if parent not in self._made:
            self.folder(parent)
            changes.make_folder(self.at(parent))
            self._made.add(parent)
        return self.at(parent)

    def remove_empty(self) -> None:
        """Remove the folders in it that nothing could be put into."""
        if not self.left:
            return
        used = {entry.path.rpartition("/")[0] for entry, _signature in self.laid}
        for path in sorted(self._made - {self.path}, reverse=True):
            if path in used:
                used.add(path.rpartition("/")[0])
            else:
                changes.remove_folder(self.at(path))
