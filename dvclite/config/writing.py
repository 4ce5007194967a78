"""Writing a config file: whole or not at all, and private where it is a user's own."""

import os
import stat
from pathlib import Path

from dvclite.config.ini import Document
from dvclite.config.places import LARGEST
from dvclite.config.setting import Level
from dvclite.errors import ConfigError, FileAccessError
from dvclite.files import changes
from dvclite.files.atomic import write_atomically
from dvclite.files.reading import read_small
from dvclite.files.staging import make_folder

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OUTSIDE = frozenset({Level.SYSTEM, Level.GLOBAL})
_PRIVATE = frozenset({Level.GLOBAL, Level.MAIN_WORKTREE, Level.LOCAL})


def write_document(path: Path, document: Document, level: Level, *, secret: bool = False) -> None:
    """Replace a config file by what a document says, unless it says so already.

    Args:
        path: The file.
        document: What it shall hold.
        level: Whose file it is: those of a user are made so that nobody else can read them.
        secret: Whether to take away others' right to read a file that is there.

    Raises:
        ConfigError: It must not be written.
        FileAccessError: The system does not let us write it.
    """
    data = document.text.encode("utf-8")
    if len(data) > LARGEST:
        raise ConfigError(f"{path} would become larger than {LARGEST:,} bytes")
    if level not in _OUTSIDE and path.is_symlink():
        raise ConfigError(
            f"{path} is a symbolic link, and might lead anywhere",
            hint="edit the file that it leads to, or put a file in its place",
        )
    try:
        is_users = level in _OUTSIDE and level in _PRIVATE
        make_folder(path.parent, mode=0o700 if is_users else 0o777)
        if secret and level in _PRIVATE:
            _close_to_others(path)
        if read_small(path, largest=LARGEST) != data:
            mode = 0o600 if level in _PRIVATE else 0o666
            write_atomically(path, data, mode=mode, follow=level in _OUTSIDE)
    except OSError as error:
        raise FileAccessError(str(path), error.strerror or str(error)) from error


def _close_to_others(path: Path) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return
    if mode & _OTHERS and os.name != "nt":
        changes.set_mode(str(path), mode & ~_OTHERS)
