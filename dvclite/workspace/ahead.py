"""Reading files ahead of their turn: where there are many, other processes help."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from dvclite.files.closing import Closing
from dvclite.files.copying import read_into
from dvclite.files.crew import Crew, can_have_crew
from dvclite.files.folder import Folder
from dvclite.files.scan import Found
from dvclite.hashing import Algorithm, Oid
from dvclite.pack.layout import ENTRY_HEADER_SIZE
from dvclite.pack.piece import Piece, write_header
from dvclite.statcache.rows import signature
from dvclite.tree import Entry

_FEW = 1000
"""So many files are read in little more time than it takes to find help."""

_MOST_FILES = 256
_MOST_BYTES = 4 << 20
_LARGEST = 1 << 20
_ROOM = _MOST_BYTES + _LARGEST + (_MOST_FILES + 1) * ENTRY_HEADER_SIZE

Save = Callable[[Found], Entry]
"""Saves what was found, in the folder that it names, and returns its entry."""

SavePiece = Callable[[Piece, Sequence[Found]], Iterable[Entry]]
"""Saves files that were read while their stats were as found, and returns their entries."""


class _Batch:
    """Things in order: entries that are ready, and files that are read together."""

    def __init__(self) -> None:
        self.items: list[Entry | Found] = []
        self.task: list[tuple[str, list[str], list[bytes]]] = []
        self.size = self.files = 0
        self._last: Folder | None = None

    def add(self, found: Found) -> None:
        if found.folder is not self._last:
            self._last = found.folder
            self.task.append((found.path.rpartition("/")[0], [], []))
        _parent, names, signatures = self.task[-1]
        names.append(found.name)
        signatures.append(signature(found.stat))
        self.items.append(found)
        self.size += found.stat.st_size
        self.files += 1


class Ahead(Closing):
    """Saves files in the order in which they come, of which many may be read at a time.

    What is handed in comes back as entries in the same order, some of it later. Whatever is in the
    way of reading a file ahead, such as a change in that moment, makes it an ordinary case.
    """

    def __init__(self, root: Path, save: Save, save_piece: SavePiece, algorithm: Algorithm) -> None:
        """Save files that were read by `save_piece`, and everything else by `save`.

        Args:
            root: What the paths of all that is found are relative to.
            save: Saves in the ordinary way.
            save_piece: Saves what was read and named by `algorithm`.
            algorithm: What to name blobs by.
        """
        self._root = root
        self._save = save
        self._save_piece = save_piece
        self._algorithm = algorithm
        self._alone = 0
        self._crew: Crew | None = None
        self._waiting: deque[_Batch] = deque()
        self._batch = _Batch()

    def put(self, entry: Entry) -> Iterable[Entry]:
        """Hand in an entry that is ready, and return those whose turn has come."""
        if self._crew is None:
            return (entry,)
        self._batch.items.append(entry)
        return self._ready() if len(self._batch.items) >= _FEW else ()

    def save(self, found: Found) -> Iterable[Entry]:
        """Hand in what is to be saved, and return the entries whose turn has come."""
        if self._crew is None:
            self._alone += 1
            if self._alone >= _FEW and can_have_crew():
                self._crew = Crew(partial(_read_all, str(self._root), self._algorithm), room=_ROOM)
            return (self._save(found),)
        if not found.is_file or found.stat.st_size > _LARGEST:
            return self.put(self._save(found))
        batch = self._batch
        batch.add(found)
        is_full = batch.files >= _MOST_FILES or batch.size >= _MOST_BYTES
        return self._ready() if is_full else ()

    def rest(self) -> Iterator[Entry]:
        """Yield the entries of all that was handed in."""
        if self._crew is not None:
            yield from self._ready()
            while self._waiting:
                yield from self._taken_back(self._crew)

    def close(self) -> None:
        """Give up what has not come back."""
        if self._crew is not None:
            self._crew.close()

    def _ready(self) -> Iterator[Entry]:
        assert self._crew is not None, "nobody waits who is alone"
        if self._crew.is_busy:
            yield from self._taken_back(self._crew)
        batch, self._batch = self._batch, _Batch()
        self._crew.hand_out(batch.task)
        self._waiting.append(batch)

    def _taken_back(self, crew: Crew) -> Iterator[Entry]:
        answer, left = crew.take_back()
        items = self._waiting.popleft().items
        oids: list[Oid | None] = answer or [None] * sum(isinstance(item, Found) for item in items)
        names = iter(oids)
        read = [item for item in items if isinstance(item, Found) and next(names) is not None]
        entries = iter(self._save_piece(_piece(oids, read, left), read))
        names = iter(oids)
        for item in items:
            if not isinstance(item, Found):
                yield item
            elif next(names) is None:
                yield self._save_in_person(item)
            else:
                yield next(entries)

    def _save_in_person(self, found: Found) -> Entry:
        with Folder.open(self._root) as root, root.below(found.path.rpartition("/")[0]) as folder:
            return self._save(found._replace(folder=folder))


def _piece(oids: Iterable[Oid | None], read: Sequence[Found], left: memoryview) -> Piece:
    sizes = [found.stat.st_size for found in read]
    length = sum(sizes) + ENTRY_HEADER_SIZE * len(sizes)
    return Piece([oid for oid in oids if oid is not None], sizes, bytes(left[:length]))


def _read_all(root: str, algorithm: Algorithm, task: Any, room: memoryview) -> Any:
    """Make a piece of files in `room`, and return their names; None for what changed meanwhile."""
    names: list[str | None] = []
    for parent, files, signatures in task:
        try:
            with Folder.open(root) as top, top.below(parent) as folder:
                for name, before in zip(files, signatures, strict=True):
                    oid, room = _read(folder, name, before, algorithm, room)
                    names.append(oid)
        except OSError:  # The folder is gone, or is another: no file of it was read.
            names += [None] * len(files)
    return names


def _read(
    folder: Folder, name: str, before: bytes, algorithm: Algorithm, room: memoryview
) -> tuple[Oid | None, memoryview]:
    """Read a file, and return its name and the room that is left, if its stat is still as before."""
    data = room[ENTRY_HEADER_SIZE:]
    try:
        fd = folder.open_file(name)
    except OSError:
        return None, room
    try:
        size = read_into(fd, data[: _LARGEST + 1])
        stat = os.fstat(fd)
    except OSError:
        return None, room
    finally:
        os.close(fd)
    if signature(stat) != before or stat.st_size != size:
        return None, room
    hasher = algorithm.new()
    hasher.update(data[:size])
    oid = Oid(hasher.hexdigest())
    write_header(room, bytes.fromhex(oid), size)
    return oid, data[size:]
