"""A pack on its way to a remote."""

from collections.abc import Callable
from dataclasses import dataclass, field

from dvclite.compression import Judge
from dvclite.errors import DvcliteError
from dvclite.files.atomic import discard
from dvclite.hashing import Algorithm
from dvclite.pack.layout import Codec, Kind
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
        blobs: What is complete on the remote when this arrives.
        blobs_size: How many bytes these hold.
        content: How many bytes went in, before compression.
        chunks: The digests of the chunks that are in it.
        pack: What it came to; None while it is filled, and where it is only counted.
        has_arrived: Whether it is on the remote.
        error: Why it did not arrive.
    """

    writer: PackWriter | Tally
    blobs: list[Named] = field(default_factory=list)
    blobs_size: int = 0
    content: int = 0
    chunks: list[bytes] = field(default_factory=list)
    pack: Pack | None = None
    has_arrived: bool = False
    error: DvcliteError | OSError | None = None

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

    def add(self, kind: Kind, digest: bytes, data: bytes, judge: Judge) -> int:
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

    def finish(self) -> None:
        """Complete the pack.

        Raises:
            StagingError: The disk is full or failing.
        """
        try:
            self.pack = self.writer.finish()
        except OSError as error:
            raise StagingError(error) from error

    def discard(self) -> None:
        """Remove the file, finished or not."""
        self.writer.discard()
        if self.pack is not None:
            discard(self.pack.path)
