"""Looking for what is damaged in the packs on a remote. Nothing is changed here."""

import threading
from collections.abc import Callable, Iterator

from dvclite.damage import Checkup, Damage, What, damage_of
from dvclite.errors import KeyMissingError, PackDamagedError, RecipeError
from dvclite.files.copying import OnBytes
from dvclite.pack.index import Entries
from dvclite.pack.layout import HEADER_SIZE, Kind, header, key_of, oid_of
from dvclite.pack.proof import find_damage
from dvclite.progress import SILENT, Progress
from dvclite.recipe import Recipe
from dvclite.remote import Remote
from dvclite.remotestore import engine
from dvclite.remotestore.packs.knowledge import Knowledge
from dvclite.remotestore.packs.recipes import Recipes

_TOGETHER = 4 << 20
"""How many bytes of a pack are read at a time."""

_MOST_AT_ONCE = 8
"""How many packs are read at once: each takes that much memory, and as much again."""


class Checking:
    """One look at all packs of a remote."""

    def __init__(self, remote: Remote, knowledge: Knowledge, recipes: Recipes, jobs: int) -> None:
        """Prepare to look at the packs on `remote`."""
        self._remote = remote
        self._knowledge = knowledge
        self._recipes = recipes
        self._jobs = min(jobs, _MOST_AT_ONCE)
        self._checkup = Checkup()
        self._progress: Progress = SILENT
        self._bad: dict[str, set[int]] = {}
        self._lock = threading.Lock()

    def check(self, progress: Progress, *, data: bool) -> Checkup:
        """Do what `RemoteStore.check` says."""
        knowledge, checkup = self._knowledge, self._checkup
        self._progress = progress
        progress.start("Looking at packs")
        try:
            knowledge.distrust()
            knowledge.refresh()
        finally:
            progress.finish()
        checkup.packs = len(knowledge.packs)
        for pack, error in sorted(knowledge.damaged.items()):
            if not isinstance(error, KeyMissingError):
                checkup.packs += 1
                checkup.damages.append(
                    Damage(What.PACK, pack, str(getattr(error, "reason", error)))
                )
        if data:
            self._read_all(progress)
        else:
            self._look_at_all(progress)
        checkup.damages += self._of_recipes()
        if knowledge.remembers_wrong():
            reason = "does not say of packs what they say themselves"
            checkup.damages.append(Damage(What.INDEX, knowledge.index_path, reason))
        return checkup

    def _look_at_all(self, progress: Progress) -> None:
        packs = self._knowledge.packs
        progress.start("Checking", files=len(packs))
        self._run(lambda pack, _moved: self._look(pack), progress)

    def _look(self, pack: str) -> None:
        """Look at how a pack begins: its end was read already."""
        entries = self._knowledge.entries(pack)
        if not entries:
            return  # Nothing is in it for this repository.
        is_whole = self._knowledge.read(pack, 0, HEADER_SIZE) == header(entries.algorithm)
        with self._lock:
            if not is_whole:
                reason = "its first bytes are damaged"
                self._checkup.damages.append(Damage(What.PACK, pack, reason))
            self._checkup.blobs += _blobs(entries)
            self._checkup.size += self._knowledge.packs[pack] - entries.end

    def _read_all(self, progress: Progress) -> None:
        progress.start("Checking", size=sum(self._knowledge.packs.values()))
        self._run(lambda pack, moved: self._read(pack, progress, moved), SILENT)

    def _run(self, work: Callable[[str, OnBytes], None], told: Progress) -> None:
        """Work on all packs, and let `told` know of each."""
        try:
            outcome = engine.run(
                sorted(self._knowledge.packs),
                work,
                self._jobs,
                progress=told,
                fatal=lambda error: not isinstance(error, KeyMissingError),
            )
        finally:
            self._progress.finish()
        for failure in outcome.failures:
            if not isinstance(failure.error, KeyMissingError):
                raise failure.error
        self._checkup.damages.sort(key=lambda damage: (damage.pack or damage.name, damage.name))

    def _read(self, pack: str, progress: Progress, moved: OnBytes) -> None:
        entries = self._knowledge.entries(pack)
        if not entries:
            return  # Nothing is in it for this repository.

        def read(offset: int, length: int) -> bytes:
            data = self._remote.read(key_of(pack), offset, length)
            if len(data) != length:
                raise PackDamagedError(pack, "it is cut short")
            moved(0)
            progress.advance(size=length)
            return data

        damages = []
        try:
            for entry, error in find_damage(read, entries, pack, together=_TOGETHER):
                damages.append(damage_of(pack, entry, error))
                if entry is not None and entry.kind == Kind.CHUNK:
                    with self._lock:
                        self._bad.setdefault(pack, set()).add(_number(entries, entry.offset))
        except PackDamagedError as error:
            damages.append(damage_of(pack, None, error))
        with self._lock:
            self._checkup.damages += damages
            self._checkup.blobs += _blobs(entries)
            self._checkup.size += self._knowledge.packs[pack]

    def _of_recipes(self) -> Iterator[Damage]:
        """Yield recipes that cannot be followed, and large blobs with a chunk that is damaged."""
        known = {(damage.name, damage.pack) for damage in self._checkup.damages}
        for place, recipe in self._recipes.every():
            oid = oid_of(place.entry)
            if isinstance(recipe, PackDamagedError):
                if (oid, place.pack) not in known:
                    yield damage_of(place.pack, place.entry, recipe)
                continue
            fault = str(recipe) if isinstance(recipe, RecipeError) else self._recipes.fault(recipe)
            if fault:
                if not self._recipes.has_another(place):
                    yield Damage(What.RECIPE, oid, fault)
            elif not isinstance(recipe, RecipeError) and self._has_bad_chunk(recipe):
                what = What.TREE if place.entry.kind == Kind.TREE_RECIPE else What.BLOB
                yield Damage(what, oid, "a chunk of it is damaged", size=recipe.size)

    def _has_bad_chunk(self, recipe: Recipe) -> bool:
        return any(
            run.first <= number < run.first + run.count
            for run in recipe.runs
            for number in self._bad.get(run.pack.hex(), ())
        )


def _blobs(entries: Entries) -> int:
    """Return how many blobs there are, small ones and recipes of large ones."""
    return sum(entry.kind != Kind.CHUNK for entry in entries)


def _number(entries: Entries, offset: int) -> int:
    """Return which entry begins at a place."""
    return next(number for number, entry in enumerate(entries) if entry.offset == offset)
