"""Second copies of large files, written from memory while the first ones arrive.

Who needs a file in two places neither waits for one before the other is begun nor reads it again.
"""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.flushing import Outflow
from dvclite.files.modes import runnable
from dvclite.files.staging import Staging
from dvclite.hashing import Oid

_MOST = 4
"""How many are written at a time: a process may open few files."""

_SPARE = 64 << 20
"""How many bytes are left to others."""


class Twin:
    """A second copy on its way: a sink for the bytes of the first, in their order.

    Nobody relies on it: what cannot be written makes it useless, and nothing else. Safe from many
    threads.

    Attributes:
        path: Where it is.
        expected: How many bytes it is going to have.
    """

    def __init__(self, path: str, expected: int) -> None:
        """Begin a file at a path that nothing has yet.

        Raises:
            OSError: It cannot be made.
        """
        self.path = path
        self.expected = expected
        self._size = 0
        self._fd: int | None = changes.create(path)
        self._outflow = Outflow(self._fd)
        self._lock = threading.Lock()

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        """Take in more bytes."""
        try:
            with self._lock:
                if self._fd is not None:
                    changes.write(self._fd, data)
                    self._outflow.add(len(data))
                    self._size += len(data)
        except (OSError, RuntimeError):  # The latter where no thread can be begun.
            self.discard()  # The first copy may need the room.

    def finish(self, size: int) -> bool:
        """Take in nothing more; say whether it has `size` bytes that survive a power cut."""
        try:
            with self._lock:
                is_whole = self._fd is not None and self._size == size
                if self._fd is not None:
                    # Who opens it later need not be told of what failed before.
                    changes.flush(self._fd)
                    self._close()
        except OSError:
            is_whole = False  # Nobody relies on it.
        if not is_whole:
            self.discard()
        return is_whole

    def discard(self) -> None:
        """Take in nothing more, and give up its room."""
        # What cannot be removed goes with the folder that it is in.
        with self._lock, suppress(OSError):
            try:
                self._close()
            finally:
                discard(self.path)

    def _close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            changes.close(fd)


class Twins:
    """Makes second copies of files that are on their way to the paths of a tree. For many threads."""

    def __init__(self, root: Path, temporary: Path) -> None:
        """Make none yet.

        Args:
            root: Where the tree is.
            temporary: A folder on the same file system.
        """
        self._root = root
        self._temporary = temporary
        self._staging: Staging | None = None
        self._are_useful: Callable[[], bool] = lambda: False
        self._begun: set[Twin] = set()
        self._complete: dict[Oid, str] = {}
        self._lock = threading.Lock()

    @contextmanager
    def made(self, are_useful: Callable[[], bool]) -> Iterator[None]:
        """Make some until the block ends, and remove those that nobody took then.

        Args:
            are_useful: Says whether there is anything to be gained; asked once, when one could
                begin.
        """
        with Staging(self._temporary) as staging:
            self._staging, self._are_useful = staging, cache(are_useful)
            try:
                yield
            finally:
                with self._lock:
                    self._staging = None
                    begun, self._begun, self._complete = self._begun, set(), {}
                for twin in begun:
                    twin.discard()

    def begin(self, path: str, size: int) -> Twin | None:
        """Begin a twin of what is going to be at a path, if that is of use and there is room.

        Args:
            path: From the root of the tree, with slashes.
            size: How many bytes it is going to have.
        """
        with self._lock:
            staging = self._staging
            if staging is None or len(self._begun) >= _MOST or self._is_taken(path):
                return None
            if not self._are_useful():
                return None
            try:
                if not self._has_room(size):
                    return None
                twin = Twin(staging.new_path(), size)
            except OSError:
                return None  # Whoever has to write there is told.
            self._begun.add(twin)
            return twin

    def keep(self, twin: Twin, oid: Oid, size: int) -> None:
        """Have a twin of a blob of `size` bytes taken, now that it is known to be right."""
        is_whole = twin.finish(size)
        with self._lock:
            self._begun.discard(twin)
            if is_whole:
                self._complete[oid] = twin.path

    def discard(self, twin: Twin) -> None:
        """Give a twin up."""
        twin.discard()
        with self._lock:
            self._begun.discard(twin)

    def take(self, oid: Oid, target: str, *, executable: bool) -> bool:
        """Move a twin of a blob to a path on its file system; return whether there was one."""
        with self._lock:
            path = self._complete.pop(oid, None)
        if path is None:
            return False
        try:
            if executable:
                changes.set_mode(path, runnable(os.stat(path).st_mode & 0o777))
            changes.rename(path, target)
        except FileNotFoundError:
            return False  # Somebody tidied up who should not have.
        return True

    def _has_room(self, size: int) -> bool:
        """Say whether the disk has room for a file and its twin, beside those that are on their way."""
        coming = size + sum(twin.expected for twin in self._begun)
        return shutil.disk_usage(self._root).free > 2 * coming + _SPARE

    def _is_taken(self, path: str) -> bool:
        return os.path.lexists(self._root / path)
