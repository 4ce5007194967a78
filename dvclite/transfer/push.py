"""Cache into remote: what `push` does."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path

from dvclite.cache.cache import Cache
from dvclite.errors import BlobCorruptError, BlobMissingError
from dvclite.files.copying import OnBytes
from dvclite.hashing import Oid, is_tree
from dvclite.progress import Progress
from dvclite.remotestore.engine import Failure, Outcome
from dvclite.remotestore.named import Named
from dvclite.remotestore.sizes import Sizes
from dvclite.remotestore.store import RemoteStore, Source
from dvclite.transfer.groups import groups
from dvclite.transfer.moved import Moved
from dvclite.transfer.trees import cache_or_remote_tree
from dvclite.transfer.wanted import Contents, Wanted


def push(cache: Cache, store: RemoteStore, wanted: Iterable[Wanted], progress: Progress) -> Moved:
    """Bring to a remote what it lacks of outputs.

    Each blob is verified before it leaves; one that is corrupt is set aside and never sent. A tree
    follows when all it names has arrived, so that whoever finds a tree finds its content. What is
    not in the cache is only missed if the remote lacks it too. Whatever goes wrong with one blob,
    the others are pushed; what arrived stays, and counts when the push is run again.

    Args:
        cache: Where the blobs are.
        store: Where they go.
        wanted: Outputs, or parts of directories.
        progress: Is told of files and bytes.

    Returns:
        What moved and what did not; its `check` raises if that is anything.

    Raises:
        RemoteError: The remote did not answer when it was asked what it has.
    """
    contents = Contents(wanted, partial(cache_or_remote_tree, cache, store))
    chosen, absent = _compared(store, contents, progress)
    trees = Sizes(tree.ref for _one, tree in contents.trees() if tree.oid in absent)
    size = chosen.total() + trees.total()
    progress.start("Pushing", files=len(chosen) + len(trees), size=size)
    try:
        return _pushed(cache, store, contents, absent, chosen, progress)
    finally:
        progress.finish()


def pushable(
    cache: Cache, store: RemoteStore, wanted: Iterable[Wanted], progress: Progress
) -> Moved:
    """Return what `push` would move, without moving anything; arguments as there.

    Raises:
        RemoteError: The remote did not answer.
    """
    contents = Contents(wanted, partial(cache_or_remote_tree, cache, store))
    chosen, absent = _compared(store, contents, progress)
    sizes = chosen.copy()
    failures: list[Failure[Named]] = []
    for group in groups(chosen.draw(contents.leaves())):
        lacking = cache.absent([blob.ref.oid for blob in group])
        for blob in group:
            if blob.ref.oid in lacking:
                absent[blob.ref.oid] = sizes.pop(blob.ref.oid)
                error = BlobMissingError([blob.path], tried=[store.place])
                failures.append(Failure(blob, error))
    complete, withheld = _divided(contents, absent)
    size = sizes.total() + sum(tree.ref.size for tree in complete)
    progress.start("Weighing", size=size)
    try:
        leaves = sizes.copy().draw(contents.leaves())
        shown = partial(_shown, cache)
        source = Source(cache.read, shown, cache.entrust, shown, cache.read_small)
        packed = store.weigh(chain(leaves, complete), source, progress)
    finally:
        progress.finish()
    return Moved(
        files=len(sizes),
        size=size,
        trees=len(complete),
        failures=tuple(contents.failures + failures),
        withheld=tuple(withheld),
        packed=packed,
    )


def _compared(store: RemoteStore, contents: Contents, progress: Progress) -> tuple[Sizes, Sizes]:
    """Return the blobs that the remote lacks: those that are to go now, and all others."""
    progress.start("Comparing")
    try:
        return contents.divided(store.missing(contents.everything()))
    finally:
        progress.finish()


def _pushed(
    cache: Cache,
    store: RemoteStore,
    contents: Contents,
    absent: Sizes,
    chosen: Sizes,
    progress: Progress,
) -> Moved:
    count = len(chosen)
    shown = partial(_shown_or_lent, cache)
    source = Source(partial(_read, cache), cache.lend, cache.entrust, shown, cache.read_small)
    leaves = store.push(chosen.draw(contents.leaves()), source, progress)
    complete, withheld, trees = list[Named](), list[str](), Outcome[Named]()
    if not leaves.stopped:
        absent.gather(failure.item.ref for failure in leaves.failures)
        complete, withheld = _divided(contents, absent)
        trees = store.push(complete, source, progress)
    failures = [*leaves.failures, *trees.failures]
    return Moved(
        files=leaves.done,
        size=leaves.size + trees.size,
        trees=trees.done,
        failures=tuple(contents.failures + [_named(failure, store) for failure in failures]),
        left=count + len(complete) - leaves.done - trees.done - len(failures),
        withheld=tuple(withheld),
        packed=leaves.packed + trees.packed,
    )


def _read(cache: Cache, oid: Oid) -> bytes:
    """Return a small blob; one that is damaged is set aside."""
    try:
        return cache.read(oid)
    except BlobCorruptError:
        with cache.lend(oid):
            raise


@contextmanager
def _shown(cache: Cache, oid: Oid, _moved: OnBytes) -> Iterator[Path]:
    """Show where a blob lies, unverified, and change nothing in the cache."""
    path = cache.loose.find(oid)
    if path is None:
        raise BlobMissingError([oid])
    yield Path(path)


@contextmanager
def _shown_or_lent(cache: Cache, oid: Oid, moved: OnBytes) -> Iterator[Path]:
    """Show where a blob lies, unverified, if it lies in a file of its own."""
    path = cache.loose.find(oid)
    if path is not None:
        yield Path(path)
        return
    with cache.lend(oid, moved) as lent:
        yield lent


def _divided(contents: Contents, absent: Sizes) -> tuple[list[Named], list[str]]:
    """Return the trees that may follow, and the paths of those that may not."""
    complete: dict[Oid, Named] = {}
    withheld: list[str] = []
    lacks_leaves = not all(map(is_tree, absent))
    for one, tree in contents.trees():
        if tree.oid not in absent:
            continue
        if lacks_leaves and any(entry.oid in absent for entry in tree):
            withheld.append(one.path)
        else:
            complete.setdefault(tree.oid, Named(one.path, tree.ref))
    return list(complete.values()), withheld


def _named(failure: Failure[Named], store: RemoteStore) -> Failure[Named]:
    """Say of a blob that is not in the cache where else it is not."""
    if isinstance(failure.error, BlobMissingError):
        path = failure.item.path
        return Failure(failure.item, BlobMissingError([path], tried=[store.place]))
    return failure
