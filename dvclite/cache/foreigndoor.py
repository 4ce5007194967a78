"""The door for foreign bytes: they are verified before they get their name."""

import os
from collections.abc import Sequence

from dvclite.cache.incoming import Incoming
from dvclite.cache.leases import Lease
from dvclite.cache.loose import BLOB_MODE, LooseBlobs
from dvclite.cache.packing import Packing
from dvclite.cache.proving import Proving
from dvclite.cache.verifying import Verification, Verifier
from dvclite.errors import BlobCorruptError
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.copying import copy, ignore_bytes, read
from dvclite.files.linking import try_link
from dvclite.files.staging import Staging
from dvclite.formats.format import Format
from dvclite.hashing import (
    TREE_SUFFIX,
    Algorithm,
    BlobRef,
    Hasher,
    Hashers,
    Oid,
    algorithm_of,
    hash_bytes,
)
from dvclite.pack.reader import PackFile
from dvclite.pack.writer import PACK_MODE, Pack

_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class ForeignDoor(Incoming):
    """Brings in what others have named already."""

    def __init__(
        self,
        blobs: LooseBlobs,
        packing: Packing,
        format: Format,
        verifier: Verifier,
        lease: Lease,
        staging: Staging,
    ) -> None:
        """Write to `blobs` and packs, relying by `lease` on what is there already."""
        super().__init__(blobs, packing, format, verifier, lease, staging)
        self._proving = Proving()

    def new_path(self) -> str:
        """Return a path to write foreign bytes to, for `adopt`."""
        with self._lock:
            return self._staging.new_path()

    def verification(self, ref: BlobRef) -> Verification:
        """Begin to verify a blob while it arrives; `adopt` need not read it then."""
        return self._verifier.begin(ref.oid, ref.size)

    def adopt(self, partial: str, ref: BlobRef, source: str, given: Hasher | None = None) -> None:
        """Bring in foreign bytes, if they are what they should be. Safe from many threads.

        Args:
            partial: A file on a path from `new_path`; it is gone afterwards in every case.
            ref: What it should hold.
            source: Where it came from, for messages.
            given: From `verification`, where it was given all bytes of the file in their order.

        Raises:
            BlobCorruptError: It holds something else.
        """
        fd = os.open(partial, _READ)
        try:
            size = os.fstat(fd).st_size
            is_right = self._holds(fd, ref.oid, given)
        finally:
            os.close(fd)
        if not is_right or ref.size not in (-1, size):
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
            size = _link_or_copy(path, partial, Hashers(theirs, ours))
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

    def _holds(self, fd: int, oid: Oid, given: Hasher | None) -> bool:
        """Say whether an open file holds a blob."""
        if isinstance(given, Verification) and given.oid == oid:
            return given.is_right(lambda hasher: read(fd, hasher, ignore_bytes))
        return self._verifier.holds(fd, oid)

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
        if not self._packing.may_hold(entries):
            return False
        if not self._proving.is_whole(partial, pack, entries):
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
        if not self._are_right(ref, data):
            raise BlobCorruptError(ref.oid, source)
        with self._lock:
            self._offer(ref.oid, data, source)

    def stage(self, folder: str, ref: BlobRef, data: bytes) -> bool:
        """Write foreign bytes down, if they are what they should be and that can be done.

        For any thread or process, once for a blob; `take_staged` takes them over.

        Args:
            folder: One from `new_folder`.
            ref: What they should be.
            data: The bytes.

        Returns:
            Whether they were written.
        """
        if not self._are_right(ref, data):
            return False
        path = os.path.join(folder, ref.oid)
        try:
            fd = changes.create(path, mode=BLOB_MODE)
            try:
                changes.write(fd, data)
            finally:
                changes.close(fd)
        except OSError:
            return False
        return True

    def take_staged(self, folder: str, refs: Sequence[BlobRef]) -> None:
        """Bring in foreign bytes that `stage` wrote to a folder. Safe from many threads."""
        with self._lock:
            self._lease.rely_on([ref.oid for ref in refs])
            for ref in refs:
                self._name(os.path.join(folder, ref.oid), ref)

    def discard(self) -> None:
        """Give up what has no name yet."""
        self._proving.close()
        super().discard()

    def _are_right(self, ref: BlobRef, data: bytes) -> bool:
        found = hash_bytes(data, algorithm_of(ref.oid, self._format.algorithm))
        return found == ref.oid.removesuffix(TREE_SUFFIX) and ref.size in (-1, len(data))


def _link_or_copy(path: str, partial: str, hasher: Hashers) -> int:
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
