"""A pack on its way to a remote."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from dvclite.compression import Judge
from dvclite.errors import DvcliteError
from dvclite.files.atomic import discard
from dvclite.hashing import Algorithm, BlobRef, is_tree
from dvclite.pack.layout import Codec, Kind, digest_of, kind_of, oid_of
from dvclite.pack.writer import Pack, PackWriter
from dvclite.remotestore.named import Named
from dvclite.remotestore.packs.tally import Tally


class StagingError(Exception):
    """The local disk cannot take what is on its way.

    Attributes:
        reason: What it says.
    """

    def __init__(self, reason: OSError) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(slots=True, eq=False)
class Draft:
    """A pack from its first entry until it has arrived, or failed.

    Attributes:
        writer: Writes it, or only counts what it would write.
        large: Large blobs that are complete on the remote when this arrives.
        count: How many blobs are complete then, with small ones that are in it.
        blobs_size: How many bytes these hold.
        content: How many bytes went in, before compression.
        chunks: The digests of the chunks that are in it.
        pack: What it came to; None while it is filled, and where it is only counted.
        has_arrived: Whether it is on the remote.
        error: Why it did not arrive.
    """

    writer: PackWriter | Tally
    large: list[Named] = field(default_factory=list)
    count: int = 0
    blobs_size: int = 0
    content: int = 0
    chunks: list[bytes] = field(default_factory=list)
    pack: Pack | None = None
    has_arrived: bool = False
    error: DvcliteError | OSError | None = None
    _paths: bytearray = field(default_factory=bytearray)

    @classmethod
    def new(cls, new_path: Callable[[], str], algorithm: Algorithm) -> "Draft":
        """Begin a pack at a path from `new_path`.

        Raises:
            StagingError: The disk is full or failing.
        """
        try:
            return cls(PackWriter(new_path(), algorithm))
        except OSError as error:
            raise StagingError(error) from error

    def add(self, kind: Kind, digest: bytes, data: bytes | memoryview, judge: Judge) -> int:
        """Put something in, compressed where that pays, and return its number.

        Raises:
            StagingError: The disk is full or failing.
        """
        smaller = judge.compressed(data)
        try:
            if smaller is not None and len(smaller) < len(data):
                number = self.writer.add(kind, digest, smaller, codec=Codec.ZSTD, size=len(data))
            else:
                number = self.writer.add(kind, digest, data)
        except OSError as error:
            raise StagingError(error) from error
        self.content += len(data)
        return number

    def add_small(self, blob: Named, data: bytes, judge: Judge) -> None:
        """Put a small blob in.

        Raises:
            StagingError: The disk is full or failing.
        """
        self.add(kind_of(blob.ref.oid), digest_of(blob.ref.oid), data, judge)
        # All else about it stands in the pack: half a million may have to be kept in mind.
        self._paths += blob.path.encode("utf-8", "surrogatepass") + b"\0"
        self.count += 1
        self.blobs_size += len(data)

    def add_recipe(self, blob: Named, size: int, recipe: bytes, judge: Judge) -> None:
        """Put the recipe of a large blob of `size` bytes in.

        Raises:
            StagingError: The disk is full or failing.
        """
        kind = Kind.TREE_RECIPE if is_tree(blob.ref.oid) else Kind.BLOB_RECIPE
        self.add(kind, digest_of(blob.ref.oid), recipe, judge)
        self.content = 0  # Its blobs' bytes were told of with their chunks.
        self.large.append(blob)
        self.count += 1
        self.blobs_size += size

    def blobs(self) -> Iterator[Named]:
        """Yield what is complete on the remote when this arrives."""
        yield from self.large
        assert self.pack is not None, "a pack is complete before it is sent"
        small = (entry for entry in self.pack.entries if entry.kind in (Kind.BLOB, Kind.TREE))
        for entry, path in zip(small, self._paths.split(b"\0"), strict=False):
            ref = BlobRef(oid_of(entry), entry.size)
            yield Named(path.decode("utf-8", "surrogatepass"), ref)

    def finish(self) -> None:
        """Complete the pack.

        Raises:
            StagingError: The disk is full or failing.
        """
        try:
            # It is gone when it has arrived, as a rule before the system writes it to the disk.
            self.pack = self.writer.finish(to_be_flushed=False)
        except OSError as error:
            raise StagingError(error) from error

    def discard(self) -> None:
        """Remove the file, finished or not."""
        self.writer.discard()
        if self.pack is not None:
            discard(self.pack.path)
