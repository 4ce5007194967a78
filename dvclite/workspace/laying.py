"""Making many files out of packs, wherever that is done: here, or in a process that helps."""

import os

from dvclite.cache.packfiles import PackFiles
from dvclite.errors import DvcliteError
from dvclite.files import changes
from dvclite.files.folder import Folder
from dvclite.hashing import Algorithm
from dvclite.pack.index import Entries
from dvclite.packindex import Location
from dvclite.statcache.rows import signature

Order = tuple[str, bool, str, bytes]
"""A file to make: its name, whether it is executable, the pack that its content is in and where."""

Share = tuple[str, list[Order]]
"""Files to make in one folder, which is told as a path."""


def lay_all(
    files: PackFiles, algorithm: Algorithm, task: list[Share], _room: memoryview
) -> list[bytes | None]:
    """Make files in folders, and return their signatures; None for what could not be made."""
    signatures: list[bytes | None] = []
    for path, orders in task:
        try:
            with Folder.open(path) as folder:
                signatures += [_lay(files, algorithm, folder, order) for order in orders]
        except OSError:
            signatures += [None] * len(orders)
    return signatures


def _lay(files: PackFiles, algorithm: Algorithm, folder: Folder, order: Order) -> bytes | None:
    name, executable, pack, record = order
    (entry,) = Entries(record, algorithm)
    try:
        content = files.content(Location(pack, 0, entry), algorithm)
        fd = changes.create(name, mode=0o777 if executable else 0o666, folder=folder.fd)
    except (DvcliteError, OSError):
        return None
    try:
        try:
            changes.write(fd, content)
        finally:
            changes.close(fd)
        return signature(os.stat(name, dir_fd=folder.fd, follow_symlinks=False))
    except OSError:
        changes.unlink(name, folder=folder.fd)
        return None
