"""Files of ours on their way into the workspace."""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

from dvclite.cache.layout import Kind
from dvclite.errors import BlobCorruptError, BlobMissingError
from dvclite.files import changes
from dvclite.files.atomic import discard, flush_folder
from dvclite.files.clock import FileClock, is_settled_at
from dvclite.files.flushing import flush_file
from dvclite.files.inheritance import inheritance_of
from dvclite.files.naming import Naming
from dvclite.files.scan import Found
from dvclite.files.staging import Staging
from dvclite.statcache.rows import UNSETTLED, times_of
from dvclite.tree import Entry
from dvclite.workspace.filling import Filling
from dvclite.workspace.newfolder import NewFolder
from dvclite.workspace.place import Place
from dvclite.workspace.workspace import Workspace

# What systems answer when a folder cannot take a path, though files perhaps can.
_CANNOT_MOVE = frozenset(
    {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EXDEV, errno.EACCES, errno.EPERM}
)

_MOST_LEFT = 1000


class Arrival(NamedTuple):
    """A file or link that was made, and waits for its path.

    Attributes:
        entry: What it is.
        found: What it replaces; None where nothing was.
        signature: Of its stat, where that is known to stand for it; otherwise nothing.
    """

    entry: Entry
    found: Found | None
    signature: bytes = UNSETTLED


@dataclass(frozen=True, slots=True)
class Host:
    """Who lets files into the workspace.

    Attributes:
        welcomes: Says, at the last moment, whether a path may be taken.
        arrived: Is told of each that was.
        failed: Is told of what cannot be made, as its blob is not to be had.
    """

    welcomes: Callable[[Arrival], bool]
    arrived: Callable[[Arrival], object]
    failed: Callable[[Entry, BlobMissingError | BlobCorruptError], object]


