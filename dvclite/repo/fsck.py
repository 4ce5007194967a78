"""`fsck`: whether all that is stored is whole, and all that is needed is there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dvclite.cache.leases import Lease
from dvclite.damage import Checkup, Damage, What
from dvclite.errors import RemoteError
from dvclite.hashing import Oid
from dvclite.maintenance.fsck import check
from dvclite.maintenance.mend import mend
from dvclite.progress import Progress
from dvclite.repo.needed import as_wanted, found, needed_outputs, then
from dvclite.repo.project import Project
from dvclite.repo.results.keeping import Checked
from dvclite.repo.stores import open_store
from dvclite.repo.versions import Versions
from dvclite.transfer.fetch import fetch
from dvclite.transfer.wanted import Contents, wanted

_BLOBS = (What.BLOB, What.TREE)


@dataclass(frozen=True, slots=True)
class Scope:
    """What to look at, and whether to mend it.

    Attributes:
        versions: Whose data has to be there, beside the workspace's.
        data: Whether to read every byte.
        repair: Whether to mend what is damaged.
    """

    versions: Versions
    data: bool = False
    repair: bool = False


def fsck(project: Project, scope: Scope, progress: Progress) -> Checked:
    """Look at all that is in the cache, and for all that should be.

    Raises:
        PointerError, GitError: It cannot be known what should be there.
        FileAccessError, OSError: The cache cannot be looked into, or cannot be repaired.
    """
    cache = project.cache
    checkup = check(cache, progress, data=scope.data)
    damages = _found(project, scope.versions, checkup, progress)
    unavailable: list[str] = []
    if scope.repair and damages:
        with cache.lease() as lease:
            damages, unavailable = _repaired(project, damages, lease, progress)
            while later := _later(project, scope.versions, damages, progress):
                # Trees that were missing tell what else is.
                more, unavailable = _repaired(project, later, lease, progress)
                damages += more
    counts = (checkup.packs, checkup.blobs, checkup.size)
    return Checked(str(cache.root), tuple(damages), *counts, tuple(unavailable))


def _later(
    project: Project, versions: Versions, damages: Sequence[Damage], progress: Progress
) -> list[Damage]:
    """Return what is missing that was not known to be."""
    known = {damage.name for damage in damages}
    every = _found(project, versions, Checkup(), progress)
    return [damage for damage in every if damage.name not in known]


def _found(
    project: Project, versions: Versions, checkup: Checkup, progress: Progress
) -> list[Damage]:
    """Return what is damaged, and what is missing."""
    cache = project.cache
    items = [wanted(output) for output in needed_outputs(project, versions)]
    contents = Contents(items, lambda one: cache.tree(one.ref.oid))
    progress.start("Looking for what is needed")
    try:
        return found(contents, cache.absent, checkup)
    finally:
        progress.finish()


def _repaired(
    project: Project, damages: Sequence[Damage], lease: Lease, progress: Progress
) -> tuple[list[Damage], list[str]]:
    """Return the damages with what was done, and which remotes did not answer."""
    repaired = mend(project.cache, damages)
    lost = {Oid(one.name): one for one in repaired if one.what in _BLOBS and not one.repaired}
    absent = project.cache.absent(lost)
    unavailable = _fetch([lost[oid] for oid in absent], project, lease, progress)
    still = project.cache.absent(absent)
    return [_closed(one, absent, still) for one in repaired], unavailable


def _closed(damage: Damage, absent: set[Oid], still: set[Oid]) -> Damage:
    if damage.repaired or damage.name not in absent:
        return damage
    if damage.name in still:
        return replace(damage, action=then(damage.action, "no remote has it"))
    return replace(damage, action=then(damage.action, "fetched"), repaired=True)


def _fetch(lost: Iterable[Damage], project: Project, lease: Lease, progress: Progress) -> list[str]:
    """Bring what is lost from any remote that has it; return which did not answer."""
    lacking = {Oid(damage.name): damage for damage in lost}
    unavailable = []
    default = project.config.get("core.remote")
    for name in sorted(project.config.remote_names(), key=lambda name: name != default):
        if not lacking:
            break
        project.register()
        try:
            with open_store(project, name) as store:
                fetch(project.cache, store, map(as_wanted, lacking.values()), lease, progress)
        except RemoteError as error:
            unavailable.append(str(error))
        absent = project.cache.absent(lacking)
        lacking = {oid: lacking[oid] for oid in absent}
    return unavailable
