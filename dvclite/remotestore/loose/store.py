"""Blobs on a remote as files of their own."""

from collections.abc import Callable, Iterable
from itertools import starmap
from pathlib import Path

from dvclite.damage import Checkup, Damage
from dvclite.errors import BlobCorruptError, BlobMissingError, KeyMissingError, TreeError
from dvclite.files.copying import OnBytes
from dvclite.formats.format import Format
from dvclite.hashing import TREE_SUFFIX, BlobRef, Oid, algorithm_of, hash_bytes
from dvclite.progress import Progress, begin_transfer
from dvclite.remote import GroupingRemote, Remote
from dvclite.remotestore.engine import Outcome, run
from dvclite.remotestore.loose.checking import Checking
from dvclite.remotestore.loose.fetching import Fetching
from dvclite.remotestore.loose.gathering import Gathering
from dvclite.remotestore.loose.grouping import Grouping
from dvclite.remotestore.loose.presence import strike_out_present
from dvclite.remotestore.mended import Mended, delete_unchanged
from dvclite.remotestore.named import Named
from dvclite.remotestore.sizes import Sizes
from dvclite.remotestore.store import LARGEST_TREE, Landing, RemoteStore, Source
from dvclite.tree import Tree


class LooseStore(RemoteStore):
    """A remote that holds every blob under a key of its own."""

    def __init__(self, remote: Remote, format: Format, *, jobs: int | None = None) -> None:
        """See `remote` as a store; it is closed with the store.

        Args:
            remote: Where the blobs lie.
            format: How they are named and trees written.
            jobs: How many blobs may be on their way at once; None for the default.
        """
        super().__init__(remote.url, format, jobs)
        self._remote = remote
        self._damaged: set[Oid] = set()

    def missing(self, refs: Iterable[BlobRef]) -> Sizes:
        """Return which of these blobs are not on the remote: see `RemoteStore`."""
        sizes: dict[Oid, int] = {}
        for ref in refs:
            if sizes.setdefault(ref.oid, ref.size) < 0:
                sizes[ref.oid] = ref.size
        damaged = {oid: sizes.pop(oid) for oid in self._damaged if oid in sizes}
        strike_out_present(self._remote, self.format, sizes, self.jobs)
        return Sizes(starmap(BlobRef, (sizes | damaged).items()))

    def tree(self, oid: Oid) -> Tree:
        """Return a tree: see `RemoteStore`."""
        key = self.format.loose_key(oid)
        size = self._remote.stat(key)
        if size is None:
            raise BlobMissingError([oid], tried=[self.place])
        if size > LARGEST_TREE:
            raise TreeError(f"{size:,} bytes are more than a tree may have")
        try:
            data = self._remote.read(key, 0, size)
        except KeyMissingError:
            raise BlobMissingError([oid], tried=[self.place]) from None
        if hash_bytes(data, algorithm_of(oid, self.format.algorithm)) != oid.removesuffix(
            TREE_SUFFIX
        ):
            raise BlobCorruptError(oid, self.url)
        return self.format.read_tree(oid, data)

    def push(self, blobs: Iterable[Named], source: Source, progress: Progress) -> Outcome[Named]:
        """Bring blobs to the remote: see `RemoteStore`.

        Of a blob that `source` takes back as corrupt nothing stays on the remote.
        """
        done = size = 0
        if isinstance(self._remote, GroupingRemote) and not self._damaged:
            grouping = Grouping(self._remote, self.format, source, progress)
            blobs = grouping.push(blobs, self.jobs)
            done, size = grouping.done, grouping.size
        outcome = run(
            blobs,
            lambda blob, moved: self._put(blob, source, moved),
            self.jobs,
            progress=progress,
            begin=lambda blob: begin_transfer(progress, blob.path, blob.ref.size),
        )
        outcome.done += done
        outcome.size += size
        return outcome

    def fetch(self, blobs: Iterable[Named], landing: Landing, progress: Progress) -> Outcome[Named]:
        """Bring blobs from the remote, each verified: see `RemoteStore`."""
        gathered: Outcome[Named] = Outcome()
        if isinstance(self._remote, GroupingRemote):
            gathering = Gathering(self._remote, self.format, landing, progress)
            blobs, gathered = gathering.fetch(blobs)
            if gathered.stopped:
                return gathered
        outcome = Fetching(self._remote, self.format, landing, progress).fetch(blobs, self.jobs)
        outcome.done += gathered.done
        outcome.size += gathered.size
        return outcome

    def check(self, progress: Progress, *, data: bool) -> Checkup:
        """Look at everything on the remote: see `RemoteStore`."""
        return Checking(self._remote, self.format, self.jobs).check(progress, data=data)

    def mend(self, damages: Iterable[Damage], new_aside: Callable[[str], str]) -> Mended:
        """Count what is damaged as missing, and keep a copy of it: see `RemoteStore`."""
        mended = Mended()
        for damage in damages:
            oid = Oid(damage.name)
            aside = new_aside(oid)
            try:
                self._remote.get(self.format.loose_key(oid), Path(aside))
            except KeyMissingError:
                continue
            self._damaged.add(oid)
            mended.doubtful[oid] = BlobRef(oid, damage.size)
            mended.leaving[self.format.loose_key(oid)] = aside
            mended.actions[oid] = f"set aside as {aside}"
        return mended

    def let_go(self, mended: Mended) -> None:
        """Delete what is damaged and was not pushed again: see `RemoteStore`."""
        delete_unchanged(self._remote, mended.leaving)

    def close(self) -> None:
        """Let go of the remote."""
        self._remote.close()

    def _put(self, blob: Named, source: Source, moved: OnBytes) -> None:
        key = self.format.loose_key(blob.ref.oid)
        path, sent = None, False
        try:
            with source.entrust(blob.ref.oid, moved) as (path, told):
                self._remote.put(key, path, moved=told)
                sent = True
            self._damaged.discard(blob.ref.oid)
        except BlobCorruptError as error:
            if sent:
                self._remote.delete([key])
            elif path is not None:  # A remote that shows what was broken off is cured of it.
                delete_unchanged(self._remote, {key: error.set_aside or str(path)})
            raise
