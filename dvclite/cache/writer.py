"""The two doors into the cache."""

import os
import threading
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dvclite.cache.leases import Lease
from dvclite.cache.loose import BLOB_MODE, LooseBlobs
from dvclite.cache.packing import Packing
from dvclite.cache.proving import Proving
from dvclite.errors import BlobCorruptError, FileChangedError, OidCollisionError
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.copying import OnBytes, copy, ignore_bytes, read, read_whole
from dvclite.files.folder import Folder
from dvclite.files.linking import try_link
from dvclite.files.naming import Naming, renaming
from dvclite.files.staging import Staging
from dvclite.formats.format import Format
from dvclite.hashing import (
    READ_SIZE,
    TREE_SUFFIX,
    Algorithm,
    BlobRef,
    Both,
    Oid,
    algorithm_of,
    hash_bytes,
    is_tree,
)
from dvclite.pack.piece import Piece
from dvclite.pack.reader import PackFile
from dvclite.pack.writer import PACK_MODE, Pack
from dvclite.tree import Tree

_ATTEMPTS = 3
_MOST_WAITING = 1000
_MOST_BYTES_WAITING = 16 << 20
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Saved(NamedTuple):
    """A blob that was brought in, and the stat of the file that held exactly these bytes."""

    ref: BlobRef
    stat: os.stat_result


class _Waiting(NamedTuple):
    data: bytes
    path: str


