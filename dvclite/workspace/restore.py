"""Cache into workspace: what `checkout` does."""

import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from dvclite.errors import (
    BlobCorruptError,
    BlobMissingError,
    HostilePathError,
    TreeError,
    UnsavedChangesError,
)
from dvclite.files.clock import FileClock, is_settled
from dvclite.files.modes import runnable
from dvclite.files.scan import Found
from dvclite.files.staging import Staging
from dvclite.pointer import Output
from dvclite.progress import Progress
from dvclite.statcache.rows import UNSETTLED, row, signature
from dvclite.statcache.update import Update
from dvclite.tree import Entry
from dvclite.workspace.arrivals import Arrival, Arrivals, Host
from dvclite.workspace.compare import (
    Difference,
    Listener,
    differences,
    fingerprint,
)
from dvclite.workspace.judgement import judge
from dvclite.workspace.place import Place
from dvclite.workspace.settling import Settling
from dvclite.workspace.workspace import Workspace, named_errors


@dataclass(slots=True)
class Restored:
    """What restoring came to.

    Attributes:
        added: Paths that were not there before.
        modified: Paths that hold something else now.
        deleted: Paths that are gone.
        size: How many bytes were written or linked.
        missing: Paths whose content is not in the cache; they were left as they were.
        corrupt: Errors, one for each blob that was not what its name says and was set aside.
        unusable: Errors, one for each output whose tree may not be used; it was left as it was.
    """

    added: list[str] = field(default_factory=list)
    modified: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    size: int = 0
    missing: list[str] = field(default_factory=list)
    corrupt: list[BlobCorruptError] = field(default_factory=list)
    unusable: list[TreeError | HostilePathError] = field(default_factory=list)


class Target(NamedTuple):
    """Something to restore.

    Attributes:
        output: What its pointer says; with no oid where no pointer names it any more.
        path: The output's path, or one inside it.
    """

    output: Output
    path: str


def restore(
    workspace: Workspace, targets: list[Target], progress: Progress, *, force: bool = False
) -> Restored:
    """Make the workspace hold what pointers say, touching only what differs.

    Nothing is touched at all if that would destroy what is in no cache. A blob that is missing
    or corrupt does not keep the others from being restored, nor does a tree that may not be used.

    Args:
        workspace: The workspace.
        targets: What to restore. An output without an oid is removed.
        progress: Is told of files and bytes.
        force: Whether to overwrite and remove what is in no cache.

    Raises:
        UnsavedChangesError: Files that are in no cache stand in the way.
        FileAccessError: Something cannot be read or changed.
    """
    unsaved: list[str] = []
    planned: list[tuple[Target, dict[str, bytes]]] = []
    restored = Restored()
    for target in targets:
        with _noted(target, restored), named_errors(workspace.root, target.path):
            judgement = judge(workspace, target.output, target.path)
            unsaved += judgement.lost
            if judgement.differs:
                planned.append((target, judgement.safe))
    if unsaved and not force:
        raise UnsavedChangesError(unsaved)
    for target, safe in planned:
        with (
            _noted(target, restored),
            named_errors(workspace.root, target.path),
            Staging(workspace.temporary) as staging,
        ):
            _Restorer(workspace, target, staging, progress, None if force else safe).run(restored)
    return restored


@contextmanager
def _noted(target: Target, restored: Restored) -> Iterator[None]:
    """Note that a target cannot be restored as its tree is not to be had, and go on."""
    try:
        yield
    except BlobMissingError:
        restored.missing.append(target.path)
    except BlobCorruptError as error:
        restored.missing.append(target.path)
        restored.corrupt.append(error)
    except (TreeError, HostilePathError) as error:
        restored.unusable.append(error.at(target.output.path))


