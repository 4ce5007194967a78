"""Reading files ahead of their turn: where there are many, other processes help."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from dvclite.cache.writer import Writer
from dvclite.files.closing import Closing
from dvclite.files.folder import Folder
from dvclite.files.scan import Found
from dvclite.files.sharing import Done, Sharing
from dvclite.pack.layout import ENTRY_HEADER_SIZE
from dvclite.pack.piece import Piece
from dvclite.statcache.rows import Stored, entry_of, path_key
from dvclite.tree import Entry
from dvclite.workspace.reading import MOST_BYTES, MOST_FILES, ROOM, Errand, Read, read_all

_FEW = 1000
"""So many files are read in little more time than it takes to find help."""

Save = Callable[[Found], Entry]
"""Saves what was found, in the folder that it names, and returns its entry."""

Learn = Callable[[Sequence[Entry], Iterable[Stored]], None]
"""Takes note of files that were saved: their entries, and their rows in the stat cache."""


class Door(NamedTuple):
    """What saves files.

    Attributes:
        save: Saves one by itself.
        writer: Takes in what was left behind of those that were read ahead.
        learn: Is told of these when they are saved.
    """

    save: Save
    writer: Writer
    learn: Learn


class _Batch:
    """Things in order: entries that are ready, and paths of files that are read together."""

    def __init__(self) -> None:
        self.items: list[Entry | str] = []
        self.task: list[tuple[str, list[str]]] = []
        self.files = 0
        self.place = ""

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

    def __init__(self, errand: Errand, door: Door) -> None:
        """Save files by `door`."""
        self._errand = errand
        self._save, self._writer, self._learn = door
        self._alone = 0
        self._sharing: Sharing[_Batch] = Sharing(partial(read_all, errand), room=ROOM)
        self._batch = _Batch()
        self._together = MOST_FILES

    @property
    def has_help(self) -> bool:
        """Whether others read files, so that nothing but their names is needed."""
        return self._sharing.has_help

    def put(self, entry: Entry) -> Iterable[Entry]:
        """Hand in an entry that is ready, and return those whose turn has come."""
        if not self.has_help:
            return (entry,)
        self._batch.items.append(entry)
        return self._ready() if len(self._batch.items) >= _FEW else ()

    def save(self, found: Found) -> Iterable[Entry]:
        """Hand in a file that is to be saved, and return the entries whose turn has come."""
        if self.has_help:
            return self.save_names(found.path[: -len(found.name)], [found.name])
        self._alone += 1
        if self._alone == _FEW:
            self._sharing.call_for_help()
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
        if self.has_help:
            yield from self._ready()
            for done in self._sharing.rest():
                yield from self._taken_back(done)

    def close(self) -> None:
        """Give up what has not come back."""
        self._sharing.close()

    def _ready(self) -> Iterator[Entry]:
        batch, self._batch = self._batch, _Batch()
        if not self._writer.packs:
            batch.place = self._writer.new_folder()
        for done in self._sharing.do(batch, (batch.place, batch.task)):
            yield from self._taken_back(done)

    def _taken_back(self, done: Done[_Batch]) -> Iterator[Entry]:
        batch, answers, left = done
        answers = list(answers or [None] * batch.files)
        paths = [item for item in batch.items if isinstance(item, str)]
        self._keep_what_is_there(paths, answers)
        read = [(path, one) for path, one in zip(paths, answers, strict=True) if one is not None]
        saved = [entry_of(path, content) for path, (_signed, content, _seal, _left) in read]
        if saved:
            if batch.place:
                each = zip(saved, read, strict=True)
                staged = [(entry.ref, path) for entry, (path, one) in each if one[3]]
                self._writer.save_staged(batch.place, staged)
            else:
                self._writer.save_piece(_piece(saved, left), [entry.path for entry in saved])
            self._learn(saved, ((path_key(path), *one[:3]) for path, one in read))
        self._adapt(saved)
        entries = iter(saved)
        outcomes = iter(answers)
        for item in batch.items:
            if not isinstance(item, str):
                yield item
            elif next(outcomes) is not None:
                yield next(entries)
            else:
                yield from self._saved_here(item)

    def _keep_what_is_there(self, paths: Sequence[str], answers: list[Read | None]) -> None:
        """Rely on blobs that the cache seemed to hold, and have those saved that it does not."""
        refs = [
            (number, entry_of(paths[number], one[1]).ref)
            for number, one in enumerate(answers)
            if one is not None and not one[3]
        ]
        absent = {ref.oid for ref in self._writer.keep(ref for _number, ref in refs)}
        for number, ref in refs:
            if ref.oid in absent:
                answers[number] = None

    def _adapt(self, saved: Sequence[Entry]) -> None:
        """Have as many files read together as there is room for, if the next ones are like these."""
        if saved:
            mean = sum(entry.size for entry in saved) // len(saved)
            self._together = max(min(MOST_FILES, MOST_BYTES // (mean + 1)), 1)

    def _saved_here(self, path: str) -> Iterator[Entry]:
        """Yield the entry of a file that nobody could read ahead, after it was saved."""
        parent, _, name = path.rpartition("/")
        with Folder.open(self._errand.root) as root, root.below(parent) as folder:
            found = folder.lstat(name)
            if found is not None:  # Otherwise somebody removed it since the folder was read.
                yield self._save(Found(path, name, folder, found))


def _piece(saved: Sequence[Entry], left: memoryview) -> Piece:
    sizes = [entry.size for entry in saved]
    length = sum(sizes) + ENTRY_HEADER_SIZE * len(sizes)
    return Piece([entry.oid for entry in saved], sizes, bytes(left[:length]))
