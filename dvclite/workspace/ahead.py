"""Reading files ahead of their turn: where there are many, other processes help."""

import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from dvclite.files.clock import is_settled
from dvclite.files.closing import Closing
from dvclite.files.copying import read_into
from dvclite.files.crew import Crew, can_have_crew
from dvclite.files.folder import Folder
from dvclite.files.scan import Found
from dvclite.hashing import Algorithm, Oid
from dvclite.pack.layout import ENTRY_HEADER_SIZE
from dvclite.pack.piece import Piece, write_header
from dvclite.pointer import is_pointer
from dvclite.statcache.rows import UNSETTLED, Stored, entry_of, path_key, row, signature, stored
from dvclite.tree import Entry

_FEW = 1000
"""So many files are read in little more time than it takes to find help."""

_MOST_FILES = 256
_MOST_BYTES = 4 << 20
_LARGEST = 1 << 20
_ROOM = _MOST_BYTES + _LARGEST + (_MOST_FILES + 1) * ENTRY_HEADER_SIZE

Save = Callable[[Found], Entry]
"""Saves what was found, in the folder that it names, and returns its entry."""

SavePiece = Callable[[Piece, Sequence[Entry], Iterable[Stored]], None]
"""Saves files that were read: all that they hold, their entries, and their rows in the stat cache."""

_Read = tuple[bytes, bytes, int]
"""What a helper says of a file: the row of the stat cache behind its key."""


class Errand(NamedTuple):
    """What helpers know from the beginning.

    Attributes:
        root: What all paths are relative to.
        algorithm: What to name blobs by.
        now: When the command began, by the file system's clock.
        keeps_modes: Whether entries tell if files in a folder may be run.
    """

    root: Path
    algorithm: Algorithm
    now: int
    keeps_modes: bool


class _Batch:
    """Things in order: entries that are ready, and paths of files that are read together."""

    def __init__(self) -> None:
        self.items: list[Entry | str] = []
        self.task: list[tuple[str, list[str]]] = []
        self.files = 0

    def add(self, prefix: str, names: Sequence[str]) -> None:
        if not self.task or self.task[-1][0] != prefix:
            self.task.append((prefix, []))
        self.task[-1][1].extend(names)
        self.items.extend(prefix + name for name in names)
        self.files += len(names)