class Arrivals:
    """Makes files in staging, and moves them to their paths once their content is durable.

    So a power cut leaves at every path what was there before or what was to be there, and nothing
    in between. Files wait in groups, since a thousand small ones can be flushed together, and a
    folder that is not there yet takes its place with all that is in it.
    """

    def __init__(
        self,
        workspace: Workspace,
        kinds: tuple[Kind, ...],
        staging: Staging,
        place: Place,
        host: Host,
    ) -> None:
        """Bring files from `staging` to paths in `place`, as links or copies, the best kind first."""
        self._workspace = workspace
        self._kinds = kinds
        self._staging = staging
        self._place = place
        self._host = host
        self._waiting: dict[str, Arrival] = {}
        self._folders: dict[str, NewFolder] = {}
        self._coming: dict[str, NewFolder] = {}
        self._crowded: set[str] = set()
        self._moves_folders = True
        self._alike: dict[str, bool] = {}
        self._left: list[Entry] = []
        self._naming = Naming(workspace.temporary, self._give_name)
        self._filling = Filling(workspace, staging, self._make, self._filled)
        self._clock = FileClock(staging)

    def bring(self, entry: Entry, found: Found | None) -> None:
        """Make what an entry says; it takes its path with its group."""
        if found is None and self._is_in_new_folder(entry.path):
            self._filling.add(entry)
            return
        self._bring_alone(entry, found)
        self._advance()

    def finish(self) -> None:
        """Return when all have their paths and survive a power cut."""
        self._filling.finish()
        self._naming.finish()
        left, self._left = self._left, []
        for entry in left:
            self._bring_alone(entry, None)
            if self._naming.is_full:
                self._naming.advance()
        self._naming.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Keep the names that were changed last; after an error, give up the files that wait."""
        self._filling.close()
        self._clock.close()
        if kind is None:
            self._naming.flush_names(self._place.changed())
        else:
            self._naming.discard()

    def _advance(self) -> None:
        """See to it that not too much waits: neither to be named, nor to be brought once more."""
        if len(self._left) >= _MOST_LEFT:
            self.finish()
        elif self._naming.is_full:
            self._naming.advance()

    def _is_in_new_folder(self, path: str) -> bool:
        """Say whether a path is below a folder that is being filled, which may begin with it."""
        if self._filling.takes(path):
            return True
        self._filling.end()
        self._advance()
        folder = self._folder_to_fill(path) if self._moves_folders else None
        if folder is None:
            return False
        self._coming[folder] = self._filling.begin(folder)
        self._naming.begin()
        return True

    def _folder_to_fill(self, path: str) -> str | None:
        """Return the uppermost folder of a path that neither is there nor is about to be."""
        coming = self._coming_above(path)
        if coming is not None:
            absent = coming.first_absent(path)
            if absent is None:  # The path can be taken when that folder has its place.
                self.finish()
            return absent
        absent = self._place.first_absent(path)
        if absent is None or absent in self._crowded or not self._is_like_made_there(absent):
            return None
        return absent

    def _coming_above(self, path: str) -> NewFolder | None:
        """Return the innermost folder that a path is in of those that wait for their places."""
        while path := path.rpartition("/")[0]:
            if path in self._coming:
                return self._coming[path]
        return None

    def _is_like_made_there(self, path: str) -> bool:
        """Say whether a folder from staging has the group and rules that one made at a path has."""
        parent = os.path.join(self._workspace.root, path.rpartition("/")[0])
        if parent not in self._alike:
            staged = os.path.dirname(self._staging.new_path())
            self._alike[parent] = inheritance_of(parent) == inheritance_of(staged)
        return self._alike[parent]

    def _bring_alone(self, entry: Entry, found: Found | None) -> None:
        partial = self._staging.new_path()
        try:
            self._make_with_room(entry, partial)
        except (BlobMissingError, BlobCorruptError) as error:
            self._host.failed(entry, error)
            return
        if entry.size < 0:  # Its tree does not tell, and others want to know.
            entry = entry._replace(size=os.stat(partial).st_size)
        self._waiting[partial] = Arrival(entry, found)
        self._naming.add(partial, os.path.join(self._workspace.root, entry.path), entry.size)

    def _make_with_room(self, entry: Entry, partial: str) -> None:
        """Make a file, if need be after others have given up the room of what they replace."""
        try:
            self._make(entry, partial)
        except OSError as error:
            if error.errno not in changes.NO_ROOM or not self._waiting:
                raise
            self._naming.finish()
            self._make(entry, partial)

    def _filled(self, folder: NewFolder) -> None:
        if not folder.laid:
            del self._coming[folder.path]
            self._left += folder.left
            return
        self._folders[folder.staged] = folder
        final = os.path.join(self._workspace.root, folder.path)
        self._naming.add_folder(folder.staged, final, folder.files, folder.size)

    def _make(self, entry: Entry, target: str) -> None:
        workspace = self._workspace
        if entry.link is not None:
            changes.symlink(entry.link, target)
        elif not workspace.twins.take(entry.oid, target, executable=entry.executable):
            mode = 0o777 if entry.executable else 0o666
            workspace.cache.lay_out(entry.ref, target, self._kinds, mode)

    def _give_name(self, partial: str, _final: str) -> set[str]:
        folder = self._folders.pop(partial, None)
        if folder is not None:
            self._move_folder(folder)
            return self._place.changed()
        arrival = self._waiting.pop(partial)
        if self._host.welcomes(arrival):
            self._move(arrival.entry, partial)
            self._host.arrived(arrival)
        else:
            discard(partial)
        return self._place.changed()

    def _move_folder(self, folder: NewFolder) -> None:
        """Put a folder in its place; what is in it is brought file by file if that is not possible."""
        del self._coming[folder.path]
        self._left += folder.left
        now = self._clock.now()
        if not self._moved(folder):
            self._staging.remove_folder(folder.staged)
            self._left += [entry for entry, _signature in folder.laid]
            return
        for entry, signed in folder.laid:
            settled = is_settled_at(*times_of(signed), now)
            self._host.arrived(Arrival(entry, None, signed if settled else UNSETTLED))

    def _moved(self, folder: NewFolder) -> bool:
        """Move a folder to its place; say whether that was possible."""
        if not self._moves_folders:
            return False
        try:
            self._place.take(folder.staged, folder.path)
        except OSError as error:
            if error.errno not in _CANNOT_MOVE:
                raise
            self._crowded.add(folder.path)
            self._moves_folders = error.errno != errno.EXDEV
            return False
        return True

    def _move(self, entry: Entry, partial: str) -> None:
        try:
            self._place.take(partial, entry.path)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            # The path is on another file system than the repository's own folder.
            beside = self._place.beside(entry.path)
            self._make(entry, beside)
            flush_file(beside)
            self._place.take(beside, entry.path)
            for folder in {os.path.dirname(beside), *self._place.changed()}:
                flush_folder(folder)
