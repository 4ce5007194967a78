"""Small blobs on their way into packs."""

from collections.abc import Iterable

from blake3 import blake3

from dvclite.cache.packed import PackedBlobs
from dvclite.cache.packfolder import KINDS
from dvclite.files.naming import Naming
from dvclite.files.staging import Staging
from dvclite.hashing import Algorithm, Oid, is_tree
from dvclite.pack.index import Entries
from dvclite.pack.layout import digest_of, kind_of
from dvclite.pack.piece import Piece
from dvclite.pack.writer import Pack, PackWriter

_MOST_WAITING = 200_000
_NAME_IS_PROOF = b"\0"
_NO_PROOF = b""


class Packing:
    """Writes packs, one after the other, in the order in which blobs come."""

    def __init__(
        self, packed: PackedBlobs, algorithm: Algorithm, staging: Staging, largest: int
    ) -> None:
        """Write packs for `packed`.

        Args:
            packed: The packs of the cache.
            algorithm: What blobs are named by.
            staging: Where packs are written before they get their names.
            largest: How large a blob may be that goes into one, in bytes; -1 for none.
        """
        self._packed = packed
        self._algorithm = algorithm
        self._staging = staging
        self._largest = largest
        self._writer: PackWriter | None = None
        self._finished: list[Pack] = []
        # By blob what tells its bytes from others, for the pack that is being written and for
        # those that wait for their names.
        self._written: dict[Oid, bytes] = {}
        self._waiting: dict[Oid, bytes] = {}

    def takes(self, size: int) -> bool:
        """Say whether a blob of `size` bytes goes into a pack."""
        return size <= self._largest

    def holds(self, oid: Oid) -> bool:
        """Say whether a blob is in a pack that has no name yet."""
        return oid in self._written or oid in self._waiting

    @property
    def is_full(self) -> bool:
        """Whether so many blobs wait for the names of their packs that these should get them."""
        return len(self._waiting) >= _MOST_WAITING

    def keep(self, oids: Iterable[Oid]) -> set[Oid]:
        """Return which of these blobs are in no pack: see `PackedBlobs.keep`."""
        return self._packed.keep(set(oids).difference(self._written).difference(self._waiting))

    def rescue(self, oids: Iterable[Oid]) -> set[Oid]:
        """Return which of these blobs are in no pack, after those in the trash were moved back."""
        absent = set(oids)
        if absent:
            self._packed.trash.rescue(absent)
            if self._packed.refresh():
                absent = self._packed.keep(absent)
        return absent

    def equals(self, oid: Oid, data: bytes) -> bool | None:
        """Say whether a blob that is in a pack holds these bytes; None if it is in none any more.

        Raises:
            BlobCorruptError: It is damaged.
        """
        proof = self._written.get(oid) or self._waiting.get(oid)
        if proof is not None:
            return proof == self._proof(data)
        if self._algorithm.cryptographic and self._packed.trusted and not is_tree(oid):
            return True
        return self._packed.equals(oid, data)

    def set_aside_damaged(self, oid: Oid) -> None:
        """Move packs out of the way in which a blob is damaged."""
        self._packed.set_aside_damaged(oid)

    def add(self, oid: Oid, data: bytes, naming: Naming) -> None:
        """Put a blob into the pack that is being written."""
        writer = self._begun()
        try:
            writer.add(kind_of(oid), digest_of(oid), data)
        except OSError:
            self._writer = None  # It has discarded itself.
            raise
        self._written[oid] = self._proof(data)
        if writer.is_full:
            self.finish(naming)

    def append(self, piece: Piece, naming: Naming) -> None:
        """Put blobs into the pack that is being written, of which none is in a pack yet."""
        writer = self._begun()
        try:
            writer.append(piece)
        except OSError:
            self._writer = None
            raise
        self._written.update(dict.fromkeys(piece.oids, _NAME_IS_PROOF))
        if writer.is_full:
            self.finish(naming)

    def finish(self, naming: Naming) -> None:
        """Let the pack that is being written wait for its name."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            try:
                pack = writer.finish()
            except BaseException:
                writer.discard()
                raise
            self._await_name(pack, naming)
            self._waiting |= self._written
            self._written = {}

    def may_hold(self, entries: Entries) -> bool:
        """Say whether a pack of such entries may be brought in whole."""
        if entries.algorithm != self._algorithm or not entries.kinds.issubset(KINDS):
            return False
        return self.takes(max((size for size, _digest in entries.sizes_and_digests()), default=0))

    def adopt(self, pack: Pack, naming: Naming) -> None:
        """Let a pack that was made elsewhere, and is what its name says, wait for its name."""
        self._await_name(pack, naming)
        proof = _NAME_IS_PROOF if self._algorithm.cryptographic else _NO_PROOF
        self._waiting.update((oid, proof) for oid in pack.entries.oids())

    def _await_name(self, pack: Pack, naming: Naming) -> None:
        self._packed.folder.share(pack.path)
        naming.add(pack.path, self._packed.folder.path(pack.id), pack.size)
        self._finished.append(pack)

    def named(self) -> set[str]:
        """Take note that all packs that waited have got their names, and return these."""
        finished, self._finished, self._waiting = self._finished, [], {}
        self._packed.learn(finished)
        return {pack.id for pack in finished}

    def discard(self) -> None:
        """Give up the pack that is being written."""
        if self._writer is not None:
            self._writer.discard()
            self._writer = None
        self._finished, self._written, self._waiting = [], {}, {}

    def _begun(self) -> PackWriter:
        if self._writer is None:
            self._writer = PackWriter(self._staging.new_path(), self._algorithm)
        return self._writer

    def _proof(self, data: bytes) -> bytes:
        """Return what no other bytes of the same name have."""
        return _NAME_IS_PROOF if self._algorithm.cryptographic else blake3(data).digest()
