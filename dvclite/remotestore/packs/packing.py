"""Packs made of blobs: small ones go whole, large ones in chunks that the remote lacks."""

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import NoReturn

from dvclite.compression import Judge
from dvclite.errors import BlobCorruptError, DvcliteError
from dvclite.formats.format import Format
from dvclite.hashing import TREE_SUFFIX, Oid, algorithm_of
from dvclite.pack.layout import LARGEST, Kind
from dvclite.remotestore.engine import Failure
from dvclite.remotestore.named import Named
from dvclite.remotestore.packs.cuts import Cut, Place
from dvclite.remotestore.packs.cutting import Chunk, Cutting
from dvclite.remotestore.packs.draft import Draft
from dvclite.remotestore.packs.knowledge import Knowledge
from dvclite.remotestore.store import Source


class Packing:
    """Makes packs of blobs, one after the other, as they are asked for.

    Attributes:
        cuts: Large blobs, but for those that could not be had.
        failures: Blobs that could not be had.
        reused: How many chunks were not packed, since they are on the remote or on their way.
        reused_size: How many bytes these hold.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        source: Source,
        format: Format,
        new_draft: Callable[[], Draft],
        advance: Callable[[int], object],
    ) -> None:
        """Take bytes from `source` and put them into packs that `new_draft` begins.

        `advance` is told of bytes that need not be sent, and may raise to interrupt.
        """
        self.cuts: list[Cut] = []
        self.failures: list[Failure[Named]] = []
        self.reused = self.reused_size = 0
        self._knowledge = knowledge
        self._source = source
        self._format = format
        self._new_draft = new_draft
        self._advance = advance
        self._draft: Draft | None = None
        self._judge = Judge()
        self._flying: dict[bytes, Place] = {}
        self._lock = threading.Lock()

    def packs(self, blobs: Iterable[Named]) -> Generator[Draft, None, None]:
        """Yield packs as they are complete.

        Raises:
            StagingError: The disk is full or failing.
        """
        for blob in blobs:
            if 0 <= blob.ref.size <= LARGEST:
                self._add_small(blob)
                yield from self._full()
            else:
                yield from self._cut(blob)
        if self._draft is not None:
            yield self._finished()

    def settle(self, draft: Draft, error: DvcliteError | OSError | None = None) -> None:
        """Take note of what became of a pack; its chunks are no longer on their way."""
        if error is None and draft.pack is not None:
            self._knowledge.learn(draft.pack)
            draft.has_arrived = True
        draft.error = error
        with self._lock:
            for digest in draft.chunks:
                if digest in self._flying and self._flying[digest][0] is draft:
                    del self._flying[digest]
        draft.chunks.clear()

    def discard(self) -> None:
        """Give up the pack that is not complete."""
        if self._draft is not None:
            self._draft.discard()

    def _add_small(self, blob: Named) -> None:
        oid = blob.ref.oid
        try:
            data = self._source.read(oid)
            if len(data) != blob.ref.size:
                raise BlobCorruptError(oid, f"what says that it has {blob.ref.size:,} bytes")
        except (DvcliteError, OSError) as error:
            self.failures.append(Failure(blob, error))
            return
        self._open().add_small(blob, data, self._judge)

    def _cut(self, blob: Named) -> Iterator[Draft]:
        whole = Cut(blob)
        self.cuts.append(whole)
        judge = Judge()
        oid = blob.ref.oid
        try:
            with (
                self._source.show(oid, self._advance) as path,
                path.open("rb", buffering=0) as stream,
            ):
                cutting = Cutting(stream, algorithm_of(oid, self._format.algorithm))
                for chunks in cutting.groups(blob.ref.size):
                    yield from self._add_chunks(whole, chunks, judge)
                if cutting.digits() != oid.removesuffix(TREE_SUFFIX):
                    self._refuse(oid, path)
        except (DvcliteError, OSError) as error:
            self.cuts.remove(whole)
            self.failures.append(Failure(blob, error))
        else:
            whole.is_complete = True

    def _refuse(self, oid: Oid, path: Path) -> NoReturn:
        """Have a blob set aside that is not what its name says."""
        with self._source.lend(oid, self._advance):
            pass  # Somebody has put it right, but not before it was read.
        raise BlobCorruptError(oid, str(path))

    def _add_chunks(self, whole: Cut, chunks: list[Chunk], judge: Judge) -> Iterator[Draft]:
        known = self._known([digest for digest, _data in chunks])
        for digest, chunk in chunks:
            places = known[digest]
            if places:
                place = next((place for place in places if whole.continues(*place)), places[0])
                self.reused += 1
                self.reused_size += len(chunk)
                self._advance(len(chunk))
            else:
                place = self._add_chunk(digest, chunk, judge)
                places.append(place)
            whole.add(*place, len(chunk))
            yield from self._full()

    def _add_chunk(self, digest: bytes, chunk: memoryview, judge: Judge) -> Place:
        draft = self._open()
        number = draft.add(Kind.CHUNK, digest, chunk, judge)
        draft.chunks.append(digest)
        with self._lock:
            self._flying[digest] = draft, number
        return draft, number

    def _known(self, digests: list[bytes]) -> dict[bytes, list[Place]]:
        """Return where chunks are, on the remote or on their way."""
        known: dict[bytes, list[Place]] = {digest: [] for digest in digests}
        # In this order: a chunk that arrives meanwhile is found all the same.
        with self._lock:
            for digest, places in known.items():
                if digest in self._flying:
                    places.append(self._flying[digest])
        absent = [digest for digest, places in known.items() if not places]
        for pack, number, entry in self._knowledge.find(Kind.CHUNK, absent):
            known[entry.digest].append((pack, number))
        return known

    def _open(self) -> Draft:
        if self._draft is None:
            self._draft = self._new_draft()
        return self._draft

    def _full(self) -> Iterator[Draft]:
        if self._draft is not None and self._draft.writer.is_full:
            yield self._finished()

    def _finished(self) -> Draft:
        draft, self._draft = self._draft, None
        assert draft is not None, "there is a pack to finish"
        draft.finish()
        return draft
