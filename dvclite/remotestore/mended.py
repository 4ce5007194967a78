"""What was done about what is damaged on a remote."""

import os
from dataclasses import dataclass, field

from dvclite.errors import KeyMissingError
from dvclite.hashing import READ_SIZE, BlobRef, Oid
from dvclite.remote import Remote


@dataclass(slots=True)
class Mended:
    """What was done about what is damaged on a remote, until what is lost is pushed again.

    Attributes:
        actions: What was done, by the name of a pack or of a blob that lies loose.
        doubtful: Blobs that are perhaps not there any more.
        leaving: The keys of what is damaged, and is to go in the end, with the paths of copies.
    """

    actions: dict[str, str] = field(default_factory=dict)
    doubtful: dict[Oid, BlobRef] = field(default_factory=dict)
    leaving: dict[str, str] = field(default_factory=dict)


def delete_unchanged(remote: Remote, copies: dict[str, str]) -> None:
    """Delete keys that hold what they held when they were copied.

    What has been put in the place of something damaged meanwhile, by ourselves or by others, stays.

    Args:
        remote: Where.
        copies: Keys, with the paths of the copies.

    Raises:
        RemoteError: The remote did not answer.
        OSError: A copy cannot be read.
    """
    remote.delete([key for key, path in copies.items() if _is_unchanged(remote, key, path)])


def _is_unchanged(remote: Remote, key: str, path: str) -> bool:
    try:
        if remote.stat(key) != os.stat(path).st_size:
            return False
        with open(path, "rb") as copy:
            while piece := copy.read(4 * READ_SIZE):
                if remote.read(key, copy.tell() - len(piece), len(piece)) != piece:
                    return False
    except KeyMissingError:
        return False
    return True
