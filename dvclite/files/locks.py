"""Locks that the kernel holds, and lets go of when their holder dies."""

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from dvclite.errors import LockTimeoutError
from dvclite.files import changes

_POLL = 0.02

# What file systems answer that have no locks. Nothing rests on locks alone: work goes on without.
_HAS_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})


@contextmanager
def hold(path: str, *, seconds: float = 60.0) -> Iterator[None]:
    """Hold the lock that rests on the file `path`, alone, while the block runs.

    Args:
        path: The lock's file, made if absent and never removed.
        seconds: How long to wait for another holder.

    Raises:
        LockTimeoutError: It was not to be had for so long.
    """
    fd = changes.open_lock(path)
    try:
        deadline = time.monotonic() + seconds
        while not try_lock(fd):
            if time.monotonic() > deadline:
                raise LockTimeoutError(path, seconds)
            time.sleep(_POLL)
        yield
    finally:
        os.close(fd)


def try_lock(fd: int) -> bool:
    """Take the lock that rests on an open file, alone, until it is closed.

    Returns:
        Whether that worked; False while somebody else holds it.
    """
    if sys.platform == "win32":
        return _try_lock_windows(fd)
    import fcntl

    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _HAS_NO_LOCKS:
            raise
    return True


def _try_lock_windows(fd: int) -> bool:
    import msvcrt

    try:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
    except OSError:
        return False
    return True
