"""Links and clones, where the file system has them."""

import errno
import os

from dvclite.files import changes

_CANNOT_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS})


def try_link(path: str, target: str, *, symbolic: bool = False) -> bool:
    """Make `target` a link to a file, and return whether that is possible there.

    Args:
        path: The file.
        target: A path that nothing has yet.
        symbolic: Whether to make a symbolic link rather than a second name.
    """
    try:
        if symbolic:
            changes.symlink(os.path.abspath(path), target)
        else:
            changes.link(path, target)
    except OSError as error:
        if error.errno in _CANNOT_LINK:
            return False
        raise
    return True


def can_clone(source: str, target: str) -> bool:
    """Say whether a new file at `target`, which nothing has yet, shares the blocks of `source`.

    Raises:
        OSError: It cannot be made.
    """
    ours = changes.create(target)
    try:
        with open(source, "rb") as stream:
            return changes.clone(stream.fileno(), ours)
    finally:
        changes.close(ours)
