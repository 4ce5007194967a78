"""Folders that the workspace does not have yet: filled out of sight, then put in place as a whole.

A file then needs no new name, and no look after that. Where there are many, other processes help.
"""

import os
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from dvclite.cache.packfiles import PackFiles
from dvclite.errors import DvcliteError
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.closing import Closing
from dvclite.files.crew import Crew, can_have_crew
from dvclite.files.folder import Folder
from dvclite.files.staging import Staging
from dvclite.hashing import Algorithm
from dvclite.pack.index import Entries
from dvclite.packindex import Location
from dvclite.statcache.rows import signature
from dvclite.tree import Entry
from dvclite.workspace.workspace import Workspace

_MOST_FILES = 20_000
_MOST_BYTES = 512 << 20
"""What may be lost if the command is killed, except for larger folders without folders in them."""

_FEW = 1000
"""So many files are made in little more time than it takes to find help."""

_MOST_TOGETHER = 256
_MOST_BYTES_TOGETHER = 8 << 20
_NOT_WORTH_IT = 16
_MOST_BATCHES = 64


_Order = tuple[str, bool, str, bytes]
"""A file to make: its name, whether it is executable, the pack that its content is in and where."""

_Share = tuple[str, list[_Order]]
"""Files to make in one folder, which is told as a path."""


