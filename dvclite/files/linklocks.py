"""Locks that rest on hard links, for file systems whose own locks cannot be relied on.

Whoever makes the second link to a file of its own under the lock's name holds the lock. Other
programs that lock so take one whose time is over for given up, and look for the name of its
holder's file in it.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from dvclite.errors import LockTimeoutError
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.owners import is_left_behind, own_name

_POLL = 0.05
_LIFETIME = 365 * 24 * 3600.0
_SLOP = 10.0
_LONGEST_NAME = 4096


@contextmanager
def hold_by_link(path: str, *, seconds: float) -> Iterator[None]:
    """Hold the lock `path`, alone, while the block runs.

    Args:
        path: The lock's file; its folder exists.
        seconds: How long to wait for another holder.

    Raises:
        LockTimeoutError: It was not to be had for so long.
    """
    claim = os.path.join(os.path.dirname(path), own_name())
    fd = changes.create(claim)
    try:
        changes.write(fd, os.fsencode(claim))
    finally:
        changes.close(fd)
    try:
        _wait(claim, path, seconds)
        try:
            yield
        finally:
            discard(path)
    finally:
        discard(claim)


def _wait(claim: str, path: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        changes.touch(claim, ahead=_LIFETIME)
        try:
            changes.link(claim, path)
        except FileExistsError:
            if _is_given_up(path):
                discard(path)
                continue
        else:
            return
        if time.monotonic() > deadline:
            raise LockTimeoutError(path, seconds)
        time.sleep(_POLL)


def _is_given_up(path: str) -> bool:
    """Say whether a lock's time is over, or the process gone that held it."""
    try:
        over = time.time() > os.stat(path).st_mtime + _SLOP
        with open(path, "rb") as stream:
            holder = os.path.basename(os.fsdecode(stream.read(_LONGEST_NAME)))
    except FileNotFoundError:
        return False
    return over or is_left_behind(holder, path)
