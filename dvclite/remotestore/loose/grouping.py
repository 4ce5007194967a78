"""Small blobs that go to a remote in groups, where the remote has a way for that."""

import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from itertools import chain, islice

from dvclite.errors import DvcliteError
from dvclite.files.copying import OnBytes
from dvclite.formats.format import Format
from dvclite.progress import Progress
from dvclite.remote import GroupingRemote
from dvclite.remotestore.engine import run
from dvclite.remotestore.named import Named
from dvclite.remotestore.store import Source

_SMALL = 1 << 20
"""The most bytes that a blob has which is read into memory."""

_MOST, _MOST_BYTES = 10_000, 256 << 20
"""How many blobs, or bytes, are in a group: so much waits for a flush."""

_AT_ONCE = 2
"""How many groups there are: one that is written, and one that is flushed meanwhile."""


class Grouping:
    """One push of small blobs.

    Whatever is the matter with a blob, or with the remote, the blob is left: who puts it by itself
    learns what there is to say.

    Attributes:
        done: How many blobs arrived.
        size: How many bytes these have.
    """

    def __init__(
        self, remote: GroupingRemote, format: Format, source: Source, progress: Progress
    ) -> None:
        """Prepare to bring blobs from `source` to `remote`."""
        self.done = self.size = 0
        self._remote = remote
        self._format = format
        self._source = source
        self._progress = progress
        self._left: list[Named] = []
        self._pays = True
        self._reading = threading.Lock()
        self._counting = threading.Lock()

    def push(self, blobs: Iterable[Named], jobs: int) -> Iterator[Named]:
        """Bring what can be brought so, and return what is left; Ctrl-C ends it as `run` says."""
        rest = iter(blobs)
        run(self._groups(rest), self._send, min(jobs, _AT_ONCE))
        return chain(self._left, rest)

    def _groups(self, blobs: Iterator[Named]) -> Iterator[list[Named]]:
        while self._pays and (group := list(_together(blobs))):
            yield group

    def _send(self, group: list[Named], moved: OnBytes) -> None:
        told = 0

        def count(size: int) -> None:
            nonlocal told
            moved(size)
            told += size
            self._progress.advance(size=size)

        lacking = {self._format.loose_key(blob.ref.oid): blob for blob in group}

        def read(key: str) -> bytes | None:
            return self._source.read_small(lacking[key].ref.oid, _SMALL)

        keys = [key for key, blob in lacking.items() if blob.ref.size <= _SMALL]
        try:
            with closing(self._drawn(keys)) as drawn:
                stored = self._remote.put_group(drawn, read, moved=count)
        except (DvcliteError, OSError):
            self._progress.advance(size=-told)
            stored, told = (), 0
        pays = bool(stored) or all(read(key) is None for key in keys)
        for key in stored:
            del lacking[key]
        self._progress.advance(files=len(stored))
        with self._counting:
            self.done += len(stored)
            self.size += told
            self._left += lacking.values()
            self._pays &= pays

    def _drawn(self, keys: list[str]) -> Generator[str, None, None]:
        """Yield keys. No other group is drawn meanwhile: two threads would fight for the interpreter."""
        with self._reading:
            yield from keys


def _together(blobs: Iterator[Named]) -> Iterator[Named]:
    """Draw the blobs of a group."""
    size = 0
    for blob in islice(blobs, _MOST):
        yield blob
        size += blob.ref.size if blob.ref.size <= _SMALL else 0
        if size >= _MOST_BYTES:
            return
