"""Files with a given content, for tests to send and to damage."""

import os
from pathlib import Path

from dvclite.files import changes
from dvclite.files.atomic import discard


def write_file(path: Path, data: bytes) -> Path:
    """Make `path` a new file that holds `data`, in place of whatever had the name; return it."""
    discard(os.fspath(path))
    fd = changes.create(os.fspath(path))
    try:
        changes.write(fd, data)
    finally:
        changes.close(fd)
    return path
