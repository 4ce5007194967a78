"""How the chunks of a large blob are found: runs of entries in packs.

Chunks that were packed one after another are one run, so that a recipe grows with the edits that
a blob has seen, not with its size. The written form is specified in `docs/formats/recipe.md`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from struct import Struct
from typing import NamedTuple, overload

from dvclite.errors import RecipeError

MAGIC = b"dvcrecp\n"
VERSION = 1

DIGEST_SIZE = 32
"""The length of the digest that names a pack, in bytes."""

MOST_ENTRIES = (1 << 32) - 1
"""No pack has more entries."""

MOST_PACKS = 1 << 19
"""How many packs a recipe may name."""

SMALLEST_CHUNK = 4 << 10
"""A blob has at most one chunk for each so many of its bytes, and one more."""

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
    runs: Sequence[Run]

    def __post_init__(self) -> None:
        _check(self)

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return sum(run.count for run in self.runs)


class Runs(Sequence[Run]):
    """The runs of a written recipe, made as they are used: there may be millions of them."""

    __slots__ = ("_names", "_records")

    def __init__(self, names: Sequence[bytes], records: bytes | memoryview) -> None:
        """Read runs in packs of these names from records that have been checked."""
        self._names = names
        self._records = records

    def __len__(self) -> int:
        return len(self._records) // _RUN.size

    @overload
    def __getitem__(self, number: int) -> Run: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[Run]: ...

    def __getitem__(self, number: int | slice) -> Run | Sequence[Run]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        place = range(len(self))[number] * _RUN.size
        pack, first, count = _RUN.unpack_from(self._records, place)
        return Run(self._names[pack], first, count)

    def __iter__(self) -> Iterator[Run]:
        names = self._names
        for pack, first, count in _RUN.iter_unpack(self._records):
            yield Run(names[pack], first, count)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


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
    if packs > MOST_PACKS:
        raise RecipeError(f"it names {packs:,} packs, which are more than one may")
    _check_count(runs, size)
    starts = range(_HEADER.size, end, DIGEST_SIZE)
    names = [bytes(data[start : start + DIGEST_SIZE]) for start in starts]
    records = memoryview(data)[end:]
    _check_packs(names, records)
    return Recipe(size, Runs(names, records))


def _check_packs(names: list[bytes], records: memoryview) -> None:
    """Return if all runs are in packs that are named, in the order of their first use."""
    used = 0
    in_order = len(set(names)) == len(names)
    for pack, _first, _count in _RUN.iter_unpack(records):
        if pack >= len(names):
            raise RecipeError("a run is in a pack that it does not name")
        in_order = in_order and pack <= used
        used += pack == used
    if not in_order or used != len(names):
        raise RecipeError("its packs are not those of its runs, in the order of their first use")


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
    _check_count(recipe.chunks, recipe.size)
    if recipe.size and not recipe.runs:
        raise RecipeError("its blob has bytes and no chunks")


def _check_count(chunks: int, size: int) -> None:
    """Return if a blob of `size` bytes may have so many chunks."""
    if not 0 <= size <= LARGEST_BLOB:
        raise RecipeError("its blob has more bytes than any blob")
    if chunks > min(size, size // SMALLEST_CHUNK + 1):
        raise RecipeError("its blob has too few bytes for so many chunks")
