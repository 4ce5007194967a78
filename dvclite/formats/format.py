"""The choices that make one repository format differ from another."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from dvclite.errors import TreeError
from dvclite.hashing import TREE_SUFFIX, Algorithm, Oid, hash_bytes, is_oid
from dvclite.tree import Entry, Tree, checked


@dataclass(frozen=True, slots=True)
class Format:
    """A repository format: how things are named and written down.

    Attributes:
        name: How users call it: `native`, `dvc`.
        folder: The folder at a repository's root that makes it one.
        algorithm: What oids are made with.
        packs: Whether small blobs rest and travel in packs.
        keeps_links: Whether trees hold symbolic links, executable bits and empty folders.
        encode: Writes sorted entries down as a tree's data.
        decode: Reads a tree's data back.
    """

    name: str
    folder: str
    algorithm: Algorithm
    packs: bool
    keeps_links: bool
    encode: Callable[[Iterable[Entry]], bytes]
    decode: Callable[[bytes], Iterator[Entry]]

    def loose_key(self, oid: Oid) -> str:
        """Return where a loose blob lies, below the cache's folder or on a remote."""
        return f"files/{self.algorithm.name}/{oid[:2]}/{oid[2:]}"

    @property
    def loose_prefix(self) -> str:
        """What every key of a loose blob begins with."""
        return f"files/{self.algorithm.name}/"

    def oid_at(self, key: str) -> Oid | None:
        """Return which blob lies at a key, or None if the key is not that of a loose blob."""
        digits = key.removeprefix(self.loose_prefix).replace("/", "", 1)
        if is_oid(digits, self.algorithm) and self.loose_key(Oid(digits)) == key:
            return Oid(digits)
        return None

    def make_tree(self, entries: Iterable[Entry]) -> Tree:
        """Write a directory down.

        Args:
            entries: Sorted by path.
        """
        count = _Count()
        data = self.encode(count.passing(checked(entries)))
        oid = Oid(hash_bytes(data, self.algorithm) + TREE_SUFFIX)
        return Tree(data, oid, count.files, count.size, self.decode)

    def read_tree(self, oid: Oid, data: bytes) -> Tree:
        """Take a directory's written form, whose hash has been verified, and check all of it.

        Raises:
            TreeError, HostilePathError: It is not one that may be used.
        """
        if not oid.endswith(TREE_SUFFIX):
            raise TreeError(f"{oid} does not name a tree")
        count = _Count()
        for _entry in count.passing(checked(self.decode(data))):
            pass
        return Tree(data, oid, count.files, count.size, self.decode)


class _Count:
    """Counts the files and bytes of entries that pass by."""

    def __init__(self) -> None:
        self.files = 0
        self.size = 0

    def passing(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry in entries:
            if not entry.is_folder:
                self.files += 1
            if entry.size < 0 or self.size < 0:
                self.size = -1
            else:
                self.size += entry.size
            yield entry
