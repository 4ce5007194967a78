import pytest
from blake3 import blake3

from dvclite.compression import compress
from dvclite.hashing import BLAKE3, Oid, hash_bytes
from dvclite.pack.layout import Codec, Kind, digest_of
from dvclite.pack.writer import PackWriter

CONTENTS = [
    (Kind.BLOB, b""),
    (Kind.BLOB, b"hello\n"),
    (Kind.BLOB, b"squeeze me " * 1000),
    (Kind.TREE, b'{"tree":1}\n'),
    (Kind.CHUNK, bytes(range(256)) * 1024),
    (Kind.BLOB_RECIPE, b"a recipe of a blob"),
    (Kind.TREE_RECIPE, b"a recipe of a tree " * 100),
]


def add(writer, kind, content, algorithm):
    """Put content into a pack: under its own hash, where it is no recipe; smaller, where it can be."""
    hashed = blake3(content).hexdigest() if kind == Kind.CHUNK else hash_bytes(content, algorithm)
    squeezed = compress(content)
    if len(squeezed) < len(content):
        return writer.add(
            kind, digest_of(Oid(hashed)), squeezed, codec=Codec.ZSTD, size=len(content)
        )
    return writer.add(kind, digest_of(Oid(hashed)), content)


@pytest.fixture
def make(tmp_path):
    """Writes a pack: `make(contents, algorithm) -> Pack`."""

    def make(contents=tuple(CONTENTS), algorithm=BLAKE3, name="pack"):
        writer = PackWriter(tmp_path / name, algorithm)
        for kind, content in contents:
            add(writer, kind, content, algorithm)
        return writer.finish()

    return make


@pytest.fixture
def contents():
    """One content of every kind, some of which can be squeezed."""
    return list(CONTENTS)
