"""Turning copies in the workspace into links to the cache, and links into copies."""

from collections.abc import Iterable

from dvclite.cache.layout import Kind
from dvclite.files.scan import Found
from dvclite.files.staging import Staging
from dvclite.pointer import Output
from dvclite.progress import Progress
from dvclite.statcache.rows import signature
from dvclite.tree import Entry
from dvclite.workspace.compare import identify, paired
from dvclite.workspace.place import Place
from dvclite.workspace.settling import Settling
from dvclite.workspace.workspace import Workspace, named_errors


def relink(
    workspace: Workspace,
    outputs: Iterable[Output],
    progress: Progress,
    kinds: tuple[Kind, ...] | None = None,
) -> int:
    """Make the files of outputs what the workspace's kinds of links ask for.

    Only files whose content is in the cache are touched.

    Args:
        workspace: The workspace.
        outputs: What to look at.
        progress: Is told of files.
        kinds: Other kinds than the workspace's; a copy only, to undo links.

    Returns:
        How many files were replaced.
    """
    replaced = 0
    for output in outputs:
        with (
            named_errors(workspace.root, output.path),
            Staging(workspace.temporary) as staging,
            workspace.statcache.updating() as update,
            Place(workspace.root) as place,
        ):
            settling = Settling(place, staging, update)
            relinker = _Relinker(workspace, kinds or workspace.kinds, staging, place)
            pairs = paired(workspace.found(output.path), workspace.statcache.below(output.path))
            for found, known in pairs:
                if found is None:
                    continue
                entry = identify(workspace, found, known)
                if relinker.relink(found, entry):
                    settling.add(entry)
                    replaced += 1
                progress.advance(files=1)
            settling.finish()
            whole = workspace.statcache.whole_at(output.path)
            update.commit({output.path: whole.oid if whole is not None else None})
    return replaced


class _Relinker:
    """Replaces one file after another."""

    def __init__(
        self, workspace: Workspace, kinds: tuple[Kind, ...], staging: Staging, place: Place
    ) -> None:
        self._cache = workspace.cache
        self._kinds = kinds
        self._staging = staging
        self._place = place

    def relink(self, found: Found, entry: Entry) -> bool:
        if not entry.is_file or entry.oid not in self._cache or self._is_right(found, entry):
            return False
        partial = self._staging.new_path()
        self._cache.lay_out(entry.ref, partial, self._kinds, 0o777 if entry.executable else 0o666)
        folder, name = self._place.folder(found.path)
        now = folder.lstat(name)
        if now is None or signature(now) != signature(found.stat):
            return False  # Somebody changed it meanwhile: it is no longer what the cache holds.
        self._place.take(partial, found.path)
        return True

    def _is_right(self, found: Found, entry: Entry) -> bool:
        """Say whether a file is what the first of the kinds asks for."""
        kind = self._kinds[0]
        if kind is Kind.SYMLINK and not entry.executable:
            return found.is_link
        if kind is Kind.HARDLINK and not entry.executable:
            return self._cache.is_linked(entry.oid, found.stat)
        return found.is_file and found.stat.st_nlink == 1 and bool(found.stat.st_mode & 0o200)
