"""Remote into cache: what `fetch` does, and `pull` begins with."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import starmap

from dvclite.cache.cache import Cache
from dvclite.cache.leases import Lease
from dvclite.cache.writer import Writer
from dvclite.errors import BlobCorruptError, BlobMissingError, FileAccessError
from dvclite.files.twins import Twins
from dvclite.hashing import BlobRef, Oid, is_tree
from dvclite.pack.layout import LARGEST
from dvclite.progress import SILENT, Progress
from dvclite.remotestore.engine import Failure, Outcome
from dvclite.remotestore.named import Named
from dvclite.remotestore.sizes import Sizes
from dvclite.remotestore.store import Landing, RemoteStore
from dvclite.transfer.doubling import Doubling
from dvclite.transfer.moved import Moved
from dvclite.transfer.partials import Partials
from dvclite.transfer.trees import cache_or_remote_tree
from dvclite.transfer.wanted import Contents, Wanted
from dvclite.tree import Tree


def fetch(
    cache: Cache,
    store: RemoteStore,
    wanted: Iterable[Wanted],
    lease: Lease,
    progress: Progress,
    twins: Twins | None = None,
) -> Moved:
    """Bring from a remote what the cache lacks of outputs.

    Trees come first, since they tell what else is needed. Every blob is verified before it gets
    its name; one that is corrupt is thrown away. Whatever goes wrong with one blob, the others are
    fetched; what arrived stays, and is not fetched again. To try another remote for what is
    missing or corrupt, fetch again from there.

    Args:
        cache: Where the blobs go.
        store: Where they come from.
        wanted: Outputs, or parts of directories.
        lease: Held until the pointers that name the blobs are in place.
        progress: Is told of files and bytes.
        twins: Makes second copies of what arrives, for those who want them next.

    Returns:
        What moved and what did not; its `check` raises if that is anything.

    Raises:
        RemoteError: The remote cannot be used at all.
        FileAccessError: The cache's disk is full or failing, or the cache may not be written to.
    """
    with (
        _named_errors(cache),
        Partials(cache) as partials,
        cache.writer(lease) as writer,
        _door(writer, twins) as door,
    ):
        try:
            landing = _landing(cache, writer, partials, door)
            return _Fetching(cache, store, writer, landing, progress).run(list(wanted))
        except BaseException:
            # Nothing that arrived is given up; if the disk fails now, nothing more can be done.
            with suppress(OSError):
                writer.finish()
            raise


def fetchable(
    cache: Cache, store: RemoteStore, wanted: Iterable[Wanted], progress: Progress
) -> Moved:
    """Return what `fetch` would move, without moving anything; arguments as there.

    Raises:
        RemoteError: The remote did not answer.
    """
    contents = Contents(wanted, partial(cache_or_remote_tree, cache, store))
    progress.start("Comparing")
    try:
        known = {tree.oid: tree.ref for _one, tree in contents.trees()}
        trees = Sizes(known[oid] for oid in cache.absent(known))
        chosen = Sizes(contents.leaf_refs())
        chosen.reduce(lambda refs: cache.absent([ref.oid for ref in refs]))
        nowhere = store.missing(starmap(BlobRef, chosen.items()))
    finally:
        progress.finish()
    for oid in nowhere:
        del chosen[oid]
    failures = [
        Failure(blob, BlobMissingError([blob.path], tried=[store.place]))
        for blob in nowhere.draw(contents.leaves())
    ]
    return Moved(
        files=len(chosen),
        size=chosen.total() + trees.total(),
        trees=len(trees),
        failures=tuple(contents.failures + failures),
    )


class _Fetching:
    """One fetch."""

    def __init__(
        self,
        cache: Cache,
        store: RemoteStore,
        writer: Writer,
        landing: Landing,
        progress: Progress,
    ) -> None:
        self._cache = cache
        self._store = store
        self._writer = writer
        self._landing = landing
        self._progress = progress
        self._trees = self._tree_bytes = 0

    def run(self, wanted: list[Wanted]) -> Moved:
        contents = Contents(wanted, self._tree)
        self._progress.start("Comparing")
        try:
            self._bring_trees({one.ref.oid: one for one in wanted if is_tree(one.ref.oid)})
            lacking = Sizes(contents.leaf_refs())
            lacking.reduce(self._not_kept)
        finally:
            self._progress.finish()
        files, size = len(lacking), lacking.total()
        self._progress.start("Fetching", files=files, size=size)
        try:
            packs = self._store.fetch_packs(lacking, self._landing, self._progress)
            leaves = self._bring(lacking.draw(contents.leaves()), self._progress)
        finally:
            self._progress.finish()
        done = packs.done + leaves.done
        return Moved(
            files=done,
            size=packs.size + leaves.size + self._tree_bytes,
            trees=self._trees,
            failures=tuple(contents.failures + leaves.failures),
            left=files - done - len(leaves.failures),
        )

    def _bring_trees(self, wanted: dict[Oid, Wanted]) -> None:
        absent = self._writer.keep(one.ref for one in wanted.values())
        outcome = self._bring([Named(wanted[ref.oid].path, ref) for ref in absent], SILENT)
        if outcome.stopped:
            raise outcome.failures[0].error
        self._count(outcome)

    def _tree(self, one: Wanted) -> Tree:
        """Return a tree that has been fetched already, or fetch it again."""
        try:
            return self._cache.tree(one.ref.oid)
        except (BlobMissingError, BlobCorruptError):
            pass
        outcome = self._bring([Named(one.path, one.ref)], SILENT)
        for failure in outcome.failures:
            raise failure.error
        self._count(outcome)
        return self._cache.tree(one.ref.oid)

    def _count(self, trees: Outcome[Named]) -> None:
        self._trees += trees.done
        self._tree_bytes += trees.size

    def _not_kept(self, refs: Iterable[BlobRef]) -> set[Oid]:
        return {ref.oid for ref in self._writer.keep(refs)}

    def _bring(self, blobs: Iterable[Named], progress: Progress) -> Outcome[Named]:
        outcome = self._store.fetch(blobs, self._landing, progress)
        for failure in outcome.failures:
            if isinstance(failure.error, OSError):
                raise failure.error
        self._writer.finish()
        return outcome


@contextmanager
def _door(writer: Writer, twins: Twins | None) -> Iterator[Doubling | None]:
    if twins is None:
        yield None
        return
    with Doubling(writer, twins) as door:
        yield door


def _landing(cache: Cache, writer: Writer, partials: Partials, door: Doubling | None) -> Landing:
    return Landing(
        new_path=writer.new_path,
        adopt=door.adopt if door else writer.adopt,
        hasher=door.hasher if door else lambda blob: writer.verification(blob.ref),
        forsake=door.forsake if door else lambda _given: None,
        adopt_pack=writer.adopt_pack,
        take=writer.take,
        new_folder=None if writer.packs else writer.new_folder,
        stage=writer.stage,
        take_staged=writer.take_staged,
        partial=lambda oid: partials.path(oid) or writer.new_path(),
        has_partial=partials.has,
        held=lambda: (ref.oid for ref in cache.loose if ref.size > LARGEST),
        find=cache.loose.find,
    )


@contextmanager
def _named_errors(cache: Cache) -> Iterator[None]:
    """Say which disk it is that failed.

    Raises:
        FileAccessError: In place of an OSError of the block.
    """
    try:
        yield
    except OSError as error:
        hint = (
            "what arrived is kept; mend that, then run the same command again to go on from there"
        )
        raise FileAccessError(
            str(cache.root), f"the cache cannot be used: {error.strerror or error}", hint=hint
        ) from error
