"""Two caches as one: that of the repository, and that of the format which it had before."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dvclite.cache.cache import Cache
from dvclite.cache.layout import Kind
from dvclite.files.copying import OnBytes, ignore_bytes
from dvclite.formats.format import Format, marked
from dvclite.hashing import BlobRef, Oid, is_foreign
from dvclite.pack.layout import LARGEST
from dvclite.tree import Tree


class SuccessorCache(Cache):
    """A cache that also hands out the blobs of another, under oids that bear a mark.

    What is brought in always goes to the cache itself.
    """

    def __init__(
        self,
        root: Path,
        format: Format,
        index: Path,
        former: Cache,
        *,
        fingerprints: Path | None = None,
        shared: bool = False,
        largest_packed: int = LARGEST,
    ) -> None:
        """Use the cache in `root` and, for what is marked as foreign, `former`.

        Other arguments as those of a `Cache`.
        """
        super().__init__(
            root,
            format,
            index,
            fingerprints=fingerprints,
            shared=shared,
            largest_packed=largest_packed,
        )
        self._former = former

    def absent(self, oids: Iterable[Oid]) -> set[Oid]:
        """Return which of these blobs are nowhere in either cache."""
        ours, theirs = list[Oid](), dict[Oid, Oid]()
        for oid in oids:
            if self._is_theirs(oid):
                theirs[self._as_theirs(oid)] = oid
            else:
                ours.append(oid)
        absent = super().absent(ours)
        return absent | {theirs[oid] for oid in self._former.absent(theirs)}

    def __contains__(self, oid: Oid) -> bool:
        """Say whether a blob is in the cache that its oid belongs to."""
        if self._is_theirs(oid):
            return self._as_theirs(oid) in self._former
        return super().__contains__(oid)

    def read(self, oid: Oid) -> bytes:
        """Return the bytes of a blob: see `Cache`."""
        if self._is_theirs(oid):
            return self._former.read(self._as_theirs(oid))
        return super().read(oid)

    def open(self, oid: Oid) -> BinaryIO:
        """Return a blob as a stream: see `Cache`."""
        if self._is_theirs(oid):
            return self._former.open(self._as_theirs(oid))
        return super().open(oid)

    def tree(self, oid: Oid) -> Tree:
        """Return a tree: see `Cache`."""
        if self._is_theirs(oid):
            return marked(self._former.tree(self._as_theirs(oid)), self._mark)
        return super().tree(oid)

    def lay_out(self, ref: BlobRef, target: str, kinds: Iterable[Kind], mode: int) -> Kind:
        """Make a new file with the content of a blob: see `Cache`."""
        if self._is_theirs(ref.oid):
            theirs = BlobRef(self._as_theirs(ref.oid), ref.size)
            return self._former.lay_out(theirs, target, kinds, mode)
        return super().lay_out(ref, target, kinds, mode)

    @contextmanager
    def lend(self, oid: Oid, moved: OnBytes = ignore_bytes) -> Iterator[Path]:
        """Lend a file that holds a blob: see `Cache`."""
        if self._is_theirs(oid):
            with self._former.lend(self._as_theirs(oid), moved) as path:
                yield path
        else:
            with super().lend(oid, moved) as path:
                yield path

    @contextmanager
    def entrust(self, oid: Oid, moved: OnBytes = ignore_bytes) -> Iterator[tuple[Path, OnBytes]]:
        """Lend a file that holds a blob to somebody who sends it: see `Cache`."""
        if self._is_theirs(oid):
            with self._former.entrust(self._as_theirs(oid), moved) as both:
                yield both
        else:
            with super().entrust(oid, moved) as both:
                yield both

    def set_aside_damaged(self, oid: Oid) -> None:
        """Move a blob out of the way, if its bytes are wrong."""
        if self._is_theirs(oid):
            self._former.set_aside_damaged(self._as_theirs(oid))
        else:
            super().set_aside_damaged(oid)

    def remember(self) -> None:
        """Remember for later commands what proves large blobs of either cache quickly."""
        super().remember()
        self._former.remember()

    def linked_oid(self, target: str) -> Oid | None:
        """Return which blob of either cache a symbolic link leads to."""
        ours = super().linked_oid(target)
        if ours is not None:
            return ours
        theirs = self._former.linked_oid(target)
        return Oid(self._mark + theirs) if theirs is not None else None

    def is_linked(self, oid: Oid, stat: os.stat_result) -> bool:
        """Say whether a file is the same as a blob: a hard link to it."""
        if self._is_theirs(oid):
            return self._former.is_linked(self._as_theirs(oid), stat)
        return super().is_linked(oid, stat)

    @property
    def _mark(self) -> str:
        return self.format.algorithm.other_mark

    def _is_theirs(self, oid: Oid) -> bool:
        return is_foreign(oid, self.format.algorithm)

    def _as_theirs(self, oid: Oid) -> Oid:
        return Oid(oid[len(self._mark) :])
