"""Small blobs on their way into packs."""

from collections.abc import Iterable

from dvclite.cache.packed import PackedBlobs
from dvclite.files.naming import Naming
from dvclite.files.staging import Staging
from dvclite.hashing import Algorithm, Oid, is_tree
from dvclite.pack.layout import Kind, digest_of
from dvclite.pack.writer import Pack, PackWriter


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

    def takes(self, size: int) -> bool:
        """Say whether a blob of `size` bytes goes into a pack."""
        return size <= self._largest

    def keep(self, oids: Iterable[Oid]) -> set[Oid]:
        """Return which of these blobs are in no pack: see `PackedBlobs.keep`."""
        return self._packed.keep(oids)

    def equals(self, oid: Oid, data: bytes) -> bool:
        """Say whether a blob that is in a pack holds these bytes."""
        return self._packed.equals(oid, data)

    def set_aside_damaged(self, oid: Oid) -> None:
        """Move packs out of the way in which a blob is damaged."""
        self._packed.set_aside_damaged(oid)

    def add(self, oid: Oid, data: bytes, naming: Naming) -> None:
        """Put a blob into the pack that is being written."""
        if self._writer is None:
            self._writer = PackWriter(self._staging.new_path(), self._algorithm)
        kind = Kind.TREE if is_tree(oid) else Kind.BLOB
        try:
            self._writer.add(kind, digest_of(oid), data)
        except OSError:
            self._writer = None  # It has discarded itself.
            raise
        if self._writer.is_full:
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
            self._packed.share(pack.path)
            naming.add(pack.path, self._packed.path(pack.id), pack.size)
            self._finished.append(pack)

    def named(self) -> None:
        """Take note that all packs that waited have got their names."""
        self._packed.learn(self._finished)
        self._finished = []

    def discard(self) -> None:
        """Give up the pack that is being written."""
        if self._writer is not None:
            self._writer.discard()
            self._writer = None
        self._finished = []
