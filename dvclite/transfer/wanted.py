"""What is to be moved, and which blobs that is."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from dvclite.errors import DvcliteError, NotAnOutputError
from dvclite.hashing import BlobRef, Oid, is_tree
from dvclite.pointer import Output
from dvclite.remotestore.engine import Failure
from dvclite.remotestore.named import Named
from dvclite.tree import Tree, below


class Wanted(NamedTuple):
    """The content of an output, or a part of it.

    Attributes:
        path: The output's path, for messages.
        ref: Its content; of a tree, the size is -1 as a rule, since pointers do not tell.
        part: A path inside a directory, relative to the directory; empty for all of it.
    """

    path: str
    ref: BlobRef
    part: str = ""


def wanted(output: Output, path: str = "") -> Wanted:
    """Return the content of an output as something to be moved.

    Args:
        output: An output that has an oid.
        path: A path inside a directory, relative to the repository's root; the output's own path,
            or nothing, for all of it.
    """
    assert output.oid is not None, "an output without an oid has no content to move"
    size = -1 if output.is_directory else output.size
    return Wanted(output.path, BlobRef(output.oid, size), path[len(output.path) + 1 :])


class Contents:
    """The blobs that make up what is wanted, read anew whenever they are asked for.

    One tree at a time is in memory, however many revisions are wanted. What cannot be read is left
    out and noted.

    Attributes:
        failures: Trees that cannot be read, and parts that are not in their trees.
    """

    def __init__(self, wanted: Iterable[Wanted], read: Callable[[Wanted], Tree]) -> None:
        """Take the contents of `wanted` apart, with trees that `read` returns, checked as a whole.

        A DvcliteError or OSError from `read` means that tree alone.
        """
        self.failures: list[Failure[Named]] = []
        # The same tree is in many revisions, as a rule; what is wanted once is enough.
        distinct = {(one.ref.oid, one.part): one for one in reversed(list(wanted))}
        every = list(reversed(distinct.values()))
        self._files = [one for one in every if not is_tree(one.ref.oid)]
        self._trees = [one for one in every if is_tree(one.ref.oid)]
        self._read = read
        self._last: tuple[Oid, Tree] | None = None
        self._unusable: set[Oid] = set()

    def trees(self) -> Iterator[tuple[Wanted, Tree]]:
        """Yield the trees that can be read."""
        for one in list(self._trees):
            tree = self.tree(one)
            if tree is not None:
                yield one, tree

    def tree(self, one: Wanted) -> Tree | None:
        """Return the tree of a directory; None for a file, and for a tree that cannot be read."""
        oid = one.ref.oid
        if self._last is not None and self._last[0] == oid:
            return self._last[1]
        self._last = None
        if oid in self._unusable or not is_tree(oid):
            return None
        try:
            tree = self._read(one)
        except (DvcliteError, OSError) as error:
            self._unusable.add(oid)
            self._fail(oid, error)
            return None
        self._last = (oid, tree)
        return tree

    def everything(self) -> Iterator[BlobRef]:
        """Yield every blob: files, trees, and all that these name, whatever part is wanted."""
        for one in self._files:
            yield one.ref
        for _one, tree in self.trees():
            yield tree.ref
            for entry in tree:
                if entry.is_file:
                    yield entry.ref

    def outputs(self) -> Iterator[tuple[Wanted, Iterator[Named]]]:
        """Yield what is wanted with the blobs that are no trees, of the part that is wanted."""
        for one in self._files:
            yield one, iter([Named(one.path, one.ref)])
        for one, tree in self.trees():
            yield one, self._named(one, tree)

    def leaves(self) -> Iterator[Named]:
        """Yield all that is wanted of blobs that are no trees, as often as they occur."""
        for _one, blobs in self.outputs():
            yield from blobs

    def chosen(self, absent: dict[Oid, int]) -> dict[Oid, int]:
        """Return those of the leaves that are in `absent`, taken out of there, with their sizes."""
        chosen: dict[Oid, int] = {}
        for leaf in self.leaves():
            size = absent.pop(leaf.ref.oid, None)
            if size is not None:
                chosen[leaf.ref.oid] = size
        return chosen

    def drawn(self, chosen: dict[Oid, int]) -> Iterator[Named]:
        """Yield each leaf that is in `chosen`, taken out of there, once."""
        for leaf in self.leaves():
            if chosen.pop(leaf.ref.oid, None) is not None:
                yield leaf

    def _named(self, one: Wanted, tree: Tree) -> Iterator[Named]:
        prefix = one.path + "/"
        found = not one.part
        for entry in below(tree, one.part):
            found = True
            if entry.is_file:
                yield Named(prefix + entry.path, entry.ref)
        if not found:
            path = prefix + one.part
            self._trees.remove(one)
            self.failures.append(Failure(Named(path, one.ref), NotAnOutputError(path)))

    def _fail(self, oid: Oid, error: DvcliteError | OSError) -> None:
        self.failures += [
            Failure(Named(one.path, one.ref), error) for one in self._trees if one.ref.oid == oid
        ]


def total(sizes: Mapping[Oid, int]) -> int:
    """Return how many bytes blobs hold together, as far as is known."""
    return sum(size for size in sizes.values() if size > 0)
