"""Making many files out of the cache, wherever that is done: here, or in a process that helps."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from dvclite.cache.loose import open_blob
from dvclite.cache.packfiles import PackFiles
from dvclite.errors import DvcliteError
from dvclite.files import changes
from dvclite.files.copying import read_whole
from dvclite.files.folder import Folder
from dvclite.hashing import Algorithm, Oid, algorithm_of, hash_bytes
from dvclite.pack.index import Entries
from dvclite.pack.layout import LARGEST
from dvclite.packindex import Location
from dvclite.statcache.rows import signature

Order = tuple[str, bool, str, bytes]
"""A file to make: its name, whether it is executable, and the pack that its content is in and where.

Of what is in a file of its own, there is no pack, and an oid instead of a place.
"""

Share = tuple[str, list[Order]]
"""Files to make in one folder, which is told as a path."""

NOT_TRIED = b""
"""The signature of a file that is not made, as it is large: whoever asked does that sooner."""


@dataclass(slots=True)
class Stock:
    """Where contents come from, for one process.

    Attributes:
        packs: Packs, which it opens itself.
        path: Says where a blob belongs that has a file of its own.
        algorithm: What blobs are named by.
        may_clone: Whether files may share their blocks with blobs, until it turns out that none can.
    """

    packs: PackFiles
    path: Callable[[Oid], str]
    algorithm: Algorithm
    may_clone: bool


def lay_all(stock: Stock, task: list[Share], _room: memoryview) -> list[bytes | None]:
    """Make files in folders, and return their signatures; None for what could not be made."""
    signatures: list[bytes | None] = []
    for path, orders in task:
        try:
            with Folder.open(path) as folder:
                signatures += [_lay(stock, folder, order) for order in orders]
        except OSError:
            signatures += [None] * len(orders)
    return signatures


def _lay(stock: Stock, folder: Folder, order: Order) -> bytes | None:
    name, executable, pack, record = order
    mode = 0o777 if executable else 0o666
    try:
        if not pack:
            return _lay_loose(stock, folder, (name, mode), Oid(record.decode("ascii")))
        (entry,) = Entries(record, stock.algorithm)
        content = stock.packs.content(Location(pack, 0, entry), stock.algorithm)
        return _made(folder, (name, mode), lambda fd: changes.write(fd, content))
    except (DvcliteError, OSError):
        return None


def _lay_loose(stock: Stock, folder: Folder, new: tuple[str, int], oid: Oid) -> bytes | None:
    source = open_blob(stock.path(oid))
    try:
        size = os.fstat(source).st_size
        if size > LARGEST:
            return NOT_TRIED
        content = read_whole(source, size)
        if hash_bytes(content, algorithm_of(oid, stock.algorithm)) != oid:
            return None

        def fill(fd: int) -> None:
            if stock.may_clone:
                stock.may_clone = changes.clone(source, fd)
            if not stock.may_clone:
                changes.write(fd, content)

        return _made(folder, new, fill)
    finally:
        os.close(source)


def _made(folder: Folder, new: tuple[str, int], fill: Callable[[int], None]) -> bytes:
    """Make a file of a name and mode, and return its signature."""
    name, mode = new
    fd = changes.create(name, mode=mode, folder=folder.fd)
    try:
        try:
            fill(fd)
        finally:
            changes.close(fd)
        return signature(os.stat(name, dir_fd=folder.fd, follow_symlinks=False))
    except OSError:
        changes.unlink(name, folder=folder.fd)
        raise
