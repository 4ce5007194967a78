"""What measuring the cache came to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stored:
    """Things of one sort.

    Attributes:
        count: How many there are.
        size: How many bytes they take on the disk.
    """

    count: int
    size: int


@dataclass(frozen=True, slots=True)
class CacheSize:
    """How much there is in a cache, whoever needs it.

    Attributes:
        blobs: How many blobs there are, trees among them.
        size: How many bytes these hold.
        packs: The packs.
        packed: How many blobs are in packs; in two of them, twice.
        loose: The loose blobs.
        trash: The files in the trash.
        damaged: The files that were set aside.
        compressed: How many bytes compression saves in packs.
    """

    blobs: int
    size: int
    packs: Stored
    packed: int
    loose: Stored
    trash: Stored
    damaged: Stored
    compressed: int
