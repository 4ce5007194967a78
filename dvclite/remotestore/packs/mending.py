"""Replacing damaged packs on a remote by what is whole in them."""

from collections.abc import Callable, Iterable
from pathlib import Path

from dvclite.errors import DvcliteError, KeyMissingError, PackDamagedError, RecipeError
from dvclite.files.atomic import discard
from dvclite.formats.format import Format
from dvclite.hashing import BlobRef
from dvclite.pack.coding import decode
from dvclite.pack.index import Entries
from dvclite.pack.layout import HEADER_SIZE, Kind, key_of, oid_of
from dvclite.pack.rescue import rescue
from dvclite.pack.writer import Pack, PackWriter
from dvclite.packindex import Location
from dvclite.recipe import Recipe, RecipeBuilder, encode
from dvclite.remote import Remote
from dvclite.remotestore.mended import Mended
from dvclite.remotestore.packs.knowledge import Knowledge
from dvclite.remotestore.packs.recipes import Recipes

_RECIPES_TARGET = 4 << 20
"""How large a pack of recipes is made: clients read them as a whole."""


class Mending:
    """One repair of the packs on a remote.

    What is whole of a damaged pack arrives in a new one, and the recipes of blobs that had chunks
    in the old one in another. Only then may the old one be deleted: a repair that is cut short
    anywhere has taken nothing away.
    """

    def __init__(
        self,
        remote: Remote,
        knowledge: Knowledge,
        recipes: Recipes,
        format: Format,
        new_path: Callable[[], str],
    ) -> None:
        """Prepare to write packs to paths from `new_path`, and bring them to `remote`."""
        self._remote = remote
        self._knowledge = knowledge
        self._recipes = recipes
        self._format = format
        self._new_path = new_path
        self._old: dict[str, Entries | None] = {}
        self._guessed: set[str] = set()
        self._mended = Mended()
        self._writer: PackWriter | None = None

    def mend(self, packs: Iterable[str], new_aside: Callable[[str], str]) -> Mended:
        """Do what `RemoteStore.mend` says.

        Args:
            packs: The packs that are damaged.
            new_aside: Returns a path for a damaged pack.
        """
        for pack in packs:
            try:
                self._replace(pack, new_aside(pack))
            except KeyMissingError:
                continue  # Somebody else was faster.
        if self._old:
            try:
                self._write_recipes()
            finally:
                if self._writer is not None:
                    self._writer.discard()
        return self._mended

    def _replace(self, pack: str, aside: str) -> None:
        old = self._knowledge.entries(pack) or self._knowledge.remembered(pack)
        self._remote.get(key_of(pack), Path(aside))
        rest = rescue(aside, self._new_path(), self._format.algorithm)
        if rest is not None:
            guess = _first_entries(rest, aside)
            self._send(rest)
        if rest is not None and rest.id == pack:
            self._mended.actions[pack] = "written anew"
            return
        self._knowledge.forget(pack)
        self._old[pack] = old
        if old is None and rest is not None:
            self._old[pack] = guess
            self._guessed.add(pack)
        self._mended.actions[pack] = f"replaced; set aside as {aside}"
        self._mended.leaving[key_of(pack)] = aside

    def _send(self, pack: Pack) -> None:
        try:
            self._remote.put(key_of(pack.id), Path(pack.path))
            self._knowledge.bodies.doubt(pack.id)
            if pack.entries.algorithm == self._format.algorithm:
                self._knowledge.learn(pack)
        finally:
            discard(pack.path)

    def _write_recipes(self) -> None:
        """Let recipes whose chunks were in packs that are replaced lead to where these are now."""
        written: set[BlobRef] = set()
        for place, recipe in list(self._recipes.every()):
            if isinstance(recipe, DvcliteError) or not self._is_concerned(recipe):
                continue
            oid = oid_of(place.entry)
            ref = self._mended.doubtful[oid] = BlobRef(oid, recipe.size)
            if ref not in written and not self._recipes.has_another(place):
                found = self._found_anew(recipe)
                if found is not None and self._is_proved(place, recipe, found):
                    written.add(ref)
                    self._write(place, found)
        if self._writer is not None:
            self._send(self._writer.finish())

    def _write(self, place: Location, recipe: Recipe) -> None:
        if self._writer is None:
            self._writer = PackWriter(self._new_path(), self._format.algorithm)
        self._writer.add(place.entry.kind, place.entry.digest, encode(recipe))
        if self._writer.size >= _RECIPES_TARGET:
            self._send(self._writer.finish())
            self._writer = None

    def _is_concerned(self, recipe: Recipe) -> bool:
        return any(run.pack.hex() in self._old for run in recipe.runs)

    def _found_anew(self, recipe: Recipe) -> Recipe | None:
        """Return a recipe for the same blob out of chunks that are there; None without them."""
        builder = RecipeBuilder()
        for run in recipe.runs:
            pack = run.pack.hex()
            is_old = pack in self._old
            entries = self._old[pack] if is_old else self._knowledge.entries(pack)
            if entries is None or run.first + run.count > len(entries):
                return None
            for number in range(run.first, run.first + run.count):
                place = Location(pack, number, entries[number])
                found = self._chunk(place.entry.digest) if is_old else place
                if found is None:
                    return None
                builder.add(bytes.fromhex(found.pack), found.number, found.entry.size)
        made = builder.recipe()
        return made if made.size == recipe.size else None

    def _is_proved(self, place: Location, old: Recipe, new: Recipe) -> bool:
        """Say whether a recipe makes its blob, where it was not certain which chunks it is of."""
        if not any(run.pack.hex() in self._guessed for run in old.runs):
            return True
        algorithm = self._format.algorithm
        hasher = algorithm.new()
        try:
            for pack, entry, _position in self._recipes.chunks(new):
                stored = self._remote.read(key_of(pack), entry.offset, entry.stored)
                hasher.update(decode(entry, stored, algorithm, where=pack))
        except (PackDamagedError, RecipeError, KeyMissingError):
            return False
        return hasher.hexdigest() == place.entry.digest.hex()

    def _chunk(self, digest: bytes) -> Location | None:
        return next(iter(self._knowledge.find(Kind.CHUNK, [digest])), None)


def _first_entries(rest: Pack, path: str) -> Entries:
    """Return the entries that stand first in a damaged pack, as they do in what was rescued of it.

    Those have the same numbers in both, if the damaged pack is not another one altogether.
    """
    position, number = HEADER_SIZE, 0
    with open(path, "rb") as damaged, open(rest.path, "rb") as rescued:
        damaged.seek(position)
        rescued.seek(position)
        for entry in rest.entries:
            length = entry.end - position
            if damaged.read(length) != rescued.read(length):
                break
            position = entry.end
            number += 1
    return rest.entries[:number]
