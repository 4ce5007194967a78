"""A file on its way into a remote, until it has its name."""

import errno
import os
import stat
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from dvclite.errors import KeyExistsError, LockTimeoutError, RemoteUnavailableError
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.folder import Folder
from dvclite.files.locks import hold
from dvclite_local.root import Root

# Windows neither replaces nor removes a file that is read-only.
BLOB_MODE = 0o444 if os.name != "nt" else 0o666

_CANNOT_LINK = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def protect(path: str, fd: int) -> None:
    """Let everybody read a file, open as `fd`, who may enter its folder, and nobody write to it."""
    if os.name != "nt" and stat.S_IMODE(os.fstat(fd).st_mode) != BLOB_MODE:
        changes.set_mode(path, BLOB_MODE)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a file is to end up.

    Attributes:
        url: The remote's address, for messages.
        key: The whole key.
        root: The remote's folder.
        below: The part of the key that says in which folder below the root.
        folder: That folder, open.
        name: The rest of the key.
        if_absent: Whether the key may not be there yet.
        lock: What to lock where the file system cannot tell whether a name is taken.
    """

    url: str
    key: str
    root: Root
    below: str
    folder: Folder
    name: str
    if_absent: bool
    lock: str


class Partial:
    """A new file in staging, removed when its block ends before it has its name."""

    def __init__(self, path: str, fd: int, target: Target) -> None:
        """Take over the new file `path`, open as `fd`."""
        self.fd = fd
        self._path = path
        self._target = target
        self._is_open = True
        self._is_there = True

    def protect(self) -> None:
        """Let everybody read the file who may enter its folder, and nobody write to it."""
        protect(self._path, self.fd)

    def finish(self) -> None:
        """Return when the file survives a power cut under its key.

        Raises:
            KeyExistsError: The key may not be there yet, and is.
        """
        target = self._target
        changes.flush(self.fd)
        self._close()
        if target.if_absent:
            self._claim_name()
        else:
            self._take_name()
        target.root.flush_names(target.below, target.folder)

    def _close(self) -> None:
        self._is_open = False
        changes.close(self.fd)

    def _take_name(self) -> None:
        self._target.folder.take(self._path, self._target.name)
        self._is_there = False

    def _claim_name(self) -> None:
        folder = self._target.folder
        try:
            changes.link(self._path, folder.at(self._target.name), target_folder=folder.fd)
        except FileExistsError as error:
            # Over NFS a link that was made may look like one that somebody else made, if the
            # server's first answer was lost on the way.
            if os.stat(self._path).st_nlink < 2:
                raise KeyExistsError(self._target.url, self._target.key) from error
        except OSError as error:
            if error.errno not in _CANNOT_LINK:
                raise
            self._claim_name_under_lock()

    def _claim_name_under_lock(self) -> None:
        target = self._target
        try:
            with hold(target.lock):
                if target.folder.lstat(target.name) is not None:
                    raise KeyExistsError(target.url, target.key)
                self._take_name()
        except LockTimeoutError as error:
            raise RemoteUnavailableError(
                target.url,
                "another process holds the remote's lock for too long",
                key=target.key,
                hint="try again",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._is_open:
                self._close()
            if self._is_there:
                discard(self._path)
        except OSError:
            # What stays behind is swept once this process has ended; nobody takes it for a blob.
            pass