class Writer:
    """Brings blobs into a cache.

    What is brought in is durable, and has its name, once `finish` has returned. Until then it
    waits in groups, so that a thousand small files are flushed together.

    Attributes:
        stored: How many blobs were written that the cache did not hold.
        stored_bytes: Their bytes.
    """

    def __init__(
        self,
        blobs: LooseBlobs,
        packing: Packing,
        format: Format,
        lease: Lease,
        staging: Staging,
    ) -> None:
        """Write to `blobs` and packs, relying by `lease` on what is there already."""
        self._blobs = blobs
        self._packing = packing
        self._format = format
        self._lease = lease
        self._staging = staging
        self._proving = Proving()
        self._naming = Naming(blobs.root, renaming(blobs.make_folder))
        self._waiting: dict[Oid, _Waiting] = {}
        self._bytes_waiting = 0
        self._lock = threading.Lock()
        self.stored = 0
        self.stored_bytes = 0

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

    def save_tree(self, tree: Tree) -> None:
        """Bring in a tree."""
        self._offer(tree.oid, tree.data, "a tree")

    def keep(self, refs: Iterable[BlobRef]) -> list[BlobRef]:
        """Rely on blobs that should be there, and return those that are not."""
        by_oid = {ref.oid: ref for ref in refs}
        self._lease.rely_on(by_oid)
        absent = self._blobs.absent(self._packing.keep(by_oid))
        absent = self._packing.rescue(self._blobs.rescue(absent))
        return [ref for oid, ref in by_oid.items() if oid in absent]

    def new_path(self) -> str:
        """Return a path to write foreign bytes to, for `adopt`."""
        with self._lock:
            return self._staging.new_path()

    def adopt(self, partial: str, ref: BlobRef, source: str) -> None:
        """Bring in foreign bytes, if they are what they should be. Safe from many threads.

        Args:
            partial: A file on a path from `new_path`; it is gone afterwards in every case.
            ref: What it should hold.
            source: Where it came from, for messages.

        Raises:
            BlobCorruptError: It holds something else.
        """
        hasher = algorithm_of(ref.oid, self._format.algorithm).new()
        fd = os.open(partial, _READ)
        try:
            size = read(fd, hasher, ignore_bytes)
        finally:
            os.close(fd)
        if hasher.hexdigest() != ref.oid.removesuffix(TREE_SUFFIX) or ref.size not in (-1, size):
            discard(partial)
            raise BlobCorruptError(ref.oid, source)
        changes.set_mode(partial, BLOB_MODE)
        with self._lock:
            self._lease.rely_on([ref.oid])
            self._name(partial, BlobRef(ref.oid, size))

    def inherit(self, path: str, oid: Oid, algorithm: Algorithm) -> BlobRef:
        """Bring in a blob of another cache under the name that it has here, read once.

        Where both are on one file system, it takes no further room: it gets a second name.

        Args:
            path: The blob's file, which nobody changes.
            oid: What it is called there.
            algorithm: What names are made with there.

        Raises:
            BlobCorruptError: It is not what its name there says.
        """
        theirs, ours = algorithm_of(oid, algorithm).new(), self._format.algorithm.new()
        partial = self.new_path()
        try:
            size = _link_or_copy(path, partial, Both(theirs, ours))
            if theirs.hexdigest() != oid.removesuffix(TREE_SUFFIX):
                raise BlobCorruptError(oid, os.path.dirname(path))
            ref = BlobRef(Oid(ours.hexdigest()), size)
            self._lease.rely_on([ref.oid])
            if self._is_stored(ref, path, partial):
                discard(partial)
            else:
                changes.set_mode(partial, BLOB_MODE)
                self._name(partial, ref)
        except BaseException:
            discard(partial)
            raise
        return ref

    def adopt_pack(self, partial: str, pack: str) -> bool:
        """Bring in all of a foreign pack as it is, if it is what it should be. Safe from many threads.

        Args:
            partial: A file on a path from `new_path`; it is gone afterwards if this returns True.
            pack: The name of the pack.

        Returns:
            Whether it was brought in: not if anything is wrong with it, nor if the cache would not
            hold in packs what is in it.
        """
        with PackFile(partial, pack) as file:
            entries, size = file.entries(), file.size
        if not self._packing.may_hold(entries) or not self._proving.is_whole(partial, pack):
            return False
        changes.set_mode(partial, PACK_MODE)
        with self._lock:
            self._lease.rely_on(entries.oids())
            self._packing.adopt(Pack(pack, partial, size, entries), self._naming)
            self._count(sum(size for size, _digest in entries.sizes_and_digests()), len(entries))
        return True

    def take(self, ref: BlobRef, data: bytes, source: str) -> None:
        """Bring in foreign bytes, if they are what they should be. Safe from many threads.

        Args:
            ref: What they should be.
            data: The bytes.
            source: Where they came from, for messages.

        Raises:
            BlobCorruptError: They are something else.
        """
        found = hash_bytes(data, algorithm_of(ref.oid, self._format.algorithm))
        if found != ref.oid.removesuffix(TREE_SUFFIX) or ref.size not in (-1, len(data)):
            raise BlobCorruptError(ref.oid, source)
        with self._lock:
            self._offer(ref.oid, data, source)

    def finish(self) -> None:
        """Return when everything brought in has its name and survives a power cut.

        Raises:
            OSError: Something could not be written. What has its name then is whole.
        """
        with self._lock:
            self._store_waiting()
            self._packing.finish(self._naming)
            self._finish_naming()

    def discard(self) -> None:
        """Give up what has no name yet."""
        self._proving.close()
        with self._lock:
            self._packing.discard()
            self._naming.discard()

    def _finish_naming(self) -> None:
        self._naming.finish()
        self._packing.named()

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
            ref = self._store_hashed(fd, partial, moved)
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

    def _store_hashed(self, source: int, partial: str, moved: OnBytes) -> BlobRef:
        """Copy or clone an open file, and hash exactly what `partial` holds then."""
        hasher = self._format.algorithm.new()
        target = changes.create(partial, mode=BLOB_MODE)
        try:
            cloned = changes.clone(source, target)
            size = 0 if cloned else copy(source, target, hasher, moved, to_be_flushed=True)
        finally:
            changes.close(target)
        if cloned:
            clone = os.open(partial, _READ)
            try:
                size = read(clone, hasher, moved)
            finally:
                os.close(clone)
        return BlobRef(Oid(hasher.hexdigest()), size)

    def _is_news(self, piece: Piece) -> bool:
        """Say whether the cache holds no blob of a piece, so that all of it goes into a pack."""
        if not self._format.algorithm.cryptographic:
            return False  # Equal names need not mean equal bytes.
        if not self._packing.takes(max(piece.sizes, default=0)):
            return False
        oids = set(piece.oids)
        if len(oids) < len(piece.oids) or any(self._is_on_its_way(oid) for oid in oids):
            return False
        self._lease.rely_on(piece.oids)
        return len(self._blobs.absent(self._packing.keep(oids))) == len(oids)

    def _is_on_its_way(self, oid: Oid) -> bool:
        return oid in self._waiting or self._packing.holds(oid)

    def _offer(self, oid: Oid, data: bytes, path: str) -> None:
        known = self._waiting.setdefault(oid, _Waiting(data, path))
        if known.data is data:
            self._bytes_waiting += len(data)
            if len(self._waiting) >= _MOST_WAITING or self._bytes_waiting >= _MOST_BYTES_WAITING:
                self._store_waiting()
        elif not self._format.algorithm.cryptographic and known.data != data:
            raise OidCollisionError(path, oid, self._format.algorithm.name)

    def _store_waiting(self) -> None:
        waiting, self._waiting, self._bytes_waiting = self._waiting, {}, 0
        self._lease.rely_on(waiting)
        small = [oid for oid, one in waiting.items() if self._packing.takes(len(one.data))]
        unpacked = self._packing.keep(small)
        nowhere = self._blobs.absent(unpacked)
        packed = set(small) - unpacked
        for oid, (data, path) in waiting.items():
            if oid in nowhere or (oid in packed and not self._equals_packed(oid, data, path)):
                self._packing.add(oid, data, self._naming)
                self._count(len(data))
            elif oid not in packed:
                self._store_loose(oid, data, path)

    def _equals_packed(self, oid: Oid, data: bytes, path: str) -> bool:
        """Say whether a pack holds a blob: the same bytes, where oids can be forged."""
        try:
            equals = self._packing.equals(oid, data)
        except BlobCorruptError:
            self._packing.set_aside_damaged(oid)
            return False
        if equals is False:
            raise OidCollisionError(path, oid, self._format.algorithm.name)
        return bool(equals)

    def _store_loose(self, oid: Oid, data: bytes, path: str) -> None:
        ref = BlobRef(oid, len(data))
        if not self._is_stored(ref, path, data):
            partial = self._staging.new_path()
            fd = changes.create(partial, mode=BLOB_MODE)
            try:
                changes.write(fd, data)
            finally:
                changes.close(fd)
            self._name(partial, ref)

    def _is_stored(self, ref: BlobRef, path: str, content: bytes | str) -> bool:
        """Say whether the cache holds a blob already: the same bytes, where oids can be forged.

        A tree that is damaged makes all below it unknown, so those are looked at too.

        Args:
            ref: The blob.
            path: Where it comes from, for messages.
            content: Its bytes, or the path of a file that holds them.
        """
        if not self._blobs.is_in_place(ref):
            return False
        if self._format.algorithm.cryptographic and not is_tree(ref.oid):
            return True
        try:
            if self._blobs.equals(ref.oid, content):
                return True
            is_intact = self._blobs.is_intact(ref.oid)
        except FileNotFoundError:
            return False  # A collector has just moved it to the trash.
        if is_intact:
            raise OidCollisionError(path, ref.oid, self._format.algorithm.name)
        self._blobs.set_aside(ref.oid, self._blobs.path(ref.oid))
        return False

    def _name(self, partial: str, ref: BlobRef) -> None:
        self._blobs.share(partial)
        self._naming.add(partial, self._blobs.path(ref.oid), ref.size)
        self._count(ref.size)

    def _count(self, size: int, blobs: int = 1) -> None:
        self.stored += blobs
        self.stored_bytes += size
        if self._naming.is_full or self._packing.is_full:
            self._finish_naming()


def _link_or_copy(path: str, partial: str, hasher: Both) -> int:
    """Make `partial` a second name of a file, or a copy, and hash what it holds."""
    source = os.open(path, _READ)
    try:
        if try_link(path, partial):
            return read(source, hasher, ignore_bytes)
        target = changes.create(partial, mode=BLOB_MODE)
        try:
            if changes.clone(source, target):
                return read(source, hasher, ignore_bytes)
            return copy(source, target, hasher, ignore_bytes, to_be_flushed=True)
        finally:
            changes.close(target)
    finally:
        os.close(source)


def _is_unchanged(before: os.stat_result, after: os.stat_result) -> bool:
    return (
        before.st_mtime_ns == after.st_mtime_ns
        and before.st_ctime_ns == after.st_ctime_ns
        and before.st_size == after.st_size
        and before.st_ino == after.st_ino
        and before.st_mode == after.st_mode
    )
