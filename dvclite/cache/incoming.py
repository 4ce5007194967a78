"""What comes into a cache, until it is durable and has its name."""

import threading
from collections.abc import Iterable
from typing import NamedTuple

from dvclite.cache.absence import Absence
from dvclite.cache.leases import Lease
from dvclite.cache.loose import BLOB_MODE, LooseBlobs, holds
from dvclite.cache.packing import Packing
from dvclite.cache.verifying import Verifier
from dvclite.errors import BlobCorruptError, OidCollisionError
from dvclite.files import changes
from dvclite.files.naming import Naming, renaming
from dvclite.files.staging import Staging
from dvclite.formats.format import Format
from dvclite.hashing import BlobRef, Oid, is_tree

_MOST_WAITING = 1000
_MOST_BYTES_WAITING = 16 << 20


class _Waiting(NamedTuple):
    data: bytes
    path: str


class Incoming:
    """What both doors into a cache lead to.

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
        verifier: Verifier,
        lease: Lease,
        staging: Staging,
    ) -> None:
        """Write to `blobs` and packs, relying by `lease` on what is there already."""
        self._blobs = blobs
        self._packing = packing
        self._format = format
        self._verifier = verifier
        self._lease = lease
        self._staging = staging
        self._absence = Absence(blobs, format.algorithm.digits)
        self._naming = Naming(blobs.root, renaming(blobs.make_folder))
        self._waiting: dict[Oid, _Waiting] = {}
        self._bytes_waiting = 0
        # Files of loose blobs that wait for their names: the last ones, and those before them.
        self._unnamed: dict[Oid, str] = {}
        self._flushed: dict[Oid, str] = {}
        self._lock = threading.Lock()
        self.stored = 0
        self.stored_bytes = 0

    @property
    def packs(self) -> bool:
        """Whether small blobs go into packs."""
        return self._packing.takes(0)

    def new_folder(self) -> str:
        """Return the path of a new folder for blobs that others write, each under its oid.

        Raises:
            OSError: It cannot be made.
        """
        with self._lock:
            path = self._staging.new_path()
            self._naming.begin()  # So that the flush reports what fails of what others write.
        changes.make_folder(path)
        return path

    def keep(self, refs: Iterable[BlobRef]) -> list[BlobRef]:
        """Rely on blobs that should be there, and return those that are not."""
        by_oid = {ref.oid: ref for ref in refs}
        self._lease.rely_on(by_oid)
        absent = self._blobs.absent(self._packing.keep(by_oid))
        absent = self._packing.rescue(self._blobs.rescue(absent))
        return [ref for oid, ref in by_oid.items() if oid in absent]

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
        with self._lock:
            self._packing.discard()
            self._naming.discard()

    def _finish_naming(self) -> None:
        self._unnamed, self._flushed = {}, {}
        self._naming.finish()
        self._packing.named()

    def _advance_naming(self) -> None:
        """Give names to what was flushed, and have flushed what waits while more is brought in."""
        unnamed, self._unnamed, self._flushed = self._unnamed, {}, {}
        self._naming.advance()
        self._flushed = unnamed

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
        unnamed = self._unnamed.get(ref.oid) or self._flushed.get(ref.oid)
        if unnamed is not None:
            if self._format.algorithm.cryptographic or holds(unnamed, content):
                return True
            raise OidCollisionError(path, ref.oid, self._format.algorithm.name)
        if self._absence.is_certain(ref.oid) or not self._blobs.is_in_place(ref):
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
        self._unnamed[ref.oid] = partial
        self._count(ref.size)

    def _count(self, size: int, blobs: int = 1) -> None:
        self.stored += blobs
        self.stored_bytes += size
        naming = self._naming
        if self.packs:
            if naming.is_full or naming.is_overdue or self._packing.is_full:
                self._finish_naming()
        elif naming.is_worth_a_flush or naming.is_overdue:
            self._advance_naming()
