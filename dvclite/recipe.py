"""How the chunks of a large blob are found: runs of entries in packs.

Chunks that were packed one after another are one run, so that a recipe grows with the edits that
a blob has seen, not with its size. The written form is specified in `docs/formats/recipe.md`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from struct import Struct
from typing import NamedTuple

from dvclite.errors import RecipeError

MAGIC = b"dvcrecp\n"
VERSION = 1

DIGEST_SIZE = 32
"""The length of the digest that names a pack, in bytes."""

MOST_ENTRIES = (1 << 32) - 1
"""No pack has more entries."""

LARGEST_BLOB = (1 << 63) - 1

_HEADER = Struct("<8sB7sQII")
_ZEROS = bytes(7)
_RUN = Struct("<III")


class Run(NamedTuple):
    """Chunks that lie in a pack one after another.

    Attributes:
        pack: The digest that names the pack.
        first: The number of the first chunk's entry in the pack, counted from 0.
        count: How many there are, at least one.
    """

    pack: bytes
    first: int
    count: int  # type: ignore[assignment]  # Nobody asks a run for what tuples call so.


@dataclass(frozen=True, slots=True)
class Recipe:
    """The chunks of one blob, in order.

    Attributes:
        size: The length of the blob in bytes.
        runs: As few as possible: none goes on where the one before it ends.

    Raises:
        RecipeError: They cannot be runs of chunks of a blob of that size.
    """

    size: int
    runs: tuple[Run, ...]

    def __post_init__(self) -> None:
        _check(self)

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return sum(run.count for run in self.runs)


class RecipeBuilder:
    """Makes a recipe from chunks as they come."""

    def __init__(self) -> None:
        self._size = 0
        self._runs: list[Run] = []

    def add(self, pack: bytes, number: int, length: int) -> None:
        """Take in the next chunk.

        Args:
            pack: The digest that names the pack it is in.
            number: The number of its entry there, counted from 0.
            length: How many bytes of the blob it holds.
        """
        self._size += length
        last = self._runs[-1] if self._runs else None
        if last is not None and last.pack == pack and last.first + last.count == number:
            self._runs[-1] = Run(pack, last.first, last.count + 1)
        else:
            self._runs.append(Run(pack, number, 1))

    def recipe(self) -> Recipe:
        """Return the recipe of all chunks so far.

        Raises:
            RecipeError: What was added cannot be chunks of a blob.
        """
        return Recipe(self._size, tuple(self._runs))


def encode(recipe: Recipe) -> bytes:
    """Return the one written form of a recipe."""
    numbers = {pack: number for number, pack in enumerate(dict.fromkeys(_packs(recipe.runs)))}
    header = _HEADER.pack(MAGIC, VERSION, _ZEROS, recipe.size, len(numbers), len(recipe.runs))
    runs = (_RUN.pack(numbers[run.pack], run.first, run.count) for run in recipe.runs)
    return b"".join([header, *numbers, *runs])


def decode(data: bytes) -> Recipe:
    """Return the recipe that `encode` made into `data`.

    Raises:
        RecipeError: It is anything else.
    """
    if len(data) < _HEADER.size:
        raise RecipeError("it is cut short")
    magic, version, zeros, size, packs, runs = _HEADER.unpack_from(data)
    if magic != MAGIC:
        raise RecipeError("it does not begin as a recipe does")
    if version != VERSION:
        raise RecipeError(f"it is of version {version}", hint="a newer dvclite may read it")
    end = _HEADER.size + packs * DIGEST_SIZE
    if zeros != _ZEROS or len(data) != end + runs * _RUN.size:
        raise RecipeError("it is not as long as it says, or not blank where it has to be")
    starts = range(_HEADER.size, end, DIGEST_SIZE)
    names = [bytes(data[start : start + DIGEST_SIZE]) for start in starts]
    recipe = Recipe(size, tuple(_runs(names, memoryview(data)[end:])))
    if list(dict.fromkeys(_packs(recipe.runs))) != names:
        raise RecipeError("its packs are not those of its runs, in the order of their first use")
    return recipe


def _runs(names: list[bytes], data: memoryview) -> Iterable[Run]:
    for pack, first, count in _RUN.iter_unpack(data):
        if pack >= len(names):
            raise RecipeError("a run is in a pack that it does not name")
        yield Run(names[pack], first, count)


def _packs(runs: Iterable[Run]) -> Iterable[bytes]:
    return (run.pack for run in runs)


def _check(recipe: Recipe) -> None:
    """Return if this can be a recipe, in its shortest form."""
    for run in recipe.runs:
        if len(run.pack) != DIGEST_SIZE:
            raise RecipeError("a pack's digest is of another length")
        if run.count < 1 or run.first < 0 or run.first + run.count > MOST_ENTRIES:
            raise RecipeError("a run is of entries that no pack has")
    for run, following in pairwise(recipe.runs):
        if (run.pack, run.first + run.count) == (following.pack, following.first):
            raise RecipeError("two runs should be one")
    if not recipe.chunks <= recipe.size <= LARGEST_BLOB:
        raise RecipeError("its blob has more chunks than bytes, or more bytes than any blob")
    if recipe.size and not recipe.runs:
        raise RecipeError("its blob has bytes and no chunks")
