"""What a folder hands down to folders that are made in it, and not to those that are moved there."""

import os
import stat
import sys
from typing import NamedTuple

_ACCESS_RULES = "system.posix_acl_default"


class Inheritance(NamedTuple):
    """What new folders get from the one that they are made in.

    Attributes:
        group: Its group, if it is to be theirs.
        rules: Who else may do what in them, as the system keeps it.
    """

    group: int | None
    rules: bytes | None


def inheritance_of(folder: str) -> Inheritance:
    """Return what a folder hands down."""
    found = os.stat(folder)
    return Inheritance(found.st_gid if found.st_mode & stat.S_ISGID else None, _rules(folder))


def _rules(folder: str) -> bytes | None:
    if sys.platform != "linux":
        return None
    try:
        return os.getxattr(folder, _ACCESS_RULES)
    except OSError:  # There are none, or the file system has no such thing.
        return None
