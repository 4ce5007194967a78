"""Blobs on a remote in packs."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

from dvclite.damage import Checkup, Damage, What
from dvclite.errors import (
    BlobCorruptError,
    BlobMissingError,
    FileAccessError,
    KeyMissingError,
    PackDamagedError,
    PackVersionError,
    RecipeError,
)
from dvclite.files.staging import Staging, sweep
from dvclite.formats.format import Format
from dvclite.hashing import TREE_SUFFIX, BlobRef, Oid, hash_bytes
from dvclite.pack.coding import decode
from dvclite.pack.layout import Kind, digest_of
from dvclite.progress import Progress
from dvclite.recipe import Recipe
from dvclite.remote import Remote
from dvclite.remotestore.engine import Outcome
from dvclite.remotestore.mended import Mended, delete_unchanged
from dvclite.remotestore.named import Named
from dvclite.remotestore.packed import Extent, Packed
from dvclite.remotestore.packs.arrivals import Arrivals
from dvclite.remotestore.packs.checking import Checking
from dvclite.remotestore.packs.draft import Draft, StagingError
from dvclite.remotestore.packs.fetching import Fetching
from dvclite.remotestore.packs.knowledge import Knowledge
from dvclite.remotestore.packs.locating import Locating
from dvclite.remotestore.packs.mending import Mending
from dvclite.remotestore.packs.packing import Packing
from dvclite.remotestore.packs.plan import Want, ranges
from dvclite.remotestore.packs.recipes import Recipes
from dvclite.remotestore.packs.sending import Sending
from dvclite.remotestore.packs.tally import Tally
from dvclite.remotestore.packs.weighing import weigh
from dvclite.remotestore.packs.wholes import Wholes
from dvclite.remotestore.sizes import Sizes
from dvclite.remotestore.store import LARGEST_TREE, Landing, RemoteStore, Source
from dvclite.tree import Tree


class PackStore(RemoteStore):
    """A remote that holds packs of blobs, chunks and recipes."""

    def __init__(
        self,
        remote: Remote,
        format: Format,
        folder: Path,
        *,
        jobs: int | None = None,
        index: str | None = None,
    ) -> None:
        """See `remote` as a store; it is closed with the store.

        Args:
            remote: Where the packs lie.
            format: How blobs are named and trees written.
            folder: Where to keep what is known of this remote, and packs on their way. Made when
                something is first pushed or fetched; nothing is lost with it.
            jobs: How many requests may run at once; None for the default.
            index: Where a cache remembers which pack holds what, since many are the same.
        """
        super().__init__(remote.url, format, jobs)
        self._remote = remote
        self._folder = folder
        self._sending = folder / "sending"
        self._staging = Staging(self._sending)
        self._knowledge = Knowledge(remote, format, folder, self.jobs)
        if index is not None:
            self._knowledge.copy_index_from(index)
        self._recipes = Recipes(remote, self._knowledge, format.algorithm, self.jobs)

    @property
    def place(self) -> str:
        """The remote's address, and which packs there are damaged."""
        return self._knowledge.place

    @property
    def index_path(self) -> str:
        """Where it is remembered which pack holds what."""
        return self._knowledge.index_path

    def missing(self, refs: Iterable[BlobRef]) -> Sizes:
        """Return which of these blobs are not on the remote: see `RemoteStore`."""
        self._knowledge.refresh()
        sizes = Sizes(refs)
        sizes.sift(self._present)
        trees = {digest_of(oid): oid for oid in sizes.trees()}
        asked = {digest: sizes[oid] for digest, oid in trees.items()}
        for digest in self._present(asked, Kind.TREE, Kind.TREE_RECIPE):
            del sizes[trees[digest]]
        return sizes

    def tree(self, oid: Oid) -> Tree:
        """Return a tree: see `RemoteStore`."""
        self._knowledge.refresh()
        error: BlobMissingError | BlobCorruptError | None = None
        for pack, wants, size in self._tree_places(oid):
            try:
                data = self._content(wants, size)
            except PackDamagedError:
                self._knowledge.bodies.doubt(pack)
                error = BlobCorruptError(oid, self._knowledge.where(pack))
                continue
            except (RecipeError, KeyMissingError):
                continue
            if hash_bytes(data, self.format.algorithm) == oid.removesuffix(TREE_SUFFIX):
                return self.format.read_tree(oid, data)
            error = BlobCorruptError(oid, self._knowledge.where(pack))
        raise error or BlobMissingError([oid], tried=[self.place])

    def extent(self) -> Extent:
        """Return how much lies there: see `RemoteStore`."""
        self._knowledge.refresh()
        return self._knowledge.extent()

    def push(self, blobs: Iterable[Named], source: Source, progress: Progress) -> Outcome[Named]:
        """Bring blobs to the remote: see `RemoteStore`."""
        with suppress(OSError):  # Whoever needs the folder is told.
            sweep(self._sending)  # Also if nothing is to be sent: a killed push may leave much.
        self._knowledge.refresh()
        self._knowledge.save()
        sending = Sending(
            self._remote, self._knowledge, self.format, self._staging.new_path, self.jobs
        )
        try:
            outcome = sending.push(blobs, source, progress)
            if outcome.packed.packs and not outcome.stopped:
                self._knowledge.publish(self._staging.new_path)
            return outcome
        except StagingError as error:
            reason = error.reason.strerror or error.reason
            hint = "what arrived is kept; mend that, then run the same command again"
            text = f"packs cannot be made there: {reason}"
            raise FileAccessError(str(self._folder), text, hint=hint) from error
        finally:
            self._knowledge.save()

    def weigh(self, blobs: Iterable[Named], source: Source, progress: Progress) -> Packed:
        """Return what a push would take: see `RemoteStore`."""
        self._knowledge.refresh()

        def advance(size: int) -> None:
            progress.advance(size=size)

        packing = Packing(self._knowledge, source, self.format, lambda: Draft(Tally()), advance)
        return weigh(packing, blobs)

    def fetch_packs(self, lacking: Sizes, landing: Landing, progress: Progress) -> Outcome[Named]:
        """Bring packs as they are: see `RemoteStore`."""
        self._knowledge.refresh()
        self._knowledge.save()
        return Wholes(self._remote, self._knowledge, landing, progress).fetch(lacking, self.jobs)

    def fetch(self, blobs: Iterable[Named], landing: Landing, progress: Progress) -> Outcome[Named]:
        """Bring blobs from the remote, each verified: see `RemoteStore`."""
        rest = iter(blobs)
        first = next(rest, None)
        if first is None:
            return Outcome()
        self._knowledge.refresh()
        self._knowledge.save()
        arrivals = Arrivals(landing, self.url, progress)
        locating = Locating(self._knowledge, self._recipes, landing, arrivals)
        fetching = Fetching(
            self._remote, self._knowledge, self.format.algorithm, locating, arrivals, progress
        )
        return fetching.fetch(chain([first], rest), landing.new_path, self.jobs)

    def check(self, progress: Progress, *, data: bool) -> Checkup:
        """Look at everything on the remote: see `RemoteStore`."""
        checking = Checking(self._remote, self._knowledge, self._recipes, self.jobs)
        return checking.check(progress, data=data)

    def mend(self, damages: Iterable[Damage], new_aside: Callable[[str], str]) -> Mended:
        """Replace packs that are damaged: see `RemoteStore`."""
        known = list(damages)
        packs = {one.name if one.what is What.PACK else one.pack for one in known} - {""}
        newer = [
            pack
            for pack, error in self._knowledge.damaged.items()
            if isinstance(error, PackVersionError)
        ]
        mending = Mending(
            self._remote, self._knowledge, self._recipes, self.format, self._staging.new_path
        )
        mended = mending.mend(sorted(packs.difference(newer)), new_aside)
        for one in known:
            if one.what is What.INDEX:
                mended.actions[one.name] = "made anew"
            elif one.what is not What.PACK and one.what is not What.CHUNK:
                oid = Oid(one.name)
                mended.doubtful.setdefault(oid, BlobRef(oid, -1 if one.pack else one.size))
        return mended

    def let_go(self, mended: Mended) -> None:
        """Delete what was replaced: see `RemoteStore`."""
        delete_unchanged(self._remote, mended.leaving)
        self._knowledge.save()

    def close(self) -> None:
        """Let go of the remote."""
        self._knowledge.close()
        self._staging.close()
        self._remote.close()

    def _present(
        self, sizes: dict[bytes, int], kind: Kind = Kind.BLOB, recipes: Kind = Kind.BLOB_RECIPE
    ) -> set[bytes]:
        """Return the digests of those of some blobs that are there as a whole."""
        present = self._knowledge.present(kind, sizes)
        rest = sizes.keys() - present
        present.update(
            place.entry.digest
            for place, recipe in self._recipes.find(recipes, rest)
            if sizes[place.entry.digest] in (-1, recipe.size)
        )
        return present

    def _tree_places(self, oid: Oid) -> Iterator[tuple[str, Iterable[Want[None]], int]]:
        """Yield what makes up a tree, from each place where it is."""
        digest = digest_of(oid)
        for place in self._knowledge.find(Kind.TREE, [digest]):
            yield place.pack, [Want(place.pack, place.entry, None)], place.entry.size
        for place, recipe in self._recipes.find(Kind.TREE_RECIPE, [digest]):
            if recipe.size <= LARGEST_TREE:
                yield place.pack, self._wants(recipe), recipe.size

    def _wants(self, recipe: Recipe) -> Iterator[Want[None]]:
        for pack, entry, position in self._recipes.chunks(recipe):
            yield Want(pack, entry, None, position)

    def _content(self, wants: Iterable[Want[None]], size: int) -> bytes:
        """Return the bytes that some entries make up.

        Raises:
            PackDamagedError: One is damaged.
            RecipeError: The recipe that names them cannot be followed.
            RemoteError: One is not there, or the remote did not answer.
        """
        errands = list(ranges(wants))
        data = bytearray(size)
        for errand in errands:
            stored = memoryview(self._knowledge.read(errand.pack, errand.begin, errand.end))
            for want in errand.wants:
                entry = want.entry
                part = stored[entry.offset - errand.begin :][: entry.stored]
                content = decode(entry, part, self.format.algorithm, where=errand.pack)
                data[want.position : want.position + entry.size] = content
        return bytes(data)
