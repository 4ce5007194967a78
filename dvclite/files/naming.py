"""Giving files their final names, many after one flush."""

import os
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from time import monotonic
from typing import NamedTuple

from dvclite.files import changes
from dvclite.files.atomic import discard, flush_folder
from dvclite.files.flushing import Flusher, Meanwhile, flush_file, flush_tree, has_syncfs

_MOST_FILES = 10_000
_MOST_BYTES = 512 << 20
_SHARES = 4

_LONGEST = 5.0
"""Seconds after which what waits is to be named, however little it is: so much a kill may take."""

GiveName = Callable[[str, str], Collection[str]]
"""Gives a file its final name, both told as paths; returns further folders whose names it changed."""


class _Waiting(NamedTuple):
    """What waits for its name.

    Attributes:
        partial: Where it is.
        final: Where it will be.
        within: How many files and folders a folder comes to, itself included; 0 for a file.
    """

    partial: str
    final: str
    within: int


class Naming:
    """Files in staging that wait for their names.

    All of them are flushed together, then renamed, then their names are flushed: nothing ever has
    a final name before its content survives a power cut, and a thousand small files cost two
    flushes instead of a thousand. After an error the files that have no name yet are discarded:
    a failed flush says nothing about what would happen to a second one.
    """

    def __init__(self, place: str | os.PathLike[str], give_name: GiveName) -> None:
        """Prepare to name files.

        Args:
            place: A folder on the file system that all of this happens on.
            give_name: What to do with each file after the flush.
        """
        self._place = os.fspath(place)
        self._give_name = give_name
        self._waiting: list[_Waiting] = []
        self._files = self._bytes = 0
        self._since = 0.0
        self._flusher: Flusher | None = None
        self._ahead: deque[_Waiting] = deque()
        self._flushing: Meanwhile | None = None
        self._renamed: set[str] = set()

    def begin(self) -> None:
        """Be told that something is written, so that a later flush reports what failed since."""
        self._open()

    def add(self, partial: str, final: str, size: int) -> None:
        """Let a written and closed file of `size` bytes wait for its name."""
        self._await(_Waiting(partial, final, 0))
        self._files += 1
        self._bytes += size

    def add_folder(self, partial: str, final: str, files: int, size: int) -> None:
        """Let a folder wait for its name, with so many files and folders and bytes in it."""
        self._await(_Waiting(partial, final, files + 1))
        self._files += files
        self._bytes += size

    def _await(self, one: _Waiting) -> None:
        self._open()
        if not self._waiting:
            self._since = monotonic()
        self._waiting.append(one)

    @property
    def is_overdue(self) -> bool:
        """Whether something waits for so long that it should be named, if nothing more comes."""
        return bool(self._waiting) and monotonic() - self._since >= _LONGEST

    @property
    def is_full(self) -> bool:
        """Whether so much waits that it should be named before more is written."""
        return self._files >= _MOST_FILES or self._bytes >= _MOST_BYTES

    @property
    def is_worth_a_flush(self) -> bool:
        """Whether so much waits that it pays to have it flushed while more is written."""
        return self._files >= _MOST_FILES // _SHARES or self._bytes >= _MOST_BYTES // _SHARES

    def advance(self) -> None:
        """Have what waits flushed while more is written, and name what was flushed so before.

        Raises:
            OSError: Some could not be written. None of those has its name.
        """
        with self._discarding():
            self._name_ahead()
            flusher = self._flusher
            if flusher is not None:
                # Opened before that flush begins: no failure falls between the two.
                self._flusher = self._new_flusher()
                self._ahead.extend(self._take())
                self._flushing = Meanwhile(partial(_flush_and_close, flusher, tuple(self._ahead)))

    def finish(self) -> None:
        """Return when all files have their names and survive a power cut.

        Raises:
            OSError: Some could not be written. None of those has its name.
        """
        with self._discarding():
            self._name_ahead()
            if self._flusher is not None:
                self._ahead.extend(self._take())
                _flush(self._flusher, self._ahead)
                self._name_ahead()
                renamed, self._renamed = self._renamed, set()
                self.flush_names(renamed)

    def flush_names(self, folders: Collection[str]) -> None:
        """Return when the names in some folders survive a power cut, whoever changed them."""
        try:
            # One that was removed meanwhile has no names to keep.
            there = [folder for folder in folders if os.path.isdir(folder)]
            if there:
                self._open().flush(len(there), lambda: _flush_folders(there))
        finally:
            self._close()

    def discard(self) -> None:
        """Give up the files that wait."""
        self._close()
        self._flushing = None
        for one in (*self._ahead, *self._take()):
            if not one.within:  # Folders go with the staging folder that they are in.
                discard(one.partial)
        self._ahead.clear()

    def _name_ahead(self) -> None:
        if self._flushing is not None:
            self._flushing.wait()
            self._flushing = None
        if self._ahead:
            # Their own folder may have been made a moment ago, and by whom it is not known.
            self._renamed |= {os.path.dirname(self._place), self._place}
        while self._ahead:
            one = self._ahead[0]
            self._renamed.add(os.path.dirname(one.final))
            self._renamed.update(self._give_name(one.partial, one.final))
            self._ahead.popleft()

    @contextmanager
    def _discarding(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.discard()
            raise

    def _take(self) -> list[_Waiting]:
        waiting, self._waiting, self._files, self._bytes = self._waiting, [], 0, 0
        return waiting

    def _open(self) -> Flusher:
        if self._flusher is None:
            self._flusher = self._new_flusher()
        return self._flusher

    def _new_flusher(self) -> Flusher:
        return Flusher(self._place, has_syncfs=self._has_syncfs)

    @cached_property
    def _has_syncfs(self) -> bool:
        return has_syncfs(self._place)

    def _close(self) -> None:
        flusher, self._flusher = self._flusher, None
        if flusher is not None:
            flusher.close()


def renaming(make_parent: Callable[[str], None]) -> GiveName:
    """Return what renames files, into folders that are made where they are absent.

    Args:
        make_parent: Makes a folder and those above it.
    """

    def give_name(partial: str, final: str) -> set[str]:
        changed: set[str] = set()
        try:
            changes.rename(partial, final)
        except FileNotFoundError:
            folder = os.path.dirname(os.path.abspath(final))
            while not os.path.isdir(folder):
                folder = os.path.dirname(folder)
                changed.add(folder)
            make_parent(os.path.dirname(final))
            changes.rename(partial, final)
        return changed

    return give_name


def _flush_and_close(flusher: Flusher, waiting: Collection[_Waiting]) -> None:
    with flusher:
        _flush(flusher, waiting)


def _flush(flusher: Flusher, waiting: Collection[_Waiting]) -> None:
    def one_by_one() -> None:
        for one in waiting:
            (flush_file if not one.within else flush_tree)(one.partial)

    flusher.flush(sum(one.within or 1 for one in waiting), one_by_one)


def _flush_folders(folders: Collection[str]) -> None:
    for folder in folders:
        flush_folder(folder)
