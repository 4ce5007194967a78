"""Which bytes of which packs to ask for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from dvclite.pack.layout import PackEntry

_Target = TypeVar("_Target")

LONGEST = 16 << 20
"""How many bytes are asked for at once, at most."""

_GAP = 256 << 10
"""How many bytes that nobody wants are read rather than asking twice."""

_MOST = 0.6
"""The part of a pack from which on the whole of it is got."""


class Want(NamedTuple, Generic[_Target]):
    """An entry that somebody wants. A NamedTuple, because a million of them pass by.

    Attributes:
        pack: The id of the pack it is in.
        entry: The entry.
        target: Who wants it.
        position: Where in a large blob its content belongs.
    """

    pack: str
    entry: PackEntry
    target: _Target
    position: int = 0


@dataclass(slots=True, eq=False)
class Errand(Generic[_Target]):
    """One request.

    Attributes:
        pack: The id of the pack.
        wants: What is wanted from it, in the order of the pack.
        is_whole: Whether to get the whole pack.
        done: How many of the wants need no more work.
    """

    pack: str
    wants: Sequence[Want[_Target]]
    is_whole: bool
    done: int = 0

    @property
    def begin(self) -> int:
        """Where the first wanted byte is in the pack."""
        return self.wants[0].entry.offset

    @property
    def end(self) -> int:
        """Where the last wanted byte ends."""
        return self.wants[-1].entry.end


def ranges(wants: Iterable[Want[_Target]]) -> Iterator[Errand[_Target]]:
    """Yield the requests for parts of packs that bring all that is wanted."""
    for pack, wanted in _by_pack(wants).items():
        yield from (Errand(pack, group, is_whole=False) for group in _ranges(wanted))


def plan(wants: Iterable[Want[_Target]], sizes: Mapping[str, int]) -> Iterator[Errand[_Target]]:
    """Yield the fewest requests that bring all that is wanted, without too much that is not.

    Args:
        wants: In any order. Packs are gone to in the order in which they occur first.
        sizes: How many bytes the packs have.
    """
    for pack, wanted in _by_pack(wants).items():
        parts = [Errand(pack, group, is_whole=False) for group in _ranges(wanted)]
        covered = sum(part.end - part.begin for part in parts)
        if len(parts) > 1 and covered >= _MOST * sizes[pack]:
            yield Errand(pack, wanted, is_whole=True)
        else:
            yield from parts


def _by_pack(wants: Iterable[Want[_Target]]) -> dict[str, list[Want[_Target]]]:
    by_pack: dict[str, list[Want[_Target]]] = {}
    for want in wants:
        by_pack.setdefault(want.pack, []).append(want)
    for wanted in by_pack.values():
        wanted.sort(key=lambda want: want.entry.offset)
    return by_pack


def _ranges(wants: Sequence[Want[_Target]]) -> Iterator[Sequence[Want[_Target]]]:
    """Yield wants of one pack that are read together."""
    first = 0
    for number in range(1, len(wants)):
        begin, end = wants[first].entry.offset, wants[number - 1].entry.end
        entry = wants[number].entry
        if entry.offset - end > _GAP or entry.end - begin > LONGEST:
            yield wants[first:number]
            first = number
    if wants:
        yield wants[first:]
