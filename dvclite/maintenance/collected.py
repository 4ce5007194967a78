"""What a collection came to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection came to, or would.

    Attributes:
        blobs: How many blobs nobody needs.
        size: Their bytes.
        kept: How many blobs of other versions stay, since they are on no remote.
        kept_size: Their bytes.
        deleted: How many blobs left the disk, from the trash or at once.
        deleted_size: Their bytes.
        trash: How many blobs are in the trash afterwards.
        trash_size: Their bytes.
    """

    blobs: int = 0
    size: int = 0
    kept: int = 0
    kept_size: int = 0
    deleted: int = 0
    deleted_size: int = 0
    trash: int = 0
    trash_size: int = 0
