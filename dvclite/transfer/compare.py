"""How the cache and a remote differ: what `status -c` tells."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

from dvclite.cache.cache import Cache
from dvclite.hashing import Oid
from dvclite.progress import Progress
from dvclite.remotestore.engine import Failure
from dvclite.remotestore.named import Named
from dvclite.remotestore.store import RemoteStore
from dvclite.transfer.groups import groups
from dvclite.transfer.trees import cache_or_remote_tree
from dvclite.transfer.wanted import Contents, Wanted


@dataclass(slots=True)
class Paths:
    """Paths that have something in common.

    Attributes:
        names: Relative to the repository's root; the tree of a directory goes by the directory's
            path with a `/` behind.
        size: How many bytes their blobs hold.
    """

    names: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, name: str, size: int) -> None:
        """Add a path."""
        self.names.append(name)
        self.size += max(size, 0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one place lacks of an output.

    Attributes:
        new: In the cache, not on the remote: `push` brings it there.
        deleted: On the remote, not in the cache: `fetch` brings it here.
        missing: In neither.
    """

    new: Paths = field(default_factory=Paths)
    deleted: Paths = field(default_factory=Paths)
    missing: Paths = field(default_factory=Paths)

    @property
    def is_clean(self) -> bool:
        """Whether cache and remote have all of it."""
        return not (self.new.names or self.deleted.names or self.missing.names)


def compare(
    cache: Cache, store: RemoteStore, wanted: Iterable[Wanted], progress: Progress
) -> tuple[dict[str, Comparison], list[Failure[Named]]]:
    """Tell what the cache and a remote lack of outputs.

    Args:
        cache: The cache.
        store: The remote.
        wanted: Outputs, or parts of directories.
        progress: Is told that work goes on.

    Returns:
        What was found, by the paths of outputs; and what could not be compared: directories whose
        trees are nowhere or cannot be read, and parts that are not in their trees.

    Raises:
        RemoteError: The remote did not answer.
    """
    contents = Contents(wanted, partial(cache_or_remote_tree, cache, store))
    progress.start("Comparing")
    try:
        not_remote = store.missing(contents.everything())
        compared: dict[str, Comparison] = {}
        for one, blobs in contents.outputs():
            comparison = compared.setdefault(one.path, Comparison())
            for group in groups(chain(_trees(one, contents), blobs)):
                _sort(comparison, group, cache.absent([blob.ref.oid for blob in group]), not_remote)
    finally:
        progress.finish()
    return compared, contents.failures


def _trees(one: Wanted, contents: Contents) -> Iterator[Named]:
    tree = contents.tree(one)
    if tree is not None:
        yield Named(one.path + "/", tree.ref)


def _sort(
    comparison: Comparison,
    blobs: Iterable[Named],
    not_cached: Container[Oid],
    not_remote: Container[Oid],
) -> None:
    for blob in blobs:
        oid = blob.ref.oid
        if oid not in not_cached and oid not in not_remote:
            continue
        if oid in not_cached and oid in not_remote:
            side = comparison.missing
        else:
            side = comparison.deleted if oid in not_cached else comparison.new
        side.add(blob.path, blob.ref.size)
