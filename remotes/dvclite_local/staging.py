"""Where files lie in a remote before they have their keys."""

import os
import threading
from pathlib import Path

from dvclite.files import changes
from dvclite.files.staging import Staging, sweep
from dvclite_local.partial import BLOB_MODE, Partial, Target, protect
from dvclite_local.root import Root

# No key begins with a dot, so that no listing ever shows it.
_FOLDER = ".dvclite-tmp"
_PLAIN = 0o777

_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)


class RemoteStaging:
    """A process's own folder in a remote, made when first needed, after those of dead ones went."""

    def __init__(self, root: Root) -> None:
        """Plan a staging folder below `root`."""
        self._root = root
        self._path = root.full(_FOLDER)
        self._lock = threading.Lock()
        self._staging: Staging | None = None

    @property
    def lock_path(self) -> str:
        """The file to lock where the file system cannot tell whether a name is taken."""
        return os.path.join(self._path, "if-absent.lock")

    def new(self, target: Target) -> Partial:
        """Make a new file that shall become `target`."""
        path, fd = self._create()
        return Partial(path, fd, target)

    def place(self) -> str:
        """Return the folder that all of them are in, made if it is absent."""
        with self._lock:
            if self._staging is None:
                self._staging = self._begin()
        return self._path

    def new_folder(self) -> str:
        """Return the path of a new folder, for files that are written by `write_file`."""
        staging, path = self._new_path()
        try:
            changes.make_folder(path)
        except FileNotFoundError:
            self._forget(staging)
            _, path = self._new_path()
            changes.make_folder(path)
        return path

    def remove_folder(self, path: str) -> None:
        """Remove such a folder with all that is in it; what resists is left to a sweep."""
        if self._staging is not None:
            self._staging.remove_folder(path)

    def link(self, source: Path, target: Target) -> Partial | None:
        """Let a file that nobody changes become `target`, without a copy of it; None if it cannot."""
        if os.name == "nt" or self._root.folder_mode != _PLAIN:
            return None  # Windows flushes only what may be changed; others want it as their own.
        try:
            _, path = self._new_path()
            changes.link(os.fspath(source), path)
        except OSError:
            return None  # As a rule, it is on another disk.
        return Partial(path, os.open(path, _READ), target)

    def close(self) -> None:
        """Remove the folder with all that is still in it."""
        with self._lock:
            staging, self._staging = self._staging, None
        if staging is not None:
            staging.close()

    def _create(self) -> tuple[str, int]:
        staging, path = self._new_path()
        try:
            return path, changes.create(path, mode=BLOB_MODE)
        except FileNotFoundError:
            # Another machine has not seen us write for a day and took us for dead.
            self._forget(staging)
            _, path = self._new_path()
            return path, changes.create(path, mode=BLOB_MODE)

    def _new_path(self) -> tuple[Staging, str]:
        with self._lock:
            if self._staging is None:
                self._staging = self._begin()
            return self._staging, self._staging.new_path()

    def _begin(self) -> Staging:
        with self._root.writing(_FOLDER):
            pass  # It is there now, and no link.
        sweep(self._path)
        return Staging(self._path, mode=self._root.folder_mode)

    def _forget(self, staging: Staging) -> None:
        with self._lock:
            if self._staging is staging:
                self._staging = None


def write_file(path: str, data: bytes) -> None:
    """Make a new file that holds `data`, as a key's file does."""
    fd = changes.create(path, mode=BLOB_MODE)
    try:
        changes.write(fd, data)
        protect(path, fd)
    finally:
        changes.close(fd)
