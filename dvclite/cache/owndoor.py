"""The door for own bytes: files of the user's, hashed while they are read."""

import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from dvclite.cache.absence import Absence
from dvclite.cache.incoming import Incoming
from dvclite.cache.loose import BLOB_MODE, holds
from dvclite.errors import FileChangedError
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.copying import OnBytes, copy, ignore_bytes, read, read_whole
from dvclite.files.folder import Folder
from dvclite.hashing import READ_SIZE, BlobRef, Oid, hash_bytes
from dvclite.pack.piece import Piece
from dvclite.tree import Tree

_ATTEMPTS = 3
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Saved(NamedTuple):
    """A blob that was brought in, and the stat of the file that held exactly these bytes."""

    ref: BlobRef
    stat: os.stat_result


class OwnDoor(Incoming):
    """Brings in what is read here for the first time, and named by what was read."""

    def save(
        self, folder: Folder, name: str, before: os.stat_result, moved: OnBytes = ignore_bytes
    ) -> Saved:
        """Bring in one of the user's files, read once and hashed while it is read.

        Args:
            folder: Where it is.
            name: Its name there.
            before: Its stat, taken before this call.
            moved: Is told of bytes as they are read.

        Raises:
            FileChangedError: It kept changing while it was read.
            OidCollisionError: A different blob of that name exists already.
        """
        path = os.path.join(folder.path, name)
        for _attempt in range(_ATTEMPTS):
            fd = folder.open_file(name)
            try:
                if before.st_size <= READ_SIZE:
                    saved, after = self._save_small(fd, path, before, moved)
                else:
                    saved, after = self._save_large(fd, path, before, moved)
            finally:
                os.close(fd)
            if saved is not None:
                return saved
            before = after
        raise FileChangedError(path)

    def save_piece(self, piece: Piece, paths: Sequence[str]) -> None:
        """Bring in files of the user's that were read and named already; errors as of `save`.

        Args:
            piece: What was in them.
            paths: Where, for messages.
        """
        if self._is_news(piece):
            self._packing.append(piece, self._naming)
            self._count(sum(piece.sizes), len(piece.oids))
            return
        for path, (oid, data) in zip(paths, piece.blobs(), strict=True):
            self._offer(oid, data, path)

    def seems_stored(self, oid: Oid, data: bytes) -> bool:
        """Say whether a loose blob lies in its place and holds these bytes.

        For other processes, which may ask before anybody relies on the blob.

        Raises:
            OSError: It cannot be read.
        """
        if self._unseen.is_certain(oid):
            return False
        path = self._blobs.path(oid)
        return os.access(path, os.F_OK) and holds(path, data)

    def save_staged(self, folder: str, staged: Iterable[tuple[BlobRef, str]]) -> None:
        """Bring in files of the user's that were read and named already; errors as of `save`.

        Args:
            folder: One from `new_folder`, in which others wrote them.
            staged: What they are, and where they come from, for messages.
        """
        sources = dict(staged)
        self._lease.rely_on([ref.oid for ref in sources])
        for ref, path in sources.items():
            partial = os.path.join(folder, ref.oid)
            if self._is_stored(ref, path, partial):
                discard(partial)
            else:
                self._name(partial, ref)

    def save_tree(self, tree: Tree) -> None:
        """Bring in a tree."""
        self._offer(tree.oid, tree.data, "a tree")

    @cached_property
    def _unseen(self) -> Absence:
        # Another one than for those who store: whoever is told once that a blob is absent stores it.
        return Absence(self._blobs, self._format.algorithm.digits)

    def _save_small(
        self, fd: int, path: str, before: os.stat_result, moved: OnBytes
    ) -> tuple[Saved | None, os.stat_result]:
        data = read_whole(fd, before.st_size)
        after = os.fstat(fd)
        if len(data) != after.st_size or not _is_unchanged(before, after):
            return None, after
        oid = hash_bytes(data, self._format.algorithm)
        self._offer(oid, data, path)
        moved(len(data))
        return Saved(BlobRef(oid, len(data)), after), after

    def _save_large(
        self, fd: int, path: str, before: os.stat_result, moved: OnBytes
    ) -> tuple[Saved | None, os.stat_result]:
        partial = self._staging.new_path()
        try:
            ref = self._store_hashed(fd, partial, before.st_size, moved)
            after = os.fstat(fd)
            if ref.size != after.st_size or not _is_unchanged(before, after):
                discard(partial)
                return None, after
            self._lease.rely_on([ref.oid])
            if self._is_stored(ref, path, partial):
                discard(partial)
            else:
                self._name(partial, ref)
        except BaseException:
            discard(partial)
            raise
        return Saved(ref, after), after

    def _store_hashed(self, source: int, partial: str, expected: int, moved: OnBytes) -> BlobRef:
        """Copy or clone an open file, and hash exactly what `partial` holds then."""
        blob = self._verifier.new_blob(expected)
        target = changes.create(partial, mode=BLOB_MODE)
        try:
            cloned = changes.clone(source, target)
            size = 0 if cloned else copy(source, target, blob, moved, to_be_flushed=True)
        finally:
            changes.close(target)
        if cloned:
            clone = os.open(partial, _READ)
            try:
                size = read(clone, blob, moved)
            finally:
                os.close(clone)
        return BlobRef(blob.oid(), size)

    def _is_news(self, piece: Piece) -> bool:
        """Say whether the cache holds no blob of a piece, so that all of it goes into a pack."""
        if not self._format.algorithm.cryptographic:
            return False  # Equal names need not mean equal bytes.
        if not self._packing.takes(max(piece.sizes, default=0)):
            return False
        oids = set(piece.oids)
        if len(oids) < len(piece.oids) or not self._waiting.keys().isdisjoint(oids):
            return False
        self._lease.rely_on(piece.oids)
        return len(self._blobs.absent(self._packing.keep(oids))) == len(oids)


def _is_unchanged(before: os.stat_result, after: os.stat_result) -> bool:
    return (
        before.st_mtime_ns == after.st_mtime_ns
        and before.st_ctime_ns == after.st_ctime_ns
        and before.st_size == after.st_size
        and before.st_ino == after.st_ino
        and before.st_mode == after.st_mode
    )
