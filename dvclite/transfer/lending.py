"""Blobs of the cache, on their way to a remote: verified before and after."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dvclite.cache.cache import Cache
from dvclite.errors import BlobCorruptError, BlobMissingError
from dvclite.files.copying import OnBytes, read, read_whole
from dvclite.hashing import READ_SIZE, TREE_SUFFIX
from dvclite.remotestore.named import Named

_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


@contextmanager
def lent(cache: Cache, blob: Named, moved: OnBytes) -> Iterator[Path]:
    """Lend the file of a blob, which holds what it should from the beginning of the block to its end.

    Where files of the workspace are links into the cache, a program may write through one of them
    at any moment.

    Args:
        cache: Where the blob is.
        blob: The blob.
        moved: Is called with 0 while the file is read, and may raise to interrupt.

    Raises:
        BlobMissingError: It is not in the cache.
        BlobCorruptError: It is not what its name says, and was set aside.
    """
    path = cache.loose.find(blob.ref.oid)
    if path is None:
        raise BlobMissingError([blob.path])
    before = _verified(cache, blob, path, moved)
    yield Path(path)
    if _signature(os.stat(path)) != before:
        _verified(cache, blob, path, moved)


def _verified(cache: Cache, blob: Named, path: str, moved: OnBytes) -> tuple[int, ...]:
    """Return what tells whether a file changed, after its content was found to be right."""
    hasher = cache.format.algorithm.new()
    fd = os.open(path, _READ)
    try:
        stat = os.fstat(fd)
        if stat.st_size <= READ_SIZE:
            hasher.update(read_whole(fd, stat.st_size))
        else:
            read(fd, hasher, lambda _count: moved(0))
    finally:
        os.close(fd)
    oid = blob.ref.oid
    if hasher.hexdigest() != oid.removesuffix(TREE_SUFFIX):
        raise BlobCorruptError(oid, str(cache.root), set_aside=cache.loose.set_aside(oid, path))
    return _signature(stat)


def _signature(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
