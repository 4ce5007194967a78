"""Packs that are open for reading: a few of them, read ahead where they are read in order."""

import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from dvclite.hashing import Algorithm
from dvclite.pack.coding import decode
from dvclite.pack.index import Entries
from dvclite.pack.layout import PackEntry
from dvclite.pack.reader import PackFile
from dvclite.packindex import Location

_MOST_OPEN = 16
_AHEAD = 1 << 20
_GAP = 64 << 10


class _Window(NamedTuple):
    """A piece of a pack that was read."""

    pack: str
    begin: int
    data: memoryview


class PackFiles:
    """The files of packs, by their names. For one thread at a time."""

    def __init__(self, path: Callable[[str], str], *, trusted: bool) -> None:
        """Read packs, which `path` tells the places of.

        Args:
            path: Where a pack is.
            trusted: Whether checksums are proof enough.
        """
        self._path = path
        self._trusted = trusted
        self._open: OrderedDict[str, PackFile] = OrderedDict()
        self._window = _Window("", 0, memoryview(b""))
        # Nobody has to say when a cache is not needed any more.
        weakref.finalize(self, _close_all, self._open)

    def entries(self, pack: str, path: str | None = None) -> Entries:
        """Read the index of a pack.

        Raises:
            PackError: It is damaged.
            OSError: It cannot be read.
        """
        with PackFile(path or self._path(pack), pack) as file:
            return file.entries()

    def content(self, location: Location, algorithm: Algorithm) -> bytes:
        """Return the content of an entry, verified.

        Raises:
            FileNotFoundError: The pack is gone.
            PackDamagedError: It is not what the entry says.
        """
        pack, _number, entry = location
        file = self._file(pack)
        stored = self._stored(file, entry)
        return decode(entry, stored, algorithm, trusted=self._trusted, where=file.path)

    def content_at(self, path: str, pack: str, entry: PackEntry, algorithm: Algorithm) -> bytes:
        """Return the content of an entry of a pack that is elsewhere; errors as of `content`."""
        with PackFile(path, pack) as file:
            return file.content(entry, algorithm, trusted=self._trusted)

    def close(self, pack: str) -> None:
        """Close a pack, which is about to be moved."""
        file = self._open.pop(pack, None)
        if file is not None:
            file.close()

    def close_all(self) -> None:
        """Close all packs."""
        _close_all(self._open)

    def _file(self, pack: str) -> PackFile:
        file = self._open.get(pack)
        if file is None:
            file = self._open[pack] = PackFile(self._path(pack), pack)
            if len(self._open) > _MOST_OPEN:
                _pack, oldest = self._open.popitem(last=False)
                oldest.close()
        else:
            self._open.move_to_end(pack)
        return file

    def _stored(self, file: PackFile, entry: PackEntry) -> memoryview:
        """Return the stored bytes of an entry, from memory where those before it were read."""
        window = self._window
        begin = entry.offset - window.begin
        follows = window.pack == file.id and begin >= 0
        if follows and begin + entry.stored <= len(window.data):
            return window.data[begin : begin + entry.stored]
        length = entry.stored
        if follows and begin <= len(window.data) + _GAP:
            length = max(length, min(_AHEAD, file.size - entry.offset))
        data = memoryview(file.read(entry.offset, length))
        self._window = _Window(file.id, entry.offset, data)
        return data[: entry.stored]


def _close_all(files: OrderedDict[str, PackFile]) -> None:
    while files:
        _pack, file = files.popitem()
        file.close()
