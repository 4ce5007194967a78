"""Where large blobs are put together, so that another attempt finds what this one leaves."""

import os
import sys
import threading
import time
from contextlib import suppress

from dvclite.cache.cache import Cache
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.closing import Closing
from dvclite.files.locks import try_lock
from dvclite.hashing import Oid

_KEPT = 14 * 24 * 3600.0
"""Seconds after which what nobody went on with is removed."""


class Partials(Closing):
    """Files for large blobs on their way, at paths that are the same for every attempt.

    Each user of the cache has some, and one process at a time, by a lock of the kernel's; others
    do without. The lock is held until what was put together has its final name. Safe from many
    threads.
    """

    def __init__(self, cache: Cache) -> None:
        """Use a folder of `cache`, which is made when it is needed."""
        self._cache = cache
        self._folder = os.path.join(cache.root, "tmp", "partial", str(_user()))
        self._fd: int | None = None
        self._is_ours: bool | None = None
        self._lock = threading.Lock()
        if os.path.isdir(self._folder):
            with suppress(OSError):  # Who needs one is told.
                self._claim()

    def path(self, oid: Oid) -> str | None:
        """Return where to put a blob together; None where another process is at it.

        Raises:
            OSError: The folder cannot be used.
        """
        with self._lock:
            if self._is_ours is None:
                self._cache.loose.make_folder(self._folder)
                self._claim()
        path = os.path.join(self._folder, oid)
        return path if self._is_ours and _may_go_on(path) else None

    def has(self, oid: Oid) -> bool:
        """Say whether an earlier attempt left a part of a blob that can be gone on with."""
        return bool(self._is_ours) and os.path.exists(os.path.join(self._folder, oid))

    def close(self) -> None:
        """Let another process have them."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = self._is_ours = None

    def _claim(self) -> None:
        self._fd = changes.open_lock(os.path.join(self._folder, "lock"))
        self._is_ours = try_lock(self._fd)
        if self._is_ours:
            self._tidy()

    def _tidy(self) -> None:
        for name in os.listdir(self._folder):
            path = os.path.join(self._folder, name)
            try:
                if name != "lock" and self._is_over(name, path):
                    discard(path)
            except OSError:
                pass  # Nobody goes on with it, wherever it is.

    def _is_over(self, oid: str, path: str) -> bool:
        is_old = time.time() - os.lstat(path).st_mtime > _KEPT
        return is_old or self._cache.loose.find_in_place(Oid(oid)) is not None


def _user() -> int:
    if sys.platform == "win32":
        return 0  # A cache is not shared there.
    return os.getuid()


def _may_go_on(path: str) -> bool:
    """Say whether a file is absent or can be written; make it so where it was complete already."""
    try:
        if not os.access(path, os.W_OK):
            changes.set_mode(path, 0o600)
    except FileNotFoundError:
        pass
    except OSError:
        return False  # It is in the way, and no file of ours.
    return True
