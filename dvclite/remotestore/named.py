"""Blobs with the names that messages call them by."""

from typing import NamedTuple

from dvclite.hashing import BlobRef


class Named(NamedTuple):
    """A blob and a path that it stands for, among perhaps several.

    A NamedTuple, because a million of them pass by.
    """

    path: str
    ref: BlobRef
