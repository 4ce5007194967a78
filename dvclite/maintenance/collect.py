"""Garbage collection of the local cache.

What nobody needs goes to the trash, and out of the trash after some days. Commands that add data
at the same time are not in the way, nor is the collector in theirs: see `dvclite.cache.leases`.
"""

import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain

from dvclite.cache.cache import Cache
from dvclite.errors import FileAccessError
from dvclite.hashing import BlobRef, Oid, is_tree
from dvclite.maintenance.collected import Collected
from dvclite.maintenance.packs import empty_trashed_packs, only_there, throw_away_packs


@dataclass(frozen=True, slots=True)
class Needed:
    """What must stay.

    Attributes:
        wanted: Blobs of the versions that were asked for.
        doubtful: Says of blobs that are not wanted which must stay all the same.
    """

    wanted: Collection[Oid]
    doubtful: Callable[[list[BlobRef]], set[Oid]]


def collect(
    cache: Cache, mark: Callable[[], Needed], *, days: int, dry: bool = False, now: bool = False
) -> Collected:
    """Remove what nobody needs from a cache.

    Args:
        cache: The cache.
        mark: Finds out what must stay. It raises rather than to forget something.
        days: How long garbage stays in the trash.
        dry: Whether to change nothing and only tell.
        now: Whether to delete at once, and to empty the trash.

    Raises:
        CollectError: `mark` cannot know what must stay; nothing was removed.
        FileAccessError: The cache cannot be changed.
    """
    if dry:
        garbage, kept = _garbage(cache, mark())
        return _summary(garbage, kept, [], list(_trash(cache)))
    _check_writable(cache)
    with cache.collecting():
        needed = mark()
        garbage, kept = _garbage(cache, needed)
        today = datetime.now(UTC).date()
        thrown = [*_throw_away(cache, garbage, today.isoformat())]
        thrown += throw_away_packs(cache, {ref.oid for ref in garbage}, today.isoformat())
        oldest = today if now else today - timedelta(days=days)
        deleted = list(_empty_trash(cache, needed.wanted, oldest, including=now))
        cache.sweep()
        cache.packed.save()
    return _summary(thrown, kept, deleted, list(_trash(cache)))


def _garbage(cache: Cache, needed: Needed) -> tuple[list[BlobRef], list[BlobRef]]:
    packed = chain.from_iterable(stored.blobs for stored in cache.packed)
    distinct = {ref.oid: ref for ref in chain(cache.loose, packed) if ref.oid not in needed.wanted}
    unwanted = list(distinct.values())
    stays = needed.doubtful(unwanted) | cache.leased()
    garbage = [ref for ref in unwanted if ref.oid not in stays]
    # A tree goes before what it names, so that no tree is left that promises too much.
    garbage.sort(key=lambda ref: not is_tree(ref.oid))
    return garbage, [ref for ref in unwanted if ref.oid in stays]


def _throw_away(cache: Cache, garbage: Iterable[BlobRef], day: str) -> list[BlobRef]:
    thrown = [ref for ref in garbage if cache.loose.trash(ref.oid, day)]
    # Whoever began to rely on one of these before it was moved has said so by now.
    relied_on = cache.leased()
    for ref in thrown:
        if ref.oid in relied_on:
            cache.loose.restore_from_trash(ref.oid, day)
    return [ref for ref in thrown if ref.oid not in relied_on]


def _empty_trash(
    cache: Cache, wanted: Collection[Oid], oldest: date, *, including: bool
) -> Iterable[BlobRef]:
    for day in cache.loose.trash_days():
        if date.fromisoformat(day) > oldest or (
            date.fromisoformat(day) == oldest and not including
        ):
            continue
        trashed = list(cache.loose.trashed(day))
        packs = list(cache.packed.trash.on(day))
        # Only now: another collector may just have moved what a command relies on.
        stays = cache.leased()
        for ref in trashed:
            if ref.oid in wanted or ref.oid in stays:
                cache.loose.restore_from_trash(ref.oid, day)
            else:
                cache.loose.empty_trash(ref.oid, day)
                yield ref
        yield from empty_trashed_packs(cache, day, packs, (wanted, stays))
        cache.loose.remove_trash_day(day)


def _trash(cache: Cache) -> Iterable[BlobRef]:
    for day in cache.loose.trash_days():
        yield from cache.loose.trashed(day)
        for stored in cache.packed.trash.on(day):
            yield from only_there(cache, stored)


def _summary(
    garbage: list[BlobRef], kept: list[BlobRef], deleted: list[BlobRef], trash: list[BlobRef]
) -> Collected:
    return Collected(
        *(len(garbage), sum(ref.size for ref in garbage)),
        *(len(kept), sum(ref.size for ref in kept)),
        *(len(deleted), sum(ref.size for ref in deleted)),
        *(len(trash), sum(ref.size for ref in trash)),
    )


def _check_writable(cache: Cache) -> None:
    """Stop before the first deletion rather than in the middle."""
    if cache.root.exists() and not os.access(cache.root, os.W_OK | os.X_OK):
        raise FileAccessError(
            str(cache.root), "the cache is not writable", hint="nothing was removed"
        )
