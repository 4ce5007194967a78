"""A remote on which files lie under their own names, in all their versions: to be read only."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, NoReturn

from dvclite.damage import Checkup, Damage
from dvclite.errors import BlobMissingError, KeyMissingError, RemoteSetupError
from dvclite.files.atomic import discard
from dvclite.files.copying import OnBytes
from dvclite.formats.format import Format
from dvclite.hashing import BlobRef, Oid, is_tree
from dvclite.progress import Progress
from dvclite.remote import Remote, VersionedRemote
from dvclite.remotestore.engine import Outcome, ends_all, run
from dvclite.remotestore.mended import Mended
from dvclite.remotestore.named import Named
from dvclite.remotestore.sizes import Sizes
from dvclite.remotestore.store import Landing, RemoteStore, Source
from dvclite.tree import Tree


class Place(NamedTuple):
    """Where a blob is.

    Attributes:
        key: Its file's key on the remote.
        version: Which version of it.
    """

    key: str
    version: str


class VersionStore(RemoteStore):
    """A remote that keeps versions, of which pointers say where they are."""

    def __init__(
        self,
        remote: Remote,
        format: Format,
        places: Mapping[str, Place],
        trees: Iterable[Tree],
        *,
        jobs: int | None = None,
    ) -> None:
        """See `remote` as a store; it is closed with the store.

        Args:
            remote: Where the files lie.
            format: How blobs are named and trees written.
            places: Where blobs are, by name.
            trees: Directories that pointers spell out: the remote has no such thing.
            jobs: How many blobs may be on their way at once; None for the default.

        Raises:
            RemoteSetupError: It keeps no versions that dvclite can ask for.
        """
        super().__init__(remote.url, format, jobs)
        if not isinstance(remote, VersionedRemote):
            raise RemoteSetupError(
                remote.url,
                "its configuration says that it keeps versions of files, and dvclite cannot ask"
                " for those there",
                hint="use `dvc pull` for it, or add another remote",
            )
        self._remote = remote
        self._places = places
        self._trees = {tree.oid: tree for tree in trees}

    def missing(self, refs: Iterable[BlobRef]) -> Sizes:
        """Return which of these blobs are not on the remote: see `RemoteStore`."""
        sizes = Sizes(ref for ref in refs if ref.oid not in self._trees)
        present: list[Oid] = []

        def ask(oid: Oid, _moved: OnBytes) -> None:
            place = self._places[oid]
            if self._remote.stat_version(place.key, place.version) is not None:
                present.append(oid)

        known = [oid for oid in sizes if oid in self._places]
        outcome = run(known, ask, self.jobs, fatal=lambda _error: True)
        for failure in outcome.failures:
            raise failure.error
        for oid in present:
            del sizes[oid]
        return sizes

    def tree(self, oid: Oid) -> Tree:
        """Return a tree that a pointer spells out: see `RemoteStore`."""
        if oid not in self._trees:
            raise BlobMissingError([oid], tried=[self.place])
        return self._trees[oid]

    def fetch(self, blobs: Iterable[Named], landing: Landing, progress: Progress) -> Outcome[Named]:
        """Bring blobs from the remote, each verified: see `RemoteStore`."""
        return run(
            blobs,
            lambda blob, moved: self._get(blob, landing, moved),
            self.jobs,
            progress=progress,
            fatal=lambda error: isinstance(error, OSError) or ends_all(error),
        )

    def push(self, blobs: Iterable[Named], source: Source, progress: Progress) -> Outcome[Named]:  # noqa: ARG002
        """Refuse: see `_refuse`."""
        self._refuse("pushed to")

    def check(self, progress: Progress, *, data: bool) -> Checkup:  # noqa: ARG002
        """Refuse: see `_refuse`."""
        self._refuse("checked")

    def mend(self, damages: Iterable[Damage], new_aside: Callable[[str], str]) -> Mended:  # noqa: ARG002
        """Refuse: see `_refuse`."""
        self._refuse("mended")

    def let_go(self, mended: Mended) -> None:  # noqa: ARG002
        """Refuse: see `_refuse`."""
        self._refuse("mended")

    def close(self) -> None:
        """Let go of the remote."""
        self._remote.close()

    def _refuse(self, done: str) -> NoReturn:
        raise RemoteSetupError(
            self.url,
            f"version_aware or worktree is set for it, and such a remote can only be {done} by DVC",
            hint="use DVC for that, or another remote: `dvclite pull`, `fetch` and `status -c` work",
        )

    def _get(self, blob: Named, landing: Landing, moved: OnBytes) -> None:
        oid = blob.ref.oid
        if is_tree(oid):
            landing.take(blob.ref, self.tree(oid).data, self.url)
            return
        place = self._places.get(oid)
        if place is None:
            raise BlobMissingError([blob.path], tried=[self.place])
        partial = landing.new_path()
        try:
            self._remote.get_version(place.key, place.version, Path(partial), moved=moved)
        except KeyMissingError:
            raise BlobMissingError([blob.path], tried=[self.place]) from None
        except BaseException:
            discard(partial)
            raise
        landing.adopt(partial, blob.ref, self.url, None)
