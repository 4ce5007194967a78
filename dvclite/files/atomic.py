"""Small files that are replaced whole or not at all."""

import os
import secrets

from dvclite.files import changes

PARTIAL_PREFIX = ".dvclite-partial-"
"""Begins the name of a file that is being written beside the one it will replace."""


def write_atomically(path: str | os.PathLike[str], data: bytes, *, mode: int = 0o666) -> None:
    """Make `path` hold `data`, so that a reader or a power cut meets the old content or the new.

    A symbolic link at `path` is written through, not replaced. An existing file keeps its mode.

    Args:
        path: The file. Its folder must exist.
        data: The whole content.
        mode: Permission bits of a new file, from which the umask is taken.
    """
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    partial = os.path.join(folder, PARTIAL_PREFIX + secrets.token_hex(8))
    existing = _mode_of(target)
    fd = changes.create(partial, mode=mode)
    try:
        try:
            changes.write(fd, data)
            changes.flush(fd)
        finally:
            changes.close(fd)
        if existing is not None:
            changes.set_mode(partial, existing)
        changes.rename(partial, target)
    except BaseException:
        discard(partial)
        raise
    flush_folder(folder)


def discard(path: str) -> None:
    """Remove a file of our own that has not got its final name, if it is still there."""
    try:
        changes.unlink(path)
    except FileNotFoundError:
        pass


def flush_folder(path: str) -> None:
    """Return when the names in a directory survive a power cut."""
    if os.name == "nt":
        return  # Windows journals names itself and cannot open a directory.
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        changes.flush(fd)
    finally:
        os.close(fd)


def _mode_of(path: str) -> int | None:
    try:
        return os.stat(path).st_mode & 0o7777
    except FileNotFoundError:
        return None
