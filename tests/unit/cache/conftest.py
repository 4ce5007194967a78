"""Caches with packs in them."""

import os
from pathlib import Path

import pytest

from dvclite.cache.cache import Cache
from dvclite.cache.layout import Kind
from dvclite.errors import BlobCorruptError, BlobMissingError
from dvclite.files.folder import Folder
from dvclite.formats.native import native
from dvclite.hashing import BLAKE3, BlobRef, Oid, hash_bytes
from dvclite.pack.reader import PackFile


class Caches:
    """One cache, as several repositories and processes open it."""

    def __init__(self, folder, algorithm=BLAKE3):
        self.algorithm = algorithm
        self.root = folder / "cache"
        self.files = folder / "files"
        self.files.mkdir(exist_ok=True)
        self.index = folder / "packs.db"

    def open(self, **how):
        """Return the cache as a new process sees it."""
        return Cache(self.root, native(self.algorithm), how.pop("index", self.index), **how)

    def oid(self, data):
        return Oid(hash_bytes(data, self.algorithm))

    def add(self, *contents, cache=None, lease=None):
        """Bring blobs in, as `add` does, and return their names."""
        cache = cache or self.open()
        if lease is None:
            with cache.lease() as lease:
                return self.add(*contents, cache=cache, lease=lease)
        with Folder.open(self.files) as folder, cache.writer(lease) as writer:
            for data in contents:
                path = self.files / "file"
                path.write_bytes(data)
                writer.save(folder, "file", os.stat(path))
        return [self.oid(data) for data in contents]

    def packs(self):
        """Return the packs that are in their places: their paths by their names."""
        return {path.name: path for path in sorted(self.root.glob("packs/*/*"))}

    def entries(self, path):
        with PackFile(path, path.name) as pack:
            return list(pack.entries())

    def copies(self, oid, where="packs"):
        """Return how often a blob is in packs below a folder of the cache."""
        paths = [path for path in self.root.glob(f"{where}/**/*") if path.is_file()]
        return sum(entry.digest.hex() == oid for path in paths for entry in self.entries(path))

    def content(self, oid, cache=None):
        """Return what a reader gets: bytes, or the error that it gets instead."""
        try:
            return (cache or self.open()).read(oid)
        except (BlobMissingError, BlobCorruptError) as error:
            return type(error)

    def laid_out(self, oid, cache=None):
        """Return what `checkout` gets: bytes, or the error that it gets instead."""
        target = self.files / "out"
        target.unlink(missing_ok=True)
        try:
            (cache or self.open()).lay_out(BlobRef(oid, -1), str(target), (Kind.COPY,), 0o666)
        except (BlobMissingError, BlobCorruptError) as error:
            assert not target.exists()
            return type(error)
        return target.read_bytes()

    def damage(self, path: Path, place):
        """Change one bit of a pack."""
        data = bytearray(path.read_bytes())
        data[place] ^= 1
        path.chmod(0o644)
        path.write_bytes(data)


@pytest.fixture
def caches(tmp_path):
    return Caches(tmp_path)


@pytest.fixture
def caches_of(tmp_path):
    return lambda algorithm: Caches(tmp_path, algorithm)
