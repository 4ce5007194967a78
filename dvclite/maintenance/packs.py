"""Garbage in packs: it leaves with its pack.

What is still needed of a pack is written into a new one before the old one goes to the trash.
Garbage stays in a large pack as long as most of that is needed: much is not written again to be
rid of a little.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from dvclite.cache.cache import Cache
from dvclite.cache.packfolder import Stored
from dvclite.hashing import BlobRef, Oid

_CHEAP = 8 << 20
"""How much may be written again to be rid of any garbage, in bytes."""

_SMALL = 16 << 20
_MANY_SMALL = 32
"""From how many packs on that are smaller than they could be these are put together."""


class _Chosen(NamedTuple):
    """A pack that is to go.

    Attributes:
        id: Its name.
        garbage: What nobody needs of it.
    """

    id: str
    garbage: list[BlobRef]


def throw_away_packs(cache: Cache, garbage: Collection[Oid], day: str) -> list[BlobRef]:
    """Move packs to the trash of a day, after what is needed of them was written again.

    Args:
        cache: The cache.
        garbage: Blobs that nobody needs.
        day: Today, as `YYYY-MM-DD`.

    Returns:
        The garbage that is gone.

    Raises:
        OSError: What is needed could not be written; the packs are where they were.
    """
    chosen = _choose(cache, garbage)
    if not chosen:
        return []
    needless = cache.repack([pack.id for pack in chosen], lambda oid: oid not in garbage)
    chosen = [pack for pack in chosen if pack.id in needless]
    thrown = [pack for pack in chosen if cache.packed.throw_away(pack.id, day)]
    # Whoever began to rely on one of these before it was moved has said so by now.
    relied_on = cache.leased()
    gone: list[BlobRef] = []
    for pack in thrown:
        if any(ref.oid in relied_on for ref in pack.garbage):
            cache.packed.trash.restore(pack.id, day)
        else:
            gone += pack.garbage
    return gone


def empty_trashed_packs(
    cache: Cache, day: str, trashed: Sequence[Stored], needed: Sequence[Collection[Oid]]
) -> Iterator[BlobRef]:
    """Delete packs from the trash of a day, and yield the blobs that are gone with them.

    A pack with something that is needed, and that is in no other, goes back to its place.

    Args:
        cache: The cache.
        day: The day, as `YYYY-MM-DD`.
        trashed: The packs.
        needed: What is needed, by what was asked after the packs were looked up.
    """
    for stored in trashed:
        only = only_there(cache, stored)
        if any(ref.oid in oids for ref in only for oids in needed):
            cache.packed.trash.restore(stored.id, day)
        else:
            cache.packed.trash.empty(stored.id, day)
            yield from only


def only_there(cache: Cache, stored: Stored) -> list[BlobRef]:
    """Return the blobs of a pack in the trash that are not in their places."""
    absent = cache.loose.absent(cache.packed.absent(ref.oid for ref in stored.blobs))
    return [ref for ref in stored.blobs if ref.oid in absent]


def _choose(cache: Cache, garbage: Collection[Oid]) -> list[_Chosen]:
    """Return the packs that garbage leaves with, and small ones if there are many."""
    chosen: list[_Chosen] = []
    small: list[_Chosen] = []
    for stored in cache.packed:
        dead = [ref for ref in stored.blobs if ref.oid in garbage]
        pack = _Chosen(stored.id, dead)
        lives = _size(stored.blobs) - _size(dead)
        if dead and lives <= max(_CHEAP, _size(dead)):
            chosen.append(pack)
        elif stored.size < _SMALL:
            small.append(pack)
    return chosen + small if len(small) >= _MANY_SMALL else chosen


def _size(refs: list[BlobRef]) -> int:
    return sum(ref.size for ref in refs)
