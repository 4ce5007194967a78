"""What the operating system says, in the words of the contract."""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from dvclite.errors import (
    AccessDeniedError,
    RemoteError,
    RemoteSetupError,
    RemoteUnavailableError,
)

_FULL = {
    errno.ENOSPC: "its disk is full",
    getattr(errno, "EDQUOT", -1): "its disk quota is used up",
}
_LOST = frozenset({errno.EIO, getattr(errno, "ESTALE", -1)})
_NO_FOLDER = frozenset({errno.ENOTDIR, errno.ELOOP})


@contextmanager
def translated(url: str, key: str, path: str) -> Iterator[None]:
    """Turn the errors of the operating system into those that may leave a remote.

    Args:
        url: The remote's address.
        key: What was asked for; empty if that was nothing in particular.
        path: The file that is read, or the folder that is written to.

    Raises:
        AccessDeniedError: The file system refuses.
        RemoteSetupError: There is no folder where one has to be.
        RemoteUnavailableError: Anything else.
    """
    try:
        yield
    except OSError as error:
        raise _translation(error, url, key, path) from error


def _translation(error: OSError, url: str, key: str, path: str) -> RemoteError:
    reason = error.strerror or str(error)
    if isinstance(error, PermissionError):
        return AccessDeniedError(
            url,
            f"permission denied: {_ownership(_refused(error, path))}",
            key=key,
            hint="ask its owner for access; a folder that a group writes to needs `shared = group`",
        )
    if error.errno == errno.EROFS:
        return AccessDeniedError(
            url, f"{path} is mounted read-only", key=key, hint="mount it for writing"
        )
    if error.errno in _NO_FOLDER:
        return RemoteSetupError(
            url,
            f"{error.filename or path} is not a folder",
            key=key,
            hint="links inside a remote are not followed: move the folder itself there, or mount it",
        )
    if error.errno in _FULL:
        hint = f"free some space in {path}, then run the same command again"
        return RemoteUnavailableError(url, _FULL[error.errno], key=key, hint=hint)
    hint = "see whether its disk is healthy and its share still mounted, then try again"
    return RemoteUnavailableError(
        url, reason, key=key, hint=hint if error.errno in _LOST else "try again"
    )


def _refused(error: PermissionError, path: str) -> str:
    # Of two names, as in a renaming, the error does not tell which was refused.
    name = error.filename if error.filename2 is None else None
    return name if isinstance(name, str) and os.path.isabs(name) else path


def _ownership(path: str) -> str:
    """Tell who owns `path`, or the nearest thing above it that can be looked at."""
    while True:
        try:
            found = os.lstat(path)
        except OSError:
            above = os.path.dirname(path)
            if above == path:
                return path
            path = above
        else:
            mode = stat.S_IMODE(found.st_mode)
            return f"{path} belongs to {_user(found.st_uid)} and has mode {mode:04o}"


def _user(number: int) -> str:
    if sys.platform == "win32":
        return "somebody else"
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
