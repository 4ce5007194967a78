"""Where in the packs the bytes of blobs are."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from dvclite.errors import BlobMissingError, RecipeError
from dvclite.hashing import BlobRef, Oid, is_tree
from dvclite.pack.layout import LARGEST, Kind, PackEntry, digest_of
from dvclite.packindex import Location
from dvclite.recipe import Recipe
from dvclite.remotestore.named import Named
from dvclite.remotestore.packs.arrivals import Arrivals, Problem
from dvclite.remotestore.packs.assembling import Assembly
from dvclite.remotestore.packs.knowledge import Knowledge
from dvclite.remotestore.packs.nearby import Nearby
from dvclite.remotestore.packs.plan import Want
from dvclite.remotestore.packs.recipes import Recipes
from dvclite.remotestore.store import LARGEST_TREE, Landing

Target = Named | Assembly
"""What an entry is for: a small blob that it is, or a large one that it is a part of."""

_KINDS = ((Kind.BLOB, Kind.BLOB_RECIPE), (Kind.TREE, Kind.TREE_RECIPE))


class Locating:
    """Finds the entries that make up blobs, and begins to put large ones together."""

    def __init__(
        self, knowledge: Knowledge, recipes: Recipes, landing: Landing, arrivals: Arrivals
    ) -> None:
        """Look in `knowledge` and `recipes`, on behalf of what goes to `landing`."""
        self._knowledge = knowledge
        self._recipes = recipes
        self._landing = landing
        self._arrivals = arrivals
        self._nearby = Nearby(knowledge, recipes, landing)
        self._bad: set[tuple[str, int]] = set()

    def locate(
        self, blobs: Sequence[Named], errors: Mapping[Oid, Problem]
    ) -> Iterator[Want[Target]]:
        """Yield what has to be brought for some blobs; those that are nowhere have failed then.

        Args:
            blobs: The blobs.
            errors: What was wrong with those that were brought before.
        """
        for kind, recipe_kind in _KINDS:
            some = [blob for blob in blobs if is_tree(blob.ref.oid) == (kind is Kind.TREE)]
            places = self._places(kind, [blob for blob in some if blob.ref.size <= LARGEST])
            rest: dict[bytes, Named] = {}
            for blob in some:
                digest = digest_of(blob.ref.oid)
                if digest in places:
                    yield Want(places[digest].pack, places[digest].entry, blob)
                else:
                    rest[digest] = blob
            if rest:
                yield from self._from_recipes(recipe_kind, rest, errors)

    def another(self, want: Want[Target]) -> Want[Target] | None:
        """Return the same chunk from elsewhere; None if there is no other."""
        digest, size = want.entry.digest, want.entry.size
        for pack, number, entry in self._knowledge.find(Kind.CHUNK, [digest]):
            if (pack, number) not in self._bad and entry.size == size:
                return Want(pack, entry, want.target, want.position)
        return None

    def refuse(self, pack: str, entry: PackEntry) -> None:
        """Do not use an entry again."""
        for place in self._knowledge.find(entry.kind, [entry.digest]):
            if place.pack == pack and place.entry.offset == entry.offset:
                self._bad.add((place.pack, place.number))

    def refuse_recipe(self, pack: str, number: int) -> None:
        """Do not follow a recipe again."""
        self._bad.add((pack, number))

    def _places(self, kind: Kind, blobs: Sequence[Named]) -> dict[bytes, Location]:
        """Return where blobs are, in as few packs as possible."""
        found = self._knowledge.find(kind, [digest_of(blob.ref.oid) for blob in blobs])
        counts = Counter(place.pack for place in found)
        places: dict[bytes, Location] = {}
        for place in found:
            if (place.pack, place.number) not in self._bad:
                best = places.setdefault(place.entry.digest, place)
                if counts[place.pack] > counts[best.pack]:
                    places[place.entry.digest] = place
        return places

    def _from_recipes(
        self, kind: Kind, blobs: Mapping[bytes, Named], errors: Mapping[Oid, Problem]
    ) -> Iterator[Want[Target]]:
        recipes: dict[bytes, tuple[Location, Recipe]] = {}
        for place, recipe in self._recipes.find(kind, blobs, but=self._bad):
            size = blobs[place.entry.digest].ref.size
            if size not in (-1, recipe.size):
                continue
            if kind is Kind.TREE_RECIPE and recipe.size > LARGEST_TREE:
                continue
            if place.entry.digest not in recipes and self._recipes.is_sound(recipe):
                recipes[place.entry.digest] = place, recipe
        for digest, blob in blobs.items():
            if digest in recipes:
                yield from self._begun(blob, *recipes.pop(digest))
            else:
                missing = BlobMissingError([blob.path], tried=[self._knowledge.place])
                self._arrivals.fail(blob, errors.get(blob.ref.oid, missing))

    def _begun(self, blob: Named, place: Location, recipe: Recipe) -> Iterator[Want[Target]]:
        """Yield the chunks of a large blob that are neither in its file nor in the cache."""
        try:
            path = self._landing.partial(blob.ref.oid)
            sized = Named(blob.path, BlobRef(blob.ref.oid, recipe.size))
            hasher = self._landing.hasher(sized)
            assembly = Assembly(blob, recipe.size, (place.pack, place.number), path, hasher)
        except OSError as error:
            self._arrivals.fail(blob, error)
            return
        self._arrivals.begin(assembly)
        problem: Problem | None = None
        try:
            self._nearby.prepare(recipe)
            for pack, entry, position in self._recipes.chunks(recipe):
                if not self._is_here(assembly, pack, entry, position):
                    assembly.expect()
                    yield Want(pack, entry, assembly, position)
        except (RecipeError, OSError) as error:
            problem = error
        assembly.close()
        self._arrivals.settle(assembly, problem)

    def _is_here(self, assembly: Assembly, pack: str, entry: PackEntry, position: int) -> bool:
        if assembly.holds(entry, position):
            self._arrivals.tell(assembly, entry.size)
            return True
        data = self._nearby.chunk(pack, entry)
        if data is None:
            return False
        self._arrivals.write(assembly, data, position)
        return True
