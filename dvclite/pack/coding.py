"""Taking bytes out of an entry, and proving that they are what it says."""

from blake3 import blake3
from xxhash import xxh3_128

from dvclite.compression import decompress
from dvclite.errors import PackDamagedError
from dvclite.hashing import BLAKE3, Algorithm, hash_bytes
from dvclite.pack.layout import DESCRIPTION, Codec, Kind, PackEntry

_RECIPES = (Kind.BLOB_RECIPE, Kind.TREE_RECIPE)


def describe(entry: PackEntry) -> bytes:
    """Return the description of an entry as it is written into a pack."""
    kind, digest, codec, _offset, stored, size, _checksum = entry
    return DESCRIPTION.pack(kind, codec, 0, stored, size, digest)


def checksum(description: bytes, stored: bytes | memoryview) -> bytes:
    """Return what guards an entry against accidents."""
    hasher = xxh3_128(description)
    hasher.update(stored)
    return hasher.digest()


def decode(
    entry: PackEntry,
    stored: bytes | memoryview,
    algorithm: Algorithm,
    *,
    trusted: bool = False,
    where: str = "",
) -> bytes:
    """Return the content of an entry, verified, as bytes of its own; see `verified`."""
    return bytes(verified(entry, stored, algorithm, trusted=trusted, where=where))


def verified(
    entry: PackEntry,
    stored: bytes | memoryview,
    algorithm: Algorithm,
    *,
    trusted: bool = False,
    where: str = "",
) -> bytes | memoryview:
    """Return the content of an entry, verified: the stored bytes themselves if they are plain.

    Args:
        entry: From the index of the pack.
        stored: Its stored bytes.
        algorithm: What the blobs of the pack are named by.
        trusted: Whether the pack was written by ourselves and guarded since, so that its checksum
            is proof enough. The hash of a recipe's content is in no entry: a recipe is proved by
            its checksum, and by the blob that it makes.
        where: The pack's name or path, for messages.

    Raises:
        PackDamagedError: It is not what the entry says.
    """
    if checksum(describe(entry), stored) != entry.checksum:
        raise _damaged(entry, where, "does not match its checksum")
    content: bytes | memoryview
    if entry.codec == Codec.PLAIN:
        content = stored
    else:
        try:
            content = decompress(bytes(stored), entry.size)
        except ValueError as error:
            raise _damaged(entry, where, "cannot be decompressed") from error
    if not trusted and not _is_named(entry, content, algorithm):
        raise _damaged(entry, where, "does not match its name")
    return content


def _is_named(entry: PackEntry, content: bytes | memoryview, algorithm: Algorithm) -> bool:
    kind, digest = entry[:2]
    if kind in _RECIPES:
        return True
    if kind == Kind.CHUNK or algorithm.name == BLAKE3.name:
        return blake3(content).digest() == digest  # Many times a second: without ado.
    return hash_bytes(content, algorithm) == digest.hex()


def _damaged(entry: PackEntry, where: str, reason: str) -> PackDamagedError:
    what = f"{entry.kind.name.lower().replace('_', ' ')} {entry.digest.hex()}"
    return PackDamagedError(where, f"the {what} at byte {entry.offset:,} {reason}")
