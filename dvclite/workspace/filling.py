"""Folders that the workspace does not have yet: filled out of sight, then put in place as a whole.

A file then needs no new name, and no look after that. Where there are many, other processes help.
"""

import os
from collections import deque
from collections.abc import Callable
from functools import partial

from dvclite.cache.layout import Kind
from dvclite.cache.packfiles import PackFiles
from dvclite.errors import DvcliteError
from dvclite.files.atomic import discard
from dvclite.files.closing import Closing
from dvclite.files.sharing import Done, Sharing
from dvclite.files.staging import Staging
from dvclite.pack.layout import LARGEST
from dvclite.statcache.rows import signature, size_of
from dvclite.tree import Entry
from dvclite.workspace.laying import NOT_TRIED, Order, Share, Stock, lay_all
from dvclite.workspace.newfolder import NewFolder
from dvclite.workspace.workspace import Workspace

_MOST_FILES = 20_000
_MOST_BYTES = 512 << 20
"""What may be lost if the command is killed, except for larger folders without folders in them."""

_FEW = 1000
"""So many files are made in little more time than it takes to find help."""

_COPIES = frozenset({Kind.REFLINK, Kind.COPY})

_MOST_TOGETHER = 256
_MOST_BYTES_TOGETHER = 8 << 20

_Files = list[tuple[NewFolder, Entry]]


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
        self._links = workspace.links
        self._packs = workspace.format.packs
        self._copies = not self._packs and _COPIES.issuperset(workspace.kinds)
        self._may_clone = Kind.REFLINK in workspace.kinds
        self._staging = staging
        self._make = make
        self._ready = ready
        self._folder: NewFolder | None = None
        self._parent = ""
        self._begun: deque[NewFolder] = deque()
        self._batch: _Files = []
        self._batch_size = 0
        self._sharing: Sharing[_Files] = Sharing(self._new_work())
        self._shared = 0

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
        if not self._can_share(entry):
            self._lay(folder, entry)
            return
        folder.awaited += 1
        self._batch.append((folder, entry))
        self._batch_size += max(entry.size, 0)
        if len(self._batch) >= _MOST_TOGETHER or self._batch_size >= _MOST_BYTES_TOGETHER:
            self._share()

    def _can_share(self, entry: Entry) -> bool:
        """Say whether something is made with others: a file of a pack, or the copy of a small one."""
        if self._links or not entry.is_file:
            return False
        if self._copies:
            return entry.size <= LARGEST
        return self._cache.may_be_packed(entry.size)

    def finish(self) -> None:
        """Return when all that was begun is full, and whoever waits for it was told."""
        self.end()
        self._share()
        for done in self._sharing.rest():
            self._take_back(done)

    def close(self) -> None:
        """Give up what is not full."""
        self._sharing.close()

    def end(self) -> None:
        """Put nothing more into the folder that is being filled."""
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.is_over = True
            self._tell()

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
        folder.laid.append((_sized(entry, stat.st_size), signature(stat)))

    def _share(self) -> None:
        """Have the batch made: by the crew, or here and now rather than wait for the crew."""
        files, task = self._planned()
        before, self._shared = self._shared, self._shared + len(files)
        if before < _FEW <= self._shared:
            self._sharing.call_for_help(self._new_work())
        for done in self._sharing.do(files, task):
            self._take_back(done)

    def _planned(self) -> tuple[_Files, list[Share]]:
        """Say where the blobs of the batch lie; what should be in a pack and is not is made now."""
        batch, self._batch, self._batch_size = self._batch, [], 0
        records = {}
        if self._packs:
            records = self._cache.packed.records(entry.oid for _folder, entry in batch)
        shares: dict[str, list[Order]] = {}
        files: dict[str, _Files] = {}
        for folder, entry in batch:
            pack, record = records.get(entry.oid) or ("", entry.oid.encode("ascii"))
            if not pack and self._packs:
                self._lay(folder, entry)
                folder.awaited -= 1
                continue
            parent, _, name = entry.path.rpartition("/")
            shares.setdefault(parent, []).append((name, entry.executable, pack, record))
            files.setdefault(parent, []).append((folder, entry))
        task = [
            (files[parent][0][0].folder(f"{parent}/"), orders) for parent, orders in shares.items()
        ]
        return [file for each in files.values() for file in each], task

    def _new_work(self) -> Callable[[list[Share], memoryview], list[bytes | None]]:
        packed = self._cache.packed
        files = PackFiles(packed.folder.path, trusted=packed.trusted)
        path, algorithm = self._cache.loose.path, self._cache.format.algorithm
        return partial(lay_all, Stock(files, path, algorithm, self._may_clone))

    def _take_back(self, done: Done[_Files]) -> None:
        files, signatures, _left = done
        if signatures is None:
            signatures = [None] * len(files)
            for folder, entry in files:
                discard(folder.at(entry.path))  # Some were made, and one may be half done.
        for (folder, entry), signed in zip(files, signatures, strict=True):
            folder.awaited -= 1
            if signed is None:
                folder.left.append(entry)
            elif signed == NOT_TRIED:
                self._lay(folder, entry)
            else:
                folder.laid.append((_sized(entry, size_of(signed)), signed))
        self._tell()


def _sized(entry: Entry, size: int) -> Entry:
    """Return an entry with its size: its tree does not tell, perhaps, and others want to know."""
    return entry if entry.size >= 0 else entry._replace(size=size)
