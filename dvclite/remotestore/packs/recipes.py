"""The recipes on a remote."""

from collections.abc import Collection, Iterable, Iterator

from dvclite.errors import (
    KeyMissingError,
    PackDamagedError,
    PackError,
    RecipeError,
)
from dvclite.hashing import Algorithm
from dvclite.pack.coding import decode
from dvclite.pack.index import Entries
from dvclite.pack.layout import Kind, PackEntry, key_of
from dvclite.packindex import Location
from dvclite.recipe import Recipe, Run
from dvclite.recipe import decode as decode_recipe
from dvclite.remote import Remote
from dvclite.remotestore import engine
from dvclite.remotestore.packs.knowledge import RECIPES, Knowledge

_WHOLE = 8 << 20
"""Packs up to this size are read as a whole for the recipes that are in them."""


class Recipes:
    """Reads how large blobs are put together."""

    def __init__(
        self, remote: Remote, knowledge: Knowledge, algorithm: Algorithm, jobs: int
    ) -> None:
        """Read recipes from the packs that are known to be on `remote`."""
        self._remote = remote
        self._knowledge = knowledge
        self._algorithm = algorithm
        self._jobs = jobs

    def find(
        self,
        kind: Kind,
        digests: Iterable[bytes],
        *,
        but: Collection[tuple[str, int]] = (),
        at_hand: bool = False,
    ) -> Iterator[tuple[Location, Recipe]]:
        """Yield recipes of blobs that can be followed as far as is known without trying.

        Args:
            kind: Of blobs or of trees.
            digests: Which blobs.
            but: Recipes that are not to be looked at: the pack and the number in it.
            at_hand: Whether to ask the remote for nothing, and leave out what it would tell.

        Raises:
            RemoteError: The remote did not answer.
        """
        places = [
            place
            for place in self._knowledge.find(kind, digests)
            if (place.pack, place.number) not in but
        ]
        if at_hand:
            places = [place for place in places if self._is_at_hand(place.pack)]
        else:
            self._bring({place.pack for place in places})
        for place in places:
            try:
                recipe = self._read(place)
            except KeyMissingError:
                continue
            except (PackError, RecipeError) as error:
                self._knowledge.damaged.setdefault(place.pack, error)
                continue
            if all(self._around(run) is not None for run in recipe.runs):
                yield place, recipe

    def is_sound(self, recipe: Recipe) -> bool:
        """Say whether a recipe makes as many bytes as it says, out of chunks that are there.

        Looked at before the first byte is fetched: a recipe may be made to fill a disk.
        """
        try:
            return all(entry.size for _pack, entry, _position in self.chunks(recipe))
        except RecipeError:
            return False

    def every(self) -> Iterator[tuple[Location, Recipe | PackDamagedError | RecipeError]]:
        """Yield every recipe that there is, or why it cannot be read.

        Raises:
            RemoteError: The remote did not answer.
        """
        for pack in sorted(self._knowledge.recipe_packs):
            entries = self._knowledge.entries(pack)
            if entries is None:
                continue
            self._bring([pack])
            for number, entry in enumerate(entries):
                if entry.kind in RECIPES:
                    place = Location(pack, number, entry)
                    try:
                        yield place, self._read(place)
                    except (PackDamagedError, RecipeError) as error:
                        yield place, error
                    except KeyMissingError:
                        break  # The pack has just left.

    def fault(self, recipe: Recipe) -> str:
        """Return what is wrong with a recipe; nothing if it can be followed, as far as is known."""
        try:
            for _chunk in self.chunks(recipe):
                pass
        except RecipeError as error:
            return str(error)
        return ""

    def has_another(self, place: Location) -> bool:
        """Say whether a blob is there also without one of its recipes."""
        kind, digest = place.entry.kind, place.entry.digest
        whole = Kind.BLOB if kind == Kind.BLOB_RECIPE else Kind.TREE
        if self._knowledge.present(whole, [digest]):
            return True
        others = self.find(kind, [digest], but={(place.pack, place.number)})
        return any(not self.fault(recipe) for _place, recipe in others)

    def chunks(self, recipe: Recipe) -> Iterator[tuple[str, PackEntry, int]]:
        """Yield the chunks of a blob in order: their packs, entries, and places in the blob.

        Raises:
            RecipeError: It is not a recipe that can be followed.
        """
        position = 0
        for run in recipe.runs:
            pack = run.pack.hex()
            entries = self._around(run)
            if entries is None:
                raise RecipeError(f"the pack {pack} is not there, or has not that many entries")
            for entry in entries[run.first : run.first + run.count]:
                if entry.kind != Kind.CHUNK or not entry.size:
                    raise RecipeError("it is not made of chunks")
                if position + entry.size > recipe.size:
                    raise RecipeError("its chunks are more than its blob has room for")
                yield pack, entry, position
                position += entry.size
        if position != recipe.size:
            raise RecipeError("its chunks are less than its blob")

    def _around(self, run: Run) -> Entries | None:
        """Return all entries of the pack that a run lies in; None if it is not there, or too short."""
        entries = self._knowledge.entries(run.pack.hex())
        return entries if entries is not None and run.first + run.count <= len(entries) else None

    def _bring(self, packs: Iterable[str]) -> None:
        """Have small packs at hand."""
        sizes = {pack: self._knowledge.packs[pack] for pack in packs}
        absent = [
            pack for pack, size in sizes.items() if size <= _WHOLE and not self._is_at_hand(pack)
        ]

        def read(pack: str, _moved: object) -> None:
            data = self._remote.read(key_of(pack), 0, sizes[pack])
            self._knowledge.add_recipes(pack, data)

        outcome = engine.run(absent, read, self._jobs, fatal=lambda error: not _is_gone(error))
        for failure in outcome.failures:
            if not _is_gone(failure.error):
                raise failure.error

    def _is_at_hand(self, pack: str) -> bool:
        return self._knowledge.bodies.get(pack, self._knowledge.packs[pack]) is not None

    def _read(self, place: Location) -> Recipe:
        while True:
            try:
                stored = self._stored(place)
                where = self._knowledge.where(place.pack)
                return decode_recipe(decode(place.entry, stored, self._algorithm, where=where))
            except PackDamagedError:
                if not self._knowledge.bodies.doubt(place.pack):
                    raise

    def _stored(self, place: Location) -> bytes:
        size = self._knowledge.packs[place.pack]
        key, entry = key_of(place.pack), place.entry
        if size > _WHOLE:
            return self._remote.read(key, entry.offset, entry.stored)
        data = self._knowledge.bodies.get(place.pack, size)
        if data is None:
            data = self._remote.read(key, 0, size)
            self._knowledge.add_recipes(place.pack, data)
        return data[entry.offset : entry.end]


def _is_gone(error: Exception) -> bool:
    return isinstance(error, KeyMissingError)
