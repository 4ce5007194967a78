"""Second copies of large files, written from memory while the first ones arrive.

Who needs a file in two places neither waits for one before the other is begun nor reads it again.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.flushing import Outflow
from dvclite.files.staging import Staging
from dvclite.hashing import Oid

_MOST = 4
"""How many are written at a time: a process may open few files."""


class Twin:
    """A second copy on its way: a sink for the bytes of the first, in their order.

    Nobody relies on it: what cannot be written makes it useless, and nothing else.

    Attributes:
        path: Where it is.
        size: How many bytes it has.
    """

    def __init__(self, path: str) -> None:
        """Begin a file at a path that nothing has yet.

        Raises:
            OSError: It cannot be made.
        """
        self.path = path
        self.size = 0
        self._fd: int | None = changes.create(path)
        self._outflow = Outflow(self._fd)

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        """Take in more bytes."""
        if self._fd is None:
            return
        try:
            changes.write(self._fd, data)
        except OSError:
            self.end()
            self.size = -1
            return
        self.size += len(data)
        self._outflow.add(len(data))

    def end(self) -> None:
        """Take in nothing more."""
        fd, self._fd = self._fd, None
        if fd is not None:
            try:
                changes.close(fd)
            except OSError:
                self.size = -1


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
        self._are_useful: Callable[[], bool] = bool
        self._begun: set[Twin] = set()
        self._complete: dict[Oid, str] = {}
        self._lock = threading.Lock()

    @contextmanager
    def made(self, are_useful: Callable[[], bool]) -> Iterator[None]:
        """Make some until the block ends, and remove those that nobody took then.

        Args:
            are_useful: Says whether there is anything to be gained; asked when one could begin.
        """
        with Staging(self._temporary) as staging:
            self._staging, self._are_useful = staging, are_useful
            try:
                yield
            finally:
                self._staging = None
                for twin in self._begun:
                    twin.end()
                self._begun.clear()
                self._complete.clear()

    def begin(self, path: str) -> Twin | None:
        """Begin a twin of what is going to be at a path, if that is of use."""
        with self._lock:
            staging = self._staging
            if staging is None or len(self._begun) >= _MOST or self._is_taken(path):
                return None
            if not self._are_useful():
                self._staging = None
                return None
            try:
                twin = Twin(staging.new_path())
            except OSError:
                return None  # Whoever has to write there is told.
            self._begun.add(twin)
            return twin

    def keep(self, twin: Twin, oid: Oid, size: int) -> None:
        """Have a twin of a blob of `size` bytes taken, now that it is known to be right."""
        self._end(twin)
        with self._lock:
            if twin.size == size:
                self._complete[oid] = twin.path

    def discard(self, twin: Twin) -> None:
        """Give a twin up."""
        self._end(twin)
        with suppress(OSError):  # It goes with the others, then.
            discard(twin.path)

    def take(self, oid: Oid, target: str, *, executable: bool) -> bool:
        """Move a twin of a blob to a path on its file system; return whether there was one."""
        with self._lock:
            path = self._complete.pop(oid, None)
        if path is None:
            return False
        try:
            if executable:
                mode = os.stat(path).st_mode & 0o777
                changes.set_mode(path, mode | (mode & 0o444) >> 2)
            changes.rename(path, target)
        except FileNotFoundError:
            return False  # Somebody tidied up who should not have.
        return True

    def _end(self, twin: Twin) -> None:
        twin.end()
        with self._lock:
            self._begun.discard(twin)

    def _is_taken(self, path: str) -> bool:
        return os.path.lexists(self._root / path)