class _Restorer:
    """Makes one target what it should be."""

    def __init__(
        self,
        workspace: Workspace,
        target: Target,
        staging: Staging,
        progress: Progress,
        safe: dict[str, bytes] | None,
    ) -> None:
        self._workspace = workspace
        self._output, self._path = target
        self._staging = staging
        self._progress = progress
        self._safe = safe
        self._place = Place(workspace.root)
        self._update = workspace.statcache.updating()
        self._began = 0
        self._folders: list[str] = []
        self._changed_since: list[str] = []

    def run(self, restored: Restored) -> None:
        failed = len(restored.missing)
        with self._place, self._update as update, closing(FileClock(self._staging)) as clock:
            self._began = clock.now()
            settling = Settling(self._place, self._staging, update)
            self._apply_all(restored, update, settling)
            settling.finish()
            restored.size += settling.found_size
            complete = failed == len(restored.missing) and not self._changed_since
            oid = self._output.oid if complete and self._stays_whole() else None
            update.commit({self._output.path: oid})
        if self._changed_since:
            raise UnsavedChangesError(self._changed_since)

    def _apply_all(self, restored: Restored, update: Update, settling: Settling) -> None:
        def arrived(arrival: Arrival) -> None:
            entry = arrival.entry
            (restored.added if arrival.found is None else restored.modified).append(entry.path)
            restored.size += max(entry.size, 0)
            self._progress.advance(files=1, size=max(entry.size, 0))
            if arrival.signature:
                update.put(row(entry.path, arrival.signature, entry))
            else:
                settling.add(entry)

        def failed(entry: Entry, error: BlobMissingError | BlobCorruptError) -> None:
            restored.missing.append(entry.path)
            if isinstance(error, BlobCorruptError):
                restored.corrupt.append(error)

        workspace = self._workspace
        host = Host(self._welcomes, arrived, failed)
        with Arrivals(workspace, workspace.kinds, self._staging, self._place, host) as arrivals:
            listener = Listener(update.drop, self._remember)
            for difference in differences(workspace, self._output, self._path, listener):
                if difference.wanted is None:
                    self._remove(difference, restored, update)
                elif _only_mode_differs(difference):
                    self._set_mode(difference)
                    restored.modified.append(difference.path)
                    settling.add(difference.wanted)
                else:
                    self._bring(difference, difference.wanted, arrivals)
            arrivals.finish()
            self._finish_folders(settling)

    def _remember(self, found: Found, entry: Entry) -> None:
        """Let the stat cache know what turned out to be as it should be."""
        settled = is_settled(found.stat, self._began) and self._workspace.can_be_remembered(found)
        signed = signature(found.stat) if settled else UNSETTLED
        self._update.put(row(found.path, signed, entry))

    def _stays_whole(self) -> bool:
        """Say whether the rows of the output stand for all of it once this part is restored."""
        if self._path == self._output.path:
            return True
        whole = self._workspace.statcache.whole_at(self._output.path)
        return whole is not None and whole.oid == self._output.oid

    def _bring(self, difference: Difference, wanted: Entry, arrivals: Arrivals) -> None:
        if wanted.is_folder:
            self._folders.append(wanted.path)
        elif self._may_destroy(difference):
            arrivals.bring(wanted, difference.found)

    def _set_mode(self, difference: Difference) -> None:
        assert difference.found is not None
        assert difference.wanted is not None
        mode = difference.found.stat.st_mode & 0o777
        self._place.set_mode(
            difference.path, runnable(mode) if difference.wanted.executable else mode & ~0o111
        )

    def _welcomes(self, arrival: Arrival) -> bool:
        """Say whether a path may be taken now, some time after it was looked at."""
        path, found = arrival.entry.path, arrival.found
        now = self._place.look(path)
        if now is None:
            return True
        if stat.S_ISDIR(now.st_mode):
            self._clear(path)
            return True
        if self._safe is None or (
            found is not None and fingerprint(found.stat) == fingerprint(now)
        ):
            return True
        self._changed_since.append(path)
        return False

    def _remove(self, difference: Difference, restored: Restored, update: Update) -> None:
        path, found = difference.path, difference.found
        if found is None or not self._may_destroy(difference):
            return
        try:
            if found.is_folder:
                self._place.remove_folder(path.rstrip("/"))
            else:
                self._place.remove(path)
        except (FileNotFoundError, NotADirectoryError):
            pass  # It went with a folder that was in the way of a file.
        if not found.is_folder:
            restored.deleted.append(path)
        update.drop(path)

    def _may_destroy(self, difference: Difference) -> bool:
        """Say whether a file is still the one that was found to be safe in the cache."""
        found = difference.found
        if self._safe is None or found is None or found.is_folder:
            return True
        if self._safe.get(found.path) == fingerprint(found.stat):
            return True
        self._changed_since.append(found.path)
        return False

    def _clear(self, path: str) -> None:
        """Remove a folder that is in the way of a file. What is in it was judged before."""
        for found in self._workspace.found(path):
            if not self._may_destroy(Difference(found.path, found, None, None, known=False)):
                raise UnsavedChangesError(self._changed_since)
            if not found.is_folder:
                self._place.remove(found.path)
            else:
                self._place.remove_folder(found.path.rstrip("/"))
        self._place.remove_emptied(path)
        self._place.remove_folder(path)

    def _finish_folders(self, settling: Settling) -> None:
        self._place.remove_emptied(self._output.path)
        for path in self._folders:
            self._place.make_folder(path.rstrip("/"))
            settling.add(Entry(path))
        if self._output.is_directory:
            self._place.make_folder(self._output.path)
        elif self._output.oid is None:
            self._place.remove_upwards(self._output.path)


def _only_mode_differs(difference: Difference) -> bool:
    current, wanted = difference.current, difference.wanted
    if difference.found is None or current is None or wanted is None:
        return False
    return current.is_file and current.oid == wanted.oid