class Ahead(Closing):
    """Saves files in the order in which they come, of which many may be read at a time.

    What is handed in comes back as entries in the same order, some of it later. Whatever is in the
    way of reading a file ahead, such as a change in that moment, makes it an ordinary case.
    """

    def __init__(self, errand: Errand, save: Save, save_piece: SavePiece) -> None:
        """Save files that were read by `save_piece`, and everything else by `save`."""
        self._errand = errand
        self._save = save
        self._save_piece = save_piece
        self._alone = 0
        self._crew: Crew | None = None
        self._waiting: deque[_Batch] = deque()
        self._batch = _Batch()
        self._together = _MOST_FILES

    @property
    def has_help(self) -> bool:
        """Whether others read files, so that nothing but their names is needed."""
        return self._crew is not None

    def put(self, entry: Entry) -> Iterable[Entry]:
        """Hand in an entry that is ready, and return those whose turn has come."""
        if self._crew is None:
            return (entry,)
        self._batch.items.append(entry)
        return self._ready() if len(self._batch.items) >= _FEW else ()

    def save(self, found: Found) -> Iterable[Entry]:
        """Hand in a file that is to be saved, and return the entries whose turn has come."""
        if self._crew is not None:
            return self.save_names(found.path[: -len(found.name)], [found.name])
        self._alone += 1
        if self._alone >= _FEW and can_have_crew():
            self._crew = Crew(partial(_read_all, self._errand), room=_ROOM)
        return (self._save(found),)

    def save_names(self, prefix: str, names: Sequence[str]) -> Iterator[Entry]:
        """Hand in names of what is to be saved, and yield the entries whose turn has come.

        Args:
            prefix: What stands before them in a path: empty, or ending in `/`.
            names: Those of anything but folders, as far as is known.
        """
        while names:
            count = max(self._together - self._batch.files, 1)
            self._batch.add(prefix, names[:count])
            names = names[count:]
            if self._batch.files >= self._together:
                yield from self._ready()

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
        batch = self._waiting.popleft()
        answers: Sequence[_Read | None] = answer or [None] * batch.files
        paths = (item for item in batch.items if isinstance(item, str))
        read = [(path, one) for path, one in zip(paths, answers, strict=True) if one is not None]
        saved = [entry_of(path, content) for path, (_signed, content, _seal) in read]
        if saved:
            rows = ((path_key(path), *one) for path, one in read)
            self._save_piece(_piece(saved, left), saved, rows)
        self._adapt(saved)
        entries = iter(saved)
        done = iter(answers)
        for item in batch.items:
            if not isinstance(item, str):
                yield item
            elif next(done) is not None:
                yield next(entries)
            else:
                yield from self._saved_in_person(item)

    def _adapt(self, saved: Sequence[Entry]) -> None:
        """Have as many files read together as there is room for, if the next ones are like these."""
        if saved:
            mean = sum(entry.size for entry in saved) // len(saved)
            self._together = max(min(_MOST_FILES, _MOST_BYTES // (mean + 1)), 1)

    def _saved_in_person(self, path: str) -> Iterator[Entry]:
        parent, _, name = path.rpartition("/")
        with Folder.open(self._errand.root) as root, root.below(parent) as folder:
            found = folder.lstat(name)
            if found is not None:  # Otherwise somebody removed it since the folder was read.
                yield self._save(Found(path, name, folder, found))


def _piece(saved: Sequence[Entry], left: memoryview) -> Piece:
    sizes = [entry.size for entry in saved]
    length = sum(sizes) + ENTRY_HEADER_SIZE * len(sizes)
    return Piece([entry.oid for entry in saved], sizes, bytes(left[:length]))


def _read_all(errand: Errand, task: Any, room: memoryview) -> Any:
    """Make a piece of files in `room`, and return what is to be known of them.

    None stands for what is no file, or too large, or changed meanwhile.
    """
    answers: list[_Read | None] = []
    for prefix, names in task:
        try:
            with Folder.open(errand.root) as top, top.below(prefix[:-1]) as folder:
                for name in names:
                    answer, room = _read(errand, folder, prefix, name, room)
                    answers.append(answer)
        except OSError:  # The folder is gone, or is another: no file of it was read.
            answers += [None] * len(names)
    return answers


def _read(
    errand: Errand, folder: Folder, prefix: str, name: str, room: memoryview
) -> tuple[_Read | None, memoryview]:
    """Read a file, and return what is to be known of it, and the room that is left."""
    data = room[ENTRY_HEADER_SIZE:]
    if is_pointer(name):
        return None, room
    try:
        fd = folder.open_file(name)
    except OSError:
        return None, room
    try:
        before = os.fstat(fd)
        if not stat.S_ISREG(before.st_mode) or before.st_size > min(_LARGEST, len(data) - 1):
            return None, room
        size = read_into(fd, data[: before.st_size + 1])
        after = os.fstat(fd)
    except OSError:
        return None, room
    finally:
        os.close(fd)
    signed = signature(after)
    if signature(before) != signed or after.st_size != size:
        return None, room
    hasher = errand.algorithm.new()
    hasher.update(data[:size])
    oid = Oid(hasher.hexdigest())
    write_header(room, bytes.fromhex(oid), size)
    executable = errand.keeps_modes and bool(after.st_mode & stat.S_IXUSR)
    settled = signed if is_settled(after, errand.now) else UNSETTLED
    path = prefix + name
    _key, signed, content, seal = stored(row(path, settled, Entry(path, oid, size, executable)))
    return (signed, content, seal), data[size:]
