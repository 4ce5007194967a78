"""Blobs lent to whoever reads files: verified before, or while they are read, and after."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dvclite.cache.loose import LooseBlobs, open_blob
from dvclite.cache.verifying import Verifier
from dvclite.cache.watch import Watch
from dvclite.errors import BlobCorruptError, BlobMissingError
from dvclite.files.copying import OnBytes, read_whole
from dvclite.hashing import TREE_SUFFIX, Algorithm, Oid, algorithm_of, hash_bytes

_LARGE = 8 << 20
"""Smaller blobs are verified before a thread has begun to run."""


@contextmanager
def lent(blobs: LooseBlobs, verifier: Verifier, oid: Oid, moved: OnBytes) -> Iterator[Path]:
    """Lend the file of a blob, as `Cache.lend` promises."""
    path = _path(blobs, oid)
    before = blobs.signature(oid)
    _verify(blobs, verifier, oid, path, moved)
    yield Path(path)
    if blobs.signature(oid) != before:
        _verify(blobs, verifier, oid, path, moved)


@contextmanager
def entrusted(
    blobs: LooseBlobs, verifier: Verifier, oid: Oid, moved: OnBytes
) -> Iterator[tuple[Path, OnBytes]]:
    """Lend the file of a blob to somebody who sends it, as `Cache.entrust` promises."""
    path = _path(blobs, oid)
    size = os.stat(path).st_size
    if size < _LARGE:
        with lent(blobs, verifier, oid, moved) as verified:
            yield verified, moved
        return

    def verify(told: OnBytes) -> None:
        if not _is_right(verifier, oid, path, told):
            raise BlobCorruptError(oid, blobs.root)

    watch = Watch(verify, lambda: blobs.signature(oid), size, moved)
    try:
        yield Path(path), watch.count
        watch.finish()
    except Exception:
        # Whoever sends may have made another error of it.
        if isinstance(watch.error, BlobCorruptError):
            raise _corrupt(blobs, oid, path) from None
        raise
    finally:
        watch.close()


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


def _path(blobs: LooseBlobs, oid: Oid) -> str:
    path = blobs.find(oid)
    if path is None:
        raise BlobMissingError([oid])
    return path


def _verify(blobs: LooseBlobs, verifier: Verifier, oid: Oid, path: str, moved: OnBytes) -> None:
    if not _is_right(verifier, oid, path, lambda _count: moved(0)):
        raise _corrupt(blobs, oid, path)


def _is_right(verifier: Verifier, oid: Oid, path: str, moved: OnBytes) -> bool:
    fd = open_blob(path)
    try:
        return verifier.holds(fd, oid, moved)
    finally:
        os.close(fd)


def _corrupt(blobs: LooseBlobs, oid: Oid, path: str) -> BlobCorruptError:
    return BlobCorruptError(oid, blobs.root, set_aside=blobs.set_aside(oid, path))
