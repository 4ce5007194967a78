"""The choices that make one repository format differ from another."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from dvclite.errors import TreeError
from dvclite.hashing import TREE_SUFFIX, Algorithm, Oid, algorithm_of, hash_bytes, is_oid
from dvclite.tree import TOGETHER, Entry, Tree, checked


@dataclass(frozen=True, slots=True)
class Format:
    """A repository format: how things are named and written down.

    Attributes:
        name: How users call it: `native`, `dvc`.
        algorithm: What oids are made with.
        packs: Whether small blobs rest and travel in packs.
        keeps_links: Whether trees hold symbolic links, executable bits and empty folders.
        exact_modes: Whether blobs have one mode, whatever the umask says: others look at it.
        encode: Writes sorted entries down as a tree's data.
        decode: Reads a tree's data back.
        other: The format that the repository was of before, or was again since; None as a rule.
    """

    name: str
    algorithm: Algorithm
    packs: bool
    keeps_links: bool
    exact_modes: bool
    encode: Callable[[Iterable[Entry]], bytes]
    decode: Callable[[bytes], Iterator[Entry]]
    other: "Format | None" = None

    def that_uses(self, algorithm: Algorithm) -> "Format":
        """Return this format, or the other one if an algorithm is one of its."""
        mark = self.algorithm.other_mark
        return self.other if self.other and algorithm.mark.startswith(mark) else self

    def loose_key(self, oid: Oid) -> str:
        """Return where a loose blob lies, below the cache's folder or on a remote."""
        mark = algorithm_of(oid, self.algorithm).mark
        if mark:
            digits = oid[len(mark) :]
            return f"{digits[:2]}/{digits[2:]}"
        return f"{self.loose_prefix}{oid[:2]}/{oid[2:]}"

    @property
    def loose_prefix(self) -> str:
        """What every key of a loose blob begins with that is named as all are today."""
        return f"files/{self.algorithm.name}/"

    @property
    def loose_prefixes(self) -> tuple[str, ...]:
        """What stands before the folders that loose blobs are spread over."""
        return (self.loose_prefix, "") if self.algorithm.older is not None else (self.loose_prefix,)

    def oid_at(self, key: str) -> Oid | None:
        """Return which blob lies at a key, or None if the key is not that of a loose blob."""
        older = self.algorithm.older
        mark = "" if older is None or key.startswith(self.loose_prefix) else older.mark
        digits = key.removeprefix(self.loose_prefix).replace("/", "", 1)
        oid = Oid(mark + digits)
        if is_oid(digits, self.algorithm) and self.loose_key(oid) == key:
            return oid
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
        mark = algorithm_of(oid, self.algorithm).mark
        decode = partial(_marked, self.decode, mark) if mark else self.decode
        count = _Count()
        for _entry in count.passing(checked(decode(data))):
            pass
        return Tree(data, oid, count.files, count.size, decode)


def succeeding(format: Format, other: Format) -> Format:
    """Return a format for a repository that has been of another one before, or was again since.

    Oids of the other format bear its name, here.
    """
    algorithm = replace(format.algorithm, other=other.algorithm, other_mark=f"{other.name}:")
    return replace(format, algorithm=algorithm, other=other)


def both(format: Format) -> list[Algorithm]:
    """Return what the oids of a repository are made with: by its format, and by its other one."""
    algorithm = format.algorithm
    if algorithm.other is None:
        return [algorithm]
    return [algorithm, algorithm_of(Oid(algorithm.other_mark), algorithm)]


def marked(tree: Tree, mark: str) -> Tree:
    """Return a tree of another format, with oids that bear a mark."""
    decode = partial(_marked, tree.decode, mark)
    return replace(tree, oid=Oid(mark + tree.oid), decode=decode)


def _marked(decode: Callable[[bytes], Iterator[Entry]], mark: str, data: bytes) -> Iterator[Entry]:
    """Yield the entries of a tree whose oids are of the same older kind as its own."""
    return (
        entry._replace(oid=Oid(mark + entry.oid)) if entry.oid else entry for entry in decode(data)
    )


class _Count:
    """Counts the files and bytes of entries that pass by."""

    def __init__(self) -> None:
        self.files = 0
        self.size = 0

    def passing(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        rest = iter(entries)
        while group := list(islice(rest, TOGETHER)):
            self.files += len(group) - [entry.path[-1:] for entry in group].count("/")
            sizes = [entry.size for entry in group]
            self.size = -1 if self.size < 0 or min(sizes) < 0 else self.size + sum(sizes)
            yield from group
