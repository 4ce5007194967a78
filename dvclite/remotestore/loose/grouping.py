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
"""How many blobs are in a group, and about how many bytes wait for a flush."""

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
        while self._pays and (group := list(islice(blobs, _MOST))):
            yield group

    def _send(self, group: list[Named], moved: OnBytes) -> None:
        lacking = {self._format.loose_key(blob.ref.oid): blob for blob in group}
        keys = iter([key for key, blob in lacking.items() if blob.ref.size <= _SMALL])
        pays = True
        while pays and (first := next(keys, None)) is not None:
            pays = self._send_some(chain([first], keys), lacking, moved)
        with self._counting:
            self._left += lacking.values()
            self._pays &= pays

    def _send_some(self, keys: Iterator[str], lacking: dict[str, Named], moved: OnBytes) -> bool:
        """Store as much as may wait for a flush, and take that out of `lacking`.

        Returns:
            Whether it pays to go on so.
        """
        told, asked = 0, list[str]()

        def count(size: int) -> None:
            nonlocal told
            moved(size)
            told += size
            self._progress.advance(size=size)

        def read(key: str) -> bytes | None:
            return self._source.read_small(lacking[key].ref.oid, _SMALL)

        def drawn() -> Generator[str, None, None]:
            # No other group is drawn meanwhile: two threads would fight for the interpreter.
            with self._reading:
                for key in keys:
                    asked.append(key)
                    yield key
                    if told >= _MOST_BYTES:  # Trees may not tell sizes.
                        return

        try:
            with closing(drawn()) as some:
                stored = self._remote.put_group(some, read, moved=count)
        except (DvcliteError, OSError):
            self._progress.advance(size=-told)
            stored, told = (), 0
        pays = bool(stored) or (bool(asked) and all(read(key) is None for key in asked))
        for key in stored:
            del lacking[key]
        self._progress.advance(files=len(stored))
        with self._counting:
            self.done += len(stored)
            self.size += told
        return pays
