"""What is to be moved, and which blobs that is."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from dvclite.errors import DvcliteError, NotAnOutputError
from dvclite.hashing import BlobRef, Oid, is_tree
from dvclite.pointer import Output
from dvclite.remotestore.engine import Failure
from dvclite.remotestore.named import Named
from dvclite.remotestore.sizes import Sizes
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
    out.
    """

    def __init__(self, wanted: Iterable[Wanted], read: Callable[[Wanted], Tree]) -> None:
        """Take the contents of `wanted` apart, with trees that `read` returns, checked as a whole.

        A DvcliteError or OSError from `read` means that tree alone.
        """
        # The same tree is in many revisions, as a rule; what is wanted once is enough.
        distinct = {(one.path, one.ref.oid, one.part): one for one in wanted}
        every = list(distinct.values())
        self._files = [one for one in every if not is_tree(one.ref.oid)]
        self._trees = [one for one in every if is_tree(one.ref.oid)]
        self._read = read
        self._last: tuple[Oid, Tree] | None = None
        self._unusable: dict[Oid, DvcliteError | OSError] = {}
        self._found: set[str] = set()

    @property
    def failures(self) -> list[Failure[Named]]:
        """What cannot be had, after all was asked for once.

        Trees that cannot be read, and parts that no version of their directory has.
        """
        failures: list[Failure[Named]] = []
        nowhere: dict[str, Wanted] = {}
        for one in self._trees:
            path = f"{one.path}/{one.part}"
            if one.ref.oid in self._unusable:
                failures.append(Failure(Named(one.path, one.ref), self._unusable[one.ref.oid]))
            elif one.part and path not in self._found:
                nowhere[path] = one
        for path, one in nowhere.items():
            failures.append(Failure(Named(path, one.ref), NotAnOutputError(path)))
        return failures

    def trees(self) -> Iterator[tuple[Wanted, Tree]]:
        """Yield the trees that can be read."""
        for one in self._trees:
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
            self._unusable[oid] = error
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

    def leaf_refs(self) -> Iterator[BlobRef]:
        """Yield the same without their paths."""
        for one in self._files:
            yield one.ref
        for one, tree in self.trees():
            if one.part:
                yield from (leaf.ref for leaf in self._named(one, tree))
            else:
                self._found.add(f"{one.path}/")
                yield from (entry.ref for entry in tree if entry.is_file)

    def divided(self, absent: Sizes) -> tuple[Sizes, Sizes]:
        """Return those of the leaves that are in `absent`, and what else is, in place of that."""
        if any(one.part for one in self._trees):
            chosen = Sizes()
            for leaf in self.leaves():  # To the end: only then it is known which parts there are.
                size = absent.pop(leaf.ref.oid, None)
                if size is not None:
                    chosen[leaf.ref.oid] = size
            return chosen, absent
        trees = Sizes(BlobRef(oid, absent.pop(oid)) for oid in list(absent.trees()))
        return absent, trees

    def _named(self, one: Wanted, tree: Tree) -> Iterator[Named]:
        prefix = one.path + "/"
        found = False
        for entry in below(tree, one.part):
            if not found:
                self._found.add(prefix + one.part)
                found = True
            if entry.is_file:
                yield Named(prefix + entry.path, entry.ref)
