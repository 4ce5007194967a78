"""Turning copies in the workspace into links to the cache, and links into copies."""

from collections.abc import Iterable

from dvclite.cache.layout import Kind
from dvclite.errors import BlobCorruptError, BlobMissingError
from dvclite.files.scan import Found
from dvclite.files.staging import Staging
from dvclite.hashing import Algorithm, algorithm_of
from dvclite.pointer import Output
from dvclite.progress import Progress
from dvclite.tree import Entry
from dvclite.workspace.alike import paired
from dvclite.workspace.arrivals import Arrival, Arrivals, Host
from dvclite.workspace.compare import fingerprint, identify
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
        kinds: Other kinds than the workspace's, such as those that are no links, to undo links.

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
            relinker = _Relinker(workspace, kinds or workspace.kinds, place, settling)
            replaced += relinker.relink(output, staging, progress)
            settling.finish()
            whole = workspace.statcache.whole_at(output.path)
            update.commit({output.path: whole.oid if whole is not None else None})
    return replaced


class _Relinker:
    """Replaces the files of one output."""

    def __init__(
        self, workspace: Workspace, kinds: tuple[Kind, ...], place: Place, settling: Settling
    ) -> None:
        self._workspace = workspace
        self._cache = workspace.cache
        self._kinds = kinds
        self._place = place
        self._settling = settling
        self._replaced = 0

    def relink(self, output: Output, staging: Staging, progress: Progress) -> int:
        workspace = self._workspace
        pairs = paired(workspace.found(output.path), workspace.statcache.below(output.path))
        host = Host(self._welcomes, self._arrived, self._failed)
        with Arrivals(workspace, self._kinds, staging, self._place, host) as arrivals:
            for found, known in pairs:
                if found is None:
                    continue
                entry = identify(workspace, found, known, self._algorithm(output))
                if entry is not None and self._can_be_linked(found, entry):
                    arrivals.bring(entry, found)
                progress.advance(files=1)
            arrivals.finish()
        return self._replaced

    def _algorithm(self, output: Output) -> Algorithm:
        """Return what the content of an output is named by."""
        algorithm = self._workspace.format.algorithm
        return algorithm if output.oid is None else algorithm_of(output.oid, algorithm)

    def _can_be_linked(self, found: Found, entry: Entry) -> bool:
        is_cached = entry.is_file and entry.oid in self._cache
        return is_cached and not self._is_right(found, entry)

    def _welcomes(self, arrival: Arrival) -> bool:
        """Say whether a file is still what the cache holds too."""
        folder, name = self._place.folder(arrival.entry.path)
        now = folder.lstat(name)
        return (
            now is not None
            and arrival.found is not None
            and fingerprint(now) == fingerprint(arrival.found.stat)
        )

    def _arrived(self, arrival: Arrival) -> None:
        self._settling.add(arrival.entry)
        self._replaced += 1

    def _failed(self, _entry: Entry, error: BlobMissingError | BlobCorruptError) -> None:
        raise error

    def _is_right(self, found: Found, entry: Entry) -> bool:
        """Say whether a file is what the first of the kinds asks for."""
        kind = self._kinds[0]
        if kind is Kind.SYMLINK and not entry.executable:
            return found.is_link
        if kind is Kind.HARDLINK and not entry.executable:
            return self._cache.is_linked(entry.oid, found.stat)
        return found.is_file and found.stat.st_nlink == 1 and bool(found.stat.st_mode & 0o200)
