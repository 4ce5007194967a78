"""Names for bytes: the hash algorithms a repository may use, and blobs named by them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import BinaryIO, NamedTuple, NewType, Protocol

from dvclite.errors import UnknownAlgorithmError

Oid = NewType("Oid", str)
"""A blob's name: its hash in lower-case hex; a tree's ends in `.dir`."""

TREE_SUFFIX = ".dir"

READ_SIZE = 1 << 20
"""How many bytes are read at a time. Larger reads fall out of the processor's cache."""


class Sink(Protocol):
    """What takes bytes in, in their order."""

    def update(self, data: bytes | bytearray | memoryview, /) -> object:
        """Take in more bytes."""


class Hasher(Sink, Protocol):
    """An incremental hash."""

    def hexdigest(self) -> str:
        """The hash of all bytes so far, in lower-case hex."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A hash algorithm that blobs can be named by.

    Attributes:
        name: As written in pointers and in the repository's config.
        digits: The length of an oid in hex digits, without a tree's suffix.
        cryptographic: Whether nobody can make two blobs with one oid. Where it is false,
            an oid protects against accidents only.
        new: Makes an empty hasher. What it returns begins with `mark`.
        slow: Whether it takes so much longer than blake3 that large blobs are proved by that where
            possible.
        mark: What its oids begin with; empty for all but algorithms that are no longer used.
        older: What the oids were made with that pointers hold without a word about it.
        other: What the repository's other format makes oids with, if it has been of two.
        other_mark: What oids of that format begin with here, in place of nothing.
    """

    name: str
    digits: int
    cryptographic: bool
    new: Callable[[], Hasher]
    slow: bool = False
    mark: str = ""
    older: "Algorithm | None" = field(default=None, compare=False)
    other: "Algorithm | None" = field(default=None, compare=False)
    other_mark: str = field(default="", compare=False)


class BlobRef(NamedTuple):
    """Bytes by name and length: the unit that is planned, moved, counted and shown.

    A NamedTuple, because a million of them pass by. `size` is -1 where a format does not record it.
    """

    oid: Oid
    size: int


def _blake3() -> Hasher:
    from blake3 import blake3

    return blake3()


def _xxh128() -> Hasher:
    from xxhash import xxh3_128

    return xxh3_128()


def _md5() -> Hasher:
    import hashlib

    return hashlib.md5(usedforsecurity=False)


BLAKE3 = Algorithm("blake3", 64, cryptographic=True, new=_blake3)
XXH128 = Algorithm("xxh128", 32, cryptographic=False, new=_xxh128)
MD5 = Algorithm("md5", 32, cryptographic=False, new=_md5, slow=True)

_ALGORITHMS = {algorithm.name: algorithm for algorithm in (BLAKE3, XXH128, MD5)}
ALGORITHM_NAMES = tuple(_ALGORITHMS)
"""What algorithms are called in pointers."""


def algorithm(name: str) -> Algorithm:
    """Return the algorithm of that name.

    Raises:
        UnknownAlgorithmError: There is none.
    """
    try:
        return _ALGORITHMS[name]
    except KeyError:
        raise UnknownAlgorithmError(name, sorted(_ALGORITHMS)) from None


def algorithm_of(oid: Oid, algorithm: Algorithm) -> Algorithm:
    """Return what an oid was made with, in a repository that uses `algorithm`."""
    other = algorithm.other
    if other is not None and oid.startswith(algorithm.other_mark):
        own = Oid(oid[len(algorithm.other_mark) :])
        return _marked(algorithm_of(own, other), algorithm.other_mark)
    older = algorithm.older
    return older if older is not None and oid.startswith(older.mark) else algorithm


def is_foreign(oid: Oid, algorithm: Algorithm) -> bool:
    """Say whether an oid is one of the repository's other format."""
    return algorithm.other is not None and oid.startswith(algorithm.other_mark)


class _Marking:
    """An incremental hash whose result begins with a mark."""

    def __init__(self, new: Callable[[], Hasher], mark: str) -> None:
        self._hasher = new()
        self._mark = mark
        self.update = self._hasher.update

    def hexdigest(self) -> str:
        return self._mark + self._hasher.hexdigest()


class Hashers:
    """Several incremental hashes of the same bytes, as one.

    Attributes:
        hashers: All of them. The first tells the result, and is the slowest.
    """

    def __init__(self, *hashers: Hasher) -> None:
        """Pass all bytes on to each."""
        self.hashers = hashers

    @property
    def sinks(self) -> tuple[Sink, ...]:
        """What all bytes are passed on to, the slowest first."""
        return self.hashers

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        """Take in more bytes."""
        for sink in self.sinks:
            sink.update(data)

    def hexdigest(self) -> str:
        """The hash that the first one comes to."""
        return self.hashers[0].hexdigest()


def apart(hasher: Hasher) -> tuple[Sink, ...]:
    """Return what a hasher stands for, for those who can share the work, the slowest first."""
    return hasher.sinks if isinstance(hasher, Hashers) else (hasher,)


@cache
def _marked(algorithm: Algorithm, mark: str) -> Algorithm:
    """Return an algorithm as one that makes oids of another format: each time the same one."""
    new = partial(_Marking, algorithm.new, mark)
    return replace(algorithm, new=new, mark=mark + algorithm.mark, older=None, other=None)


def is_oid(text: str, algorithm: Algorithm) -> bool:
    """Say whether `text` could name a blob or a tree: an oid becomes part of a path."""
    digits = text.removesuffix(TREE_SUFFIX)
    return len(digits) == algorithm.digits and not digits.strip("0123456789abcdef")


def is_tree(oid: Oid) -> bool:
    """Say whether `oid` names a tree."""
    return oid.endswith(TREE_SUFFIX)


def hash_bytes(data: bytes | memoryview, algorithm: Algorithm) -> Oid:
    """Return the oid of `data` as a plain blob."""
    hasher = algorithm.new()
    hasher.update(data)
    return Oid(hasher.hexdigest())


def hash_stream(stream: BinaryIO, algorithm: Algorithm) -> BlobRef:
    """Read `stream` to its end and return the oid and size of what it held."""
    hasher = algorithm.new()
    buffer = bytearray(READ_SIZE)
    view = memoryview(buffer)
    size = 0
    while count := stream.readinto(buffer):  # type: ignore[attr-defined]
        hasher.update(view[:count])
        size += count
    return BlobRef(Oid(hasher.hexdigest()), size)
