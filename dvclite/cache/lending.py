"""Blobs lent to whoever reads files: verified before and after."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dvclite.cache.loose import LooseBlobs, open_blob
from dvclite.errors import BlobCorruptError, BlobMissingError
from dvclite.files.copying import OnBytes, read, read_whole
from dvclite.hashing import READ_SIZE, TREE_SUFFIX, Algorithm, Oid, algorithm_of, hash_bytes


@contextmanager
def lent(blobs: LooseBlobs, algorithm: Algorithm, oid: Oid, moved: OnBytes) -> Iterator[Path]:
    """Lend the file of a blob, as `Cache.lend` promises."""
    path = blobs.find(oid)
    if path is None:
        raise BlobMissingError([oid])
    before = _verified(blobs, algorithm, oid, path, moved)
    yield Path(path)
    if blobs.signature(oid) != before:
        _verified(blobs, algorithm, oid, path, moved)


def read_small(blobs: LooseBlobs, algorithm: Algorithm, oid: Oid, most: int) -> bytes | None:
    """Return the bytes of a small blob, as `Cache.read_small` promises."""
    try:
        fd = open_blob(blobs.path(oid))
        try:
            size = os.fstat(fd).st_size
            if size > most:
                return None
            data = read_whole(fd, size)
        finally:
            os.close(fd)
    except OSError:
        return None
    is_right = hash_bytes(data, algorithm_of(oid, algorithm)) == oid.removesuffix(TREE_SUFFIX)
    return data if is_right else None


def _verified(
    blobs: LooseBlobs, algorithm: Algorithm, oid: Oid, path: str, moved: OnBytes
) -> object:
    """Return what tells whether a file changed, after its content was found to be right."""
    hasher = algorithm_of(oid, algorithm).new()
    before = blobs.signature(oid)
    fd = open_blob(path)
    try:
        size = os.fstat(fd).st_size
        if size <= READ_SIZE:
            hasher.update(read_whole(fd, size))
        else:
            read(fd, hasher, lambda _count: moved(0))
    finally:
        os.close(fd)
    if hasher.hexdigest() != oid.removesuffix(TREE_SUFFIX):
        raise BlobCorruptError(oid, blobs.root, set_aside=blobs.set_aside(oid, path))
    return before
