"""Files of ours on their way into the workspace."""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

from dvclite.cache.layout import Kind
from dvclite.files import changes
from dvclite.files.atomic import discard, flush_folder
from dvclite.files.naming import Naming, flush_file
from dvclite.files.scan import Found
from dvclite.files.staging import Staging
from dvclite.tree import Entry
from dvclite.workspace.place import Place
from dvclite.workspace.workspace import Workspace


class Arrival(NamedTuple):
    """A file or link that was made, and waits for its path.

    Attributes:
        entry: What it is.
        found: What it replaces; None where nothing was.
    """

    entry: Entry
    found: Found | None


@dataclass(frozen=True, slots=True)
class Host:
    """Who lets files into the workspace.

    Attributes:
        welcomes: Says, at the last moment, whether a path may be taken.
        arrived: Is told of each that was.
    """

    welcomes: Callable[[Arrival], bool]
    arrived: Callable[[Arrival], object]


class Arrivals:
    """Makes files in staging, and moves them to their paths once their content is durable.

    So a power cut leaves at every path what was there before or what was to be there, and nothing
    in between. Files wait in groups, since a thousand small ones can be flushed together.
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
        self._naming = Naming(workspace.temporary, self._give_name)

    def bring(self, entry: Entry, found: Found | None) -> None:
        """Make what an entry says; it takes its path with its group.

        Raises:
            BlobMissingError, BlobCorruptError: Its blob is not to be had.
        """
        partial = self._staging.new_path()
        try:
            self._make(entry, partial)
        except OSError as error:
            if error.errno not in changes.NO_ROOM or not self._waiting:
                raise
            self.finish()  # What goes when the others arrive may be room enough.
            self._make(entry, partial)
        if entry.size < 0:  # Its tree does not tell, and others want to know.
            entry = entry._replace(size=os.stat(partial).st_size)
        self._waiting[partial] = Arrival(entry, found)
        final = os.path.join(self._workspace.root, entry.path)
        self._naming.add(partial, final, entry.size)
        if self._naming.is_full:
            self.finish()

    def finish(self) -> None:
        """Return when all have their paths and survive a power cut."""
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
        if kind is None:
            self._naming.flush_names(self._place.changed())
        else:
            self._naming.discard()

    def _make(self, entry: Entry, target: str) -> None:
        if entry.link is not None:
            changes.symlink(entry.link, target)
        else:
            mode = 0o777 if entry.executable else 0o666
            self._workspace.cache.lay_out(entry.ref, target, self._kinds, mode)

    def _give_name(self, partial: str, _final: str) -> set[str]:
        arrival = self._waiting.pop(partial)
        if self._host.welcomes(arrival):
            self._move(arrival.entry, partial)
            self._host.arrived(arrival)
        else:
            discard(partial)
        return self._place.changed()

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
