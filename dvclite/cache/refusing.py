"""Caches that this user may not write to."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import Final

from dvclite.errors import FileAccessError

READ_ONLY: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
"""What says that a cache cannot be changed by this user."""


@contextmanager
def told_of(root: str | PathLike[str]) -> Iterator[None]:
    """Say of the cache in `root`, where it refuses a change, that it is not writable.

    Raises:
        FileAccessError: In place of an OSError of the block that says so.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in READ_ONLY:
            raise
        raise FileAccessError(
            str(root),
            "the cache is not writable",
            hint="ask its owner for write permission, or set another place with `dvclite cache dir`",
        ) from error
