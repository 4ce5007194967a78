"""Finding out whether bytes are the blob that they should be, as quickly as that can be known."""

import os
from collections.abc import Callable

from dvclite.cache.fingerprints import Fingerprints
from dvclite.files.copying import OnBytes, ignore_bytes, read, read_whole
from dvclite.hashing import (
    BLAKE3,
    READ_SIZE,
    TREE_SUFFIX,
    Algorithm,
    Hasher,
    Hashers,
    Oid,
    algorithm_of,
)

Again = Callable[[Hasher], object]
"""Hashes once more, from their beginning, the bytes that a verification was given."""


class Verifier:
    """Begins verifications of blobs, and remembers what comes of them."""

    def __init__(self, algorithm: Algorithm, fingerprints: Fingerprints) -> None:
        """Verify blobs that are named with `algorithm`."""
        self._algorithm = algorithm
        self._fingerprints = fingerprints

    def begin(self, oid: Oid, size: int) -> "Verification":
        """Begin to verify a blob.

        Args:
            oid: What it should be.
            size: How many bytes there are, about: it is worth something to know more of large ones.
        """
        algorithm = algorithm_of(oid, self._algorithm)
        remembers = algorithm.slow and size > READ_SIZE
        return Verification(oid, algorithm, self._fingerprints if remembers else None)

    def holds(self, fd: int, oid: Oid, moved: OnBytes = ignore_bytes) -> bool:
        """Read an open file from its beginning, and say whether it holds a blob.

        Args:
            fd: The file.
            oid: The blob.
            moved: Is told of bytes that were read, of a file that takes more than one look.
        """
        size = os.fstat(fd).st_size
        verification = self.begin(oid, size)

        def hash_all(hasher: Hasher) -> None:
            os.lseek(fd, 0, os.SEEK_SET)
            if size <= READ_SIZE:
                hasher.update(read_whole(fd, size))
            else:
                read(fd, hasher, moved)

        hash_all(verification)
        return verification.is_right(hash_all)

    def new_blob(self, size: int) -> "NewBlob":
        """Begin to name a new blob of about so many bytes."""
        remembers = self._algorithm.slow and size > READ_SIZE
        return NewBlob(self._algorithm, self._fingerprints if remembers else None)


class NewBlob(Hashers):
    """A new blob that is about to get its name: a hasher that is to be given all of its bytes."""

    def __init__(self, algorithm: Algorithm, fingerprints: Fingerprints | None) -> None:
        named = algorithm.new()
        super().__init__(*(named,) if fingerprints is None else (named, BLAKE3.new()))
        self._fingerprints = fingerprints

    def oid(self) -> Oid:
        """Return the blob's name."""
        oid = Oid(self.hexdigest())
        if self._fingerprints is not None:
            self._fingerprints.learn(oid, self.hashers[1].hexdigest())
        return oid


class Verification(Hashers):
    """A blob that is verified: a hasher that is to be given all of its bytes.

    Attributes:
        oid: What the blob should be.
        was_given_all: Whether it is the bytes it was given that it judges, rather than those that
            were there when they were hashed again.
    """

    def __init__(self, oid: Oid, algorithm: Algorithm, fingerprints: Fingerprints | None) -> None:
        self.oid = oid
        self.was_given_all = True
        self._algorithm = algorithm
        self._fingerprints = fingerprints
        self._known = fingerprints.find(oid) if fingerprints is not None else None
        super().__init__(*self._new())

    def is_right(self, again: Again) -> bool:
        """Say whether the bytes are the blob.

        Args:
            again: Is called where what is remembered does not fit: the name decides then.
        """
        if self._known is not None:
            if self.hexdigest() == self._known:
                return True
            self._known = None
            self.hashers = self._new()
            self.was_given_all = False
            again(self)
        if self.hexdigest() != self.oid.removesuffix(TREE_SUFFIX):
            return False
        if self._fingerprints is not None:
            self._fingerprints.learn(self.oid, self.hashers[1].hexdigest())
        return True

    def _new(self) -> tuple[Hasher, ...]:
        if self._fingerprints is None:
            return (self._algorithm.new(),)
        if self._known is not None:
            return (BLAKE3.new(),)
        return self._algorithm.new(), BLAKE3.new()