class NewFolder:
    """A folder on its way into the workspace.

    Attributes:
        path: Where it will be, relative to the repository's root.
        staged: Where it is.
        laid: The entries that are in it, with the signatures of their files.
        left: The entries that are to be in it, and are to be brought after it has its place.
        size: How many bytes are in it.
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


class _Batch(NamedTuple):
    """Files that are made together; their signatures are known where no other process makes them."""

    folder: NewFolder
    entries: list[Entry]
    signatures: list[bytes | None] | None


class Filling(Closing):
    """Fills one folder after the other."""

    def __init__(
        self,
        workspace: Workspace,
        staging: Staging,
        make: Callable[[Entry, str], None],
        ready: Callable[[NewFolder], None],
    ) -> None:
        """Fill folders in `staging`.

        Args:
            workspace: The workspace.
            staging: Where there is room for folders, on the file system of the workspace.
            make: Makes what an entry says, at a new path.
            ready: Is told of folders that are full, in the order in which they were begun.
        """
        self._cache = workspace.cache
        self._can_be_shared = not workspace.links
        self._staging = staging
        self._make = make
        self._ready = ready
        self._folder: NewFolder | None = None
        self._parent = ""
        self._alone = 0
        self._crew: Crew | None = None
        files = PackFiles(self._cache.packed.folder.path, trusted=self._cache.packed.trusted)
        self._work = partial(_lay_all, files, self._cache.format.algorithm)
        self._begun: deque[NewFolder] = deque()
        self._batch: list[Entry] = []
        self._batch_size = 0
        self._waiting: deque[_Batch] = deque()

    def holds(self, path: str) -> bool:
        """Say whether a path is below the folder that is being filled."""
        return self._folder is not None and self._folder.holds(path)

    def takes(self, path: str) -> bool:
        """Say whether something is to be added to the folder that is being filled."""
        folder = self._folder
        if folder is None or not folder.holds(path):
            return False
        has_room = folder.files < _MOST_FILES and folder.size < _MOST_BYTES
        return has_room or path.rpartition("/")[0] == self._parent

    def begin(self, path: str) -> NewFolder:
        """Begin to fill a folder that is not there."""
        self._folder = NewFolder(path, self._staging.new_path())
        self._begun.append(self._folder)
        return self._folder

    def add(self, entry: Entry) -> None:
        """Put something into the folder that is being filled."""
        folder = self._folder
        assert folder is not None, "something was begun"
        self._parent = entry.path.rpartition("/")[0]
        folder.files += 1
        folder.size += max(entry.size, 0)
        if self._crew is None or not entry.is_file or not self._cache.may_be_packed(entry.size):
            self._lay(folder, entry)
            return
        self._batch.append(entry)
        self._batch_size += entry.size
        if len(self._batch) >= _MOST_TOGETHER or self._batch_size >= _MOST_BYTES_TOGETHER:
            self._hand_out(folder)

    def finish(self) -> None:
        """Return when all that was begun is full, and whoever waits for it was told."""
        self.end()
        while self._crew is not None and self._waiting:
            self._take_back(self._crew)

    def close(self) -> None:
        """Give up what is not full."""
        if self._crew is not None:
            self._crew.close()

    def end(self) -> None:
        """Put nothing more into the folder that is being filled."""
        folder, self._folder = self._folder, None
        if folder is not None:
            if len(self._batch) >= _NOT_WORTH_IT:
                self._hand_out(folder)
            for entry in self._take_batch():
                self._lay(folder, entry)
            folder.is_over = True
            self._tell()

    def _take_batch(self) -> list[Entry]:
        batch, self._batch = self._batch, []
        self._batch_size = 0
        return batch

    def _tell(self) -> None:
        while self._begun and self._begun[0].is_full:
            folder = self._begun.popleft()
            folder.remove_empty()
            self._ready(folder)

    def _lay(self, folder: NewFolder, entry: Entry) -> None:
        """Make something here and now; what is in the way will be met again when it is brought."""
        folder.folder(entry.path)
        target = folder.at(entry.path)
        try:
            self._make(entry, target)
            stat = os.lstat(target)
        except (DvcliteError, OSError):
            folder.left.append(entry)
            return
        if entry.size < 0:  # Its tree does not tell, and others want to know.
            entry = entry._replace(size=stat.st_size)
        folder.laid.append((entry, signature(stat)))
        self._alone += 1
        if self._alone == _FEW and self._can_be_shared and can_have_crew():
            self._crew = Crew(self._work)

    def _hand_out(self, folder: NewFolder) -> None:
        """Have the batch made: by the crew, or here and now rather than wait for the crew."""
        assert self._crew is not None, "nothing waits for those who are alone"
        entries, task = self._planned(folder, self._take_batch())
        signatures = None
        if self._crew.is_busy and not self._crew.has_answer:
            signatures = self._work(task, memoryview(b""))
        while (self._crew.is_busy and signatures is None) or len(self._waiting) >= _MOST_BATCHES:
            self._take_back(self._crew)
        if signatures is None:
            self._crew.hand_out(task)
        folder.awaited += 1
        self._waiting.append(_Batch(folder, entries, signatures))

    def _planned(self, folder: NewFolder, batch: list[Entry]) -> tuple[list[Entry], list[_Share]]:
        """Say where the blobs of a batch lie; what lies in no pack is made here and now."""
        records = self._cache.packed.records(entry.oid for entry in batch)
        groups: dict[str, tuple[list[Entry], list[_Order]]] = {}
        for entry in batch:
            pack, record = records.get(entry.oid, ("", b""))
            if not pack:
                self._lay(folder, entry)
                continue
            parent, _, name = entry.path.rpartition("/")
            entries, orders = groups.setdefault(parent, ([], []))
            entries.append(entry)
            orders.append((name, entry.executable, pack, record))
        task = [(folder.folder(f"{parent}/"), orders) for parent, (_, orders) in groups.items()]
        return [entry for entries, _ in groups.values() for entry in entries], task

    def _take_back(self, crew: Crew) -> None:
        folder, entries, signatures = self._waiting.popleft()
        if signatures is None:
            signatures, _left = crew.take_back()
        if signatures is None:
            signatures = [None] * len(entries)
            for entry in entries:
                discard(folder.at(entry.path))  # Some were made, and one may be half done.
        for entry, signed in zip(entries, signatures, strict=True):
            if signed is None:
                folder.left.append(entry)
            else:
                folder.laid.append((entry, signed))
        folder.awaited -= 1
        self._tell()


def _lay_all(
    files: PackFiles, algorithm: Algorithm, task: list[_Share], _room: memoryview
) -> list[bytes | None]:
    """Make files in folders, and return their signatures; None for what could not be made."""
    signatures: list[bytes | None] = []
    for path, orders in task:
        try:
            with Folder.open(path) as folder:
                signatures += [_lay(files, algorithm, folder, order) for order in orders]
        except OSError:
            signatures += [None] * len(orders)
    return signatures


def _lay(files: PackFiles, algorithm: Algorithm, folder: Folder, order: _Order) -> bytes | None:
    name, executable, pack, record = order
    (entry,) = Entries(record, algorithm)
    try:
        content = files.content(Location(pack, 0, entry), algorithm)
        fd = changes.create(name, mode=0o777 if executable else 0o666, folder=folder.fd)
    except (DvcliteError, OSError):
        return None
    try:
        try:
            changes.write(fd, content)
        finally:
            changes.close(fd)
        return signature(os.stat(name, dir_fd=folder.fd, follow_symlinks=False))
    except OSError:
        changes.unlink(name, folder=folder.fd)
        return None
