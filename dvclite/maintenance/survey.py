"""What is needed and not there."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from itertools import islice

from dvclite.damage import Checkup, Damage, What
from dvclite.hashing import BlobRef, Oid, is_tree

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
    """What is needed and cannot be had from a cache or a remote as it is.

    Attributes:
        missing: Blobs that are nowhere there.
        cut: Loose blobs that have another length than they are known to have.
        damaged: Those that are known to be damaged, and needed.
    """

    missing: dict[Oid, Needed] = field(default_factory=dict)
    cut: dict[Oid, Needed] = field(default_factory=dict)
    damaged: dict[Oid, Needed] = field(default_factory=dict)


def survey(
    named: Iterable[tuple[str, BlobRef]],
    absent_of: Callable[[set[Oid]], Collection[Oid]],
    checkup: Checkup,
) -> Survey:
    """Look for everything that is needed.

    Args:
        named: Every path of every version with its blob.
        absent_of: Returns which of some blobs are nowhere in a cache, or on a remote.
        checkup: What is known of that.
    """
    damaged = {damage.name for damage in checkup.damages}
    found = Survey()
    seen: set[Oid] = set()
    rest = iter(named)
    while group := list(islice(rest, _TOGETHER)):
        fresh = {ref.oid for _path, ref in group} - seen
        seen |= fresh
        absent = absent_of(fresh)
        for path, ref in group:
            place = _place(found, ref, absent, damaged, checkup)
            if place is not None:
                place.setdefault(ref.oid, Needed(ref)).paths[path] = None
    return found


def _place(
    found: Survey, ref: BlobRef, absent: Collection[Oid], damaged: set[str], checkup: Checkup
) -> dict[Oid, Needed] | None:
    """Return what a blob belongs to, if anything is wrong with it."""
    if ref.oid in damaged:
        return found.damaged
    if ref.size >= 0 and checkup.sizes.get(ref.oid, ref.size) != ref.size:
        return found.cut
    if ref.oid in absent or ref.oid in found.missing:
        return found.missing
    return None
