"""Files that did not change since they were saved: their blobs should be in the cache, and may be gone."""

from dvclite.cache.writer import Writer
from dvclite.errors import FileChangedError
from dvclite.files.folder import Folder
from dvclite.hashing import BlobRef
from dvclite.progress import Progress
from dvclite.tree import Entry
from dvclite.workspace.workspace import Workspace

_TOGETHER = 2000
"""How many blobs the cache is asked for at a time."""


class Unchanged:
    """Relies on blobs that the cache has, and saves again those that it has not."""

    def __init__(self, workspace: Workspace, writer: Writer, progress: Progress) -> None:
        """Rely on blobs for `writer`, and tell `progress` of their files."""
        self._workspace = workspace
        self._writer = writer
        self._progress = progress
        self._kept: list[tuple[str, BlobRef]] = []

    def keep(self, entry: Entry) -> None:
        """Rely on the blob of an entry, if it has one; it is looked for now or with others."""
        self._progress.advance(files=1, size=entry.size)
        if entry.is_file:
            self._kept.append((entry.path, entry.ref))
            if len(self._kept) >= _TOGETHER:
                self.check()

    def check(self) -> None:
        """Return when the cache has all that was relied upon.

        Raises:
            FileChangedError: A file that would have to be saved again is not what it was.
            OSError: It cannot be read.
        """
        kept, self._kept = self._kept, []
        missing = {ref.oid for ref in self._writer.keep(ref for _, ref in kept)}
        for path, ref in kept:
            if ref.oid in missing:
                self._save_again(path, ref)

    def _save_again(self, path: str, ref: BlobRef) -> None:
        parent, _, name = path.rpartition("/")
        with Folder.open(self._workspace.root) as root, root.below(parent) as folder:
            stat = folder.lstat(name)
            if stat is None or self._writer.save(folder, name, stat).ref.oid != ref.oid:
                raise FileChangedError(path)
