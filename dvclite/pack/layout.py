"""What lies where in a pack: entries as values, their written form, and the format's bounds."""

import re
from collections.abc import Iterable
from enum import IntEnum
from struct import Struct
from typing import Final, NamedTuple

from dvclite.hashing import BLAKE3, MD5, TREE_SUFFIX, XXH128, Algorithm, Oid, is_tree

TARGET: Final = 64 << 20
"""How large a pack is made, if there is enough to put into it."""

MOST_BYTES: Final = (1 << 32) - 1
"""How large a pack may be at most."""

MOST_ENTRIES: Final = 1 << 22
"""How many entries a pack may have at most."""

LARGEST: Final = 1 << 20
"""How large the content of a blob, tree or chunk in a pack may be."""

LARGEST_RECIPE: Final = 64 << 20
"""How large a recipe may be."""

MAGIC: Final = b"dvcpack\n"
ENTRY_MAGIC: Final = b"\x9aDVE"
VERSION: Final = 1

HEADER_SIZE: Final = 16
ENTRY_HEADER_SIZE: Final = 64
RECORD_SIZE: Final = 64
TRAILER_SIZE: Final = 64

DIGEST_SIZE: Final = 32
"""How much room there is for a digest. Shorter ones are followed by zero bytes."""

PREFIX: Final = "packs/"
"""What the key of every pack begins with."""

DESCRIPTION: Final = Struct("<BBHII32s")
"""What the checksum covers beside the stored bytes: kind, codec, zero, lengths, digest."""

_HEADER = Struct("<8sBB6x")
_KEY = re.compile(r"packs/([0-9a-f]{2})/(\1[0-9a-f]{62})")


class Kind(IntEnum):
    """What an entry is."""

    BLOB = 1
    TREE = 2
    CHUNK = 3
    BLOB_RECIPE = 4
    TREE_RECIPE = 5


class Codec(IntEnum):
    """How an entry's bytes are stored."""

    PLAIN = 0
    ZSTD = 1


class PackEntry(NamedTuple):
    """One thing in a pack. A NamedTuple, because a million of them pass by.

    Attributes:
        kind: What it is.
        digest: The hash of its content, or for a recipe of what the recipe makes; as long as the
            algorithm's, which for chunks is always blake3.
        codec: How it is stored.
        offset: Where its stored bytes begin in the pack.
        stored: How many bytes are stored.
        size: How many bytes that makes when they are taken out.
        checksum: XXH3-128 of the entry's description and its stored bytes.
    """

    kind: Kind
    digest: bytes
    codec: Codec
    offset: int
    stored: int
    size: int
    checksum: bytes

    @property
    def end(self) -> int:
        """Where the next entry begins."""
        return self.offset + self.stored


ALGORITHMS: Final = {1: BLAKE3, 2: XXH128, 3: MD5}
"""The numbers that stand for algorithms in a pack."""

_NUMBERS = {algorithm.name: number for number, algorithm in ALGORITHMS.items()}

BOUNDS: Final = {
    Kind.BLOB: LARGEST,
    Kind.TREE: LARGEST,
    Kind.CHUNK: LARGEST,
    Kind.BLOB_RECIPE: LARGEST_RECIPE,
    Kind.TREE_RECIPE: LARGEST_RECIPE,
}
"""How large the content of an entry may be."""


def digest_of(oid: Oid) -> bytes:
    """Return the digest by which a blob or tree stands in a pack."""
    digits = oid.removesuffix(TREE_SUFFIX)
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return digits.encode("ascii")  # An older kind of name, by which nothing is in a pack.


def kind_of(oid: Oid) -> Kind:
    """Return as what a blob or tree stands in a pack that has it whole."""
    return Kind.TREE if is_tree(oid) else Kind.BLOB


def by_kind(oids: Iterable[Oid]) -> list[tuple[Kind, dict[bytes, Oid]]]:
    """Return blobs and trees apart, by their digests."""
    blobs: dict[bytes, Oid] = {}
    trees: dict[bytes, Oid] = {}
    fromhex = bytes.fromhex
    for oid in oids:
        try:
            blobs[fromhex(oid)] = oid
        except ValueError:  # Which is quicker than to ask a million times.
            (trees if is_tree(oid) else blobs)[digest_of(oid)] = oid
    return [(kind, some) for kind, some in ((Kind.BLOB, blobs), (Kind.TREE, trees)) if some]


def oid_of(entry: PackEntry) -> Oid:
    """Return the name of what an entry holds, or of what its recipe makes."""
    if entry.kind in (Kind.TREE, Kind.TREE_RECIPE):
        return Oid(entry.digest.hex() + TREE_SUFFIX)
    return Oid(entry.digest.hex())


def digest_length(kind: Kind, algorithm: Algorithm) -> int:
    """Return how long the digest of an entry is in a pack of blobs named by `algorithm`."""
    return DIGEST_SIZE if kind == Kind.CHUNK else algorithm.digits // 2


def header(algorithm: Algorithm) -> bytes:
    """Return the bytes that a pack begins with."""
    return _HEADER.pack(MAGIC, VERSION, _NUMBERS[algorithm.name])


def key_of(pack_id: str) -> str:
    """Return where a pack lies, below the cache's folder or on a remote."""
    return f"{PREFIX}{pack_id[:2]}/{pack_id}"


def pack_at(key: str) -> str | None:
    """Return which pack lies at a key, or None if the key is not that of a pack."""
    match = _KEY.fullmatch(key)
    return match[2] if match else None
