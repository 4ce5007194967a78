"""Blobs on a remote in packs."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

from dvclite.errors import (
    BlobCorruptError,
    BlobMissingError,
    FileAccessError,
    KeyMissingError,
    PackDamagedError,
    RecipeError,
)
from dvclite.files.staging import Staging
from dvclite.formats.format import Format
from dvclite.hashing import TREE_SUFFIX, BlobRef, Oid, hash_bytes, is_tree
from dvclite.pack.coding import decode
from dvclite.pack.layout import Kind, digest_of
from dvclite.progress import Progress
from dvclite.recipe import Recipe
from dvclite.remote import Remote
from dvclite.remotestore.engine import Outcome
from dvclite.remotestore.named import Named
from dvclite.remotestore.packed import Extent, Packed
from dvclite.remotestore.packs.arrivals import Arrivals
from dvclite.remotestore.packs.draft import Draft, StagingError
from dvclite.remotestore.packs.fetching import Fetching
from dvclite.remotestore.packs.knowledge import Knowledge
from dvclite.remotestore.packs.locating import Locating
from dvclite.remotestore.packs.packing import Packing
from dvclite.remotestore.packs.plan import Want, ranges
from dvclite.remotestore.packs.recipes import Recipes
from dvclite.remotestore.packs.sending import Sending
from dvclite.remotestore.packs.tally import Tally
from dvclite.remotestore.packs.weighing import weigh
from dvclite.remotestore.store import LARGEST_TREE, Landing, RemoteStore, Source
from dvclite.tree import Tree

_TOGETHER = 50_000


class PackStore(RemoteStore):
    """A remote that holds packs of blobs, chunks and recipes."""

    def __init__(
        self, remote: Remote, format: Format, folder: Path, *, jobs: int | None = None
    ) -> None:
        """See `remote` as a store; it is closed with the store.

        Args:
            remote: Where the packs lie.
            format: How blobs are named and trees written.
            folder: Where to keep what is known of this remote, and packs on their way. Made when
                something is first pushed or fetched; nothing is lost with it.
            jobs: How many requests may run at once; None for the default.
        """
        super().__init__(remote.url, format, jobs)
        self._remote = remote
        self._folder = folder
        self._staging = Staging(folder / "sending")
        self._knowledge = Knowledge(remote, format, folder, self.jobs)
        self._recipes = Recipes(remote, self._knowledge, format.algorithm, self.jobs)

    @property
    def place(self) -> str:
        """The remote's address, and which packs there are damaged."""
        return self._knowledge.place

    def missing(self, refs: Iterable[BlobRef]) -> dict[Oid, int]:
        """Return which of these blobs are not on the remote: see `RemoteStore`."""
        self._knowledge.refresh()
        sizes: dict[Oid, int] = {}
        for ref in refs:
            if sizes.setdefault(ref.oid, ref.size) < 0:
                sizes[ref.oid] = ref.size
        rest = iter(list(sizes))
        while group := list(islice(rest, _TOGETHER)):
            for oid in self._present(group, sizes):
                del sizes[oid]
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
        self._knowledge.refresh()
        self._knowledge.save()
        sending = Sending(
            self._remote, self._knowledge, self.format, self._staging.new_path, self.jobs
        )
        try:
            return sending.push(blobs, source, progress)
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

    def close(self) -> None:
        """Let go of the remote."""
        self._knowledge.close()
        self._staging.close()
        self._remote.close()

    def _present(self, oids: Iterable[Oid], sizes: dict[Oid, int]) -> Iterator[Oid]:
        """Yield those of some blobs that are there as a whole."""
        for kind, recipe_kind in (
            (Kind.BLOB, Kind.BLOB_RECIPE),
            (Kind.TREE, Kind.TREE_RECIPE),
        ):
            digests = {digest_of(oid): oid for oid in oids if is_tree(oid) == (kind is Kind.TREE)}
            for digest in self._knowledge.present(kind, digests):
                yield digests.pop(digest)
            for place, recipe in self._recipes.find(recipe_kind, list(digests)):
                oid = digests.get(place.entry.digest)
                if oid is not None and sizes[oid] in (-1, recipe.size):
                    del digests[place.entry.digest]
                    yield oid

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
