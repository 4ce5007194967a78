"""What is needed and not there."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from dvclite.cache.cache import Cache
from dvclite.damage import Damage, What
from dvclite.hashing import BlobRef, Oid, is_tree
from dvclite.maintenance.fsck import Checkup

_TOGETHER = 10_000


@dataclass(slots=True)
class Needed:
    """A blob, and what it is needed for.

    Attributes:
        ref: The blob.
        paths: Where it is needed, each once.
    """

    ref: BlobRef
    paths: dict[str, None] = field(default_factory=dict)

    def damage(self, reason: str) -> Damage:
        """Return that something is wrong with it."""
        what = What.TREE if is_tree(self.ref.oid) else What.BLOB
        return Damage(what, self.ref.oid, reason, size=self.ref.size, paths=tuple(self.paths))


@dataclass(slots=True)
class Survey:
    """What is needed and cannot be had from the cache as it is.

    Attributes:
        missing: Blobs that are nowhere in it.
        cut: Loose blobs that have another length than they are known to have.
        damaged: Those that are known to be damaged, and needed.
    """

    missing: dict[Oid, Needed] = field(default_factory=dict)
    cut: dict[Oid, Needed] = field(default_factory=dict)
    damaged: dict[Oid, Needed] = field(default_factory=dict)


def survey(cache: Cache, named: Iterable[tuple[str, BlobRef]], checkup: Checkup) -> Survey:
    """Look for everything that is needed.

    Args:
        cache: The cache.
        named: Every path of every version with its blob.
        checkup: What is known of the cache.
    """
    damaged = {damage.name for damage in checkup.damages}
    found = Survey()
    seen: set[Oid] = set()
    rest = iter(named)
    while group := list(islice(rest, _TOGETHER)):
        fresh = {ref.oid for _path, ref in group} - seen
        seen |= fresh
        absent = cache.absent(fresh)
        for path, ref in group:
            place = _place(found, ref, absent, damaged, checkup)
            if place is not None:
                place.setdefault(ref.oid, Needed(ref)).paths[path] = None
    return found


def _place(
    found: Survey, ref: BlobRef, absent: set[Oid], damaged: set[str], checkup: Checkup
) -> dict[Oid, Needed] | None:
    """Return what a blob belongs to, if anything is wrong with it."""
    if ref.oid in damaged:
        return found.damaged
    if ref.oid in absent or ref.oid in found.missing:
        return found.missing
    if ref.size >= 0 and checkup.sizes.get(ref.oid, ref.size) != ref.size:
        return found.cut
    return None
