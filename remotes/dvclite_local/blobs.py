"""Reading the files that keys lead to."""

import errno
import os
import stat

from dvclite.files.folder import Folder

# What systems answer to the opening of a link, a socket or a folder as a file.
_NO_FILE = frozenset({errno.ELOOP, errno.ENXIO, errno.ENOTDIR, errno.EISDIR})


def open_blob(folder: Folder, name: str) -> tuple[int, os.stat_result] | None:
    """Open a file of a folder, and return its descriptor and stat; None if no file is there."""
    try:
        fd = folder.open_file(name)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in _NO_FILE:
            return None
        raise
    found = os.fstat(fd)
    if stat.S_ISREG(found.st_mode):
        return fd, found
    os.close(fd)
    return None


def read_part(fd: int, wanted: int) -> bytes:
    """Return so many bytes of an open file, fewer where it ends."""
    pieces = []
    while wanted > 0 and (piece := os.read(fd, wanted)):
        pieces.append(piece)
        wanted -= len(piece)
    return b"".join(pieces)
