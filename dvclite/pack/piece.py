"""Pieces of packs that are made elsewhere: small blobs, each behind the header it has in a pack."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dvclite.hashing import Oid
from dvclite.pack.coding import checksum
from dvclite.pack.layout import DESCRIPTION, ENTRY_HEADER_SIZE, ENTRY_MAGIC, Codec, Kind


class Piece(NamedTuple):
    """Blobs one behind the other, as a pack may hold them.

    Attributes:
        oids: Their names.
        sizes: Their sizes in bytes.
        data: Their entries.
    """

    oids: Sequence[Oid]
    sizes: Sequence[int]
    data: bytes

    def blobs(self) -> Iterator[tuple[Oid, bytes]]:
        """Yield the blobs."""
        place = 0
        for oid, size in zip(self.oids, self.sizes, strict=True):
            place += ENTRY_HEADER_SIZE
            yield oid, self.data[place : place + size]
            place += size


def write_header(room: memoryview, digest: bytes, size: int) -> None:
    """Write the header of a plain blob into the room before its bytes.

    Args:
        room: Room for a header, and behind it the blob.
        digest: The blob's name.
        size: How many bytes it has.
    """
    description = DESCRIPTION.pack(Kind.BLOB, Codec.PLAIN, 0, size, size, digest)
    guard = checksum(description, room[ENTRY_HEADER_SIZE : ENTRY_HEADER_SIZE + size])
    room[:ENTRY_HEADER_SIZE] = ENTRY_MAGIC + description + guard
