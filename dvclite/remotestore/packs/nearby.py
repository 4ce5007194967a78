"""Chunks of blobs that the local cache holds: they need not come from afar."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from blake3 import blake3

from dvclite.hashing import Oid, is_tree
from dvclite.pack.layout import Kind, PackEntry, digest_of
from dvclite.recipe import Recipe
from dvclite.remotestore.packs.knowledge import Knowledge
from dvclite.remotestore.packs.recipes import Recipes
from dvclite.remotestore.store import Landing

_MOST_BLOBS = 10_000
_MOST_CHUNKS = 1_000_000
_MOST_CANDIDATES = 3


class Nearby:
    """Knows which chunks other large blobs in the cache hold, as their recipes tell.

    What is found is verified by the chunk's name, so that nothing rests on a blob in the cache
    being what it should.
    """

    def __init__(self, knowledge: Knowledge, recipes: Recipes, landing: Landing) -> None:
        """Look for blobs in the cache behind `landing`, once a chunk is asked for."""
        self._knowledge = knowledge
        self._recipes = recipes
        self._landing = landing
        self._held: dict[Oid, Recipe] | None = None
        self._by_pack: dict[str, list[Oid]] = {}
        self._places: dict[tuple[str, int], tuple[Oid, int]] = {}
        self._expanded: set[Oid] = set()

    def prepare(self, recipe: Recipe) -> None:
        """Look for blobs that share packs with what is wanted."""
        if self._held is None:
            self._held = dict(self._find_held())
            for oid, held in self._held.items():
                for pack in {run.pack for run in held.runs}:
                    self._by_pack.setdefault(pack.hex(), []).append(oid)
        shares = Counter[Oid]()
        for run in recipe.runs:
            for oid in self._by_pack.get(run.pack.hex(), ()):
                shares[oid] += run.count
        for oid, _count in shares.most_common(_MOST_CANDIDATES):
            self._expand(oid, self._held[oid])

    def chunk(self, pack: str, entry: PackEntry) -> bytes | None:
        """Return the content of a chunk, verified, if a blob in the cache has it."""
        place = self._places.get((pack, entry.offset))
        if place is None:
            return None
        oid, position = place
        path = self._landing.find(oid)
        if path is None:
            return None
        try:
            with open(path, "rb", buffering=0) as file:
                file.seek(position)
                data = file.read(entry.size)
        except OSError:
            return None
        return data if blake3(data).digest() == entry.digest else None

    def _find_held(self) -> Iterator[tuple[Oid, Recipe]]:
        held = list(islice(self._landing.held(), _MOST_BLOBS))
        for kind in (Kind.BLOB_RECIPE, Kind.TREE_RECIPE):
            oids = {
                digest_of(oid): oid for oid in held if is_tree(oid) == (kind is Kind.TREE_RECIPE)
            }
            for place, recipe in self._recipes.find(kind, oids, at_hand=True):
                yield oids[place.entry.digest], recipe

    def _expand(self, oid: Oid, recipe: Recipe) -> None:
        if oid in self._expanded or len(self._places) + recipe.chunks > _MOST_CHUNKS:
            return
        self._expanded.add(oid)
        if not self._recipes.is_sound(recipe):
            return
        for pack, entry, position in self._recipes.chunks(recipe):
            self._places.setdefault((pack, entry.offset), (oid, position))
