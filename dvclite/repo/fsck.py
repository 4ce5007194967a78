"""`fsck`: whether all that is stored is whole, and all that is needed is there."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from dvclite.cache.leases import Lease
from dvclite.damage import Damage, What
from dvclite.errors import (
    BlobCorruptError,
    BlobMissingError,
    DvcliteError,
    NotAnOutputError,
    RemoteError,
)
from dvclite.hashing import BlobRef, Oid, is_tree
from dvclite.maintenance.fsck import Checkup, check
from dvclite.maintenance.mend import mend
from dvclite.maintenance.survey import Survey, survey
from dvclite.pointer import Output
from dvclite.progress import Progress
from dvclite.repo.exchange import open_store
from dvclite.repo.outputs import named_outputs
from dvclite.repo.project import Project
from dvclite.repo.results import Checked
from dvclite.repo.versions import Versions, outputs_of
from dvclite.transfer.fetch import fetch
from dvclite.transfer.wanted import Contents, Wanted, wanted

_BLOBS = (What.BLOB, What.TREE)
_MISSING = "is not there"


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
    found = _found(project, versions, Checkup(), progress)
    return [damage for damage in found if damage.name not in known]


def needed_outputs(project: Project, versions: Versions) -> Iterator[Output]:
    """Yield the outputs whose content is kept, of the workspace and of versions.

    Raises:
        PointerError, HostilePathError, OverlapError: A pointer cannot be read.
        UnknownRevisionError, GitError: git does not know a commit, or cannot read it.
    """
    outputs = [named.output for named in named_outputs(project)]
    if not versions.is_empty:
        outputs += outputs_of(project, versions)
    return (output for output in outputs if output.oid is not None and output.cached)


def _found(
    project: Project, versions: Versions, checkup: Checkup, progress: Progress
) -> list[Damage]:
    """Return what is damaged, with the paths that it is needed for, and what is missing."""
    cache = project.cache
    items = [wanted(output) for output in needed_outputs(project, versions)]
    contents = Contents(items, lambda one: cache.tree(one.ref.oid))
    progress.start("Looking for what is needed")
    try:
        surveyed = survey(cache, contents.leaves(), checkup)
    finally:
        progress.finish()
    trees = unreadable_trees(contents)
    return _put_together(checkup, surveyed, trees)


def unreadable_trees(contents: Contents) -> dict[str, Damage]:
    """Return what is wrong with trees, after all was asked for once."""
    found: dict[str, Damage] = {}
    for (path, ref), error in contents.failures:
        if isinstance(error, NotAnOutputError):
            continue
        known = found.get(ref.oid) or Damage(What.TREE, ref.oid, _reason(error))
        found[ref.oid] = replace(known, paths=(*known.paths, path))
    return found


def _reason(error: DvcliteError | OSError) -> str:
    if isinstance(error, BlobMissingError):
        return _MISSING
    if isinstance(error, BlobCorruptError):
        return "does not match its name"
    return str(error).partition("\n")[0]


def _put_together(checkup: Checkup, surveyed: Survey, trees: dict[str, Damage]) -> list[Damage]:
    damages = []
    for one in checkup.damages:
        damage = one
        tree = trees.pop(damage.name, None)
        needed = surveyed.damaged.get(Oid(damage.name))
        if tree is not None:
            damage = replace(damage, paths=tree.paths)
        elif needed is not None:
            damage = replace(damage, paths=tuple(needed.paths), size=needed.ref.size)
        damages.append(damage)
    damages += trees.values()
    damages += [needed.damage(_MISSING) for needed in surveyed.missing.values()]
    for needed in surveyed.cut.values():
        size = checkup.sizes[needed.ref.oid]
        reason = f"has {size:,} bytes in place of {needed.ref.size:,}"
        damages.append(needed.damage(reason))
    return damages


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
        return replace(damage, action=_then(damage.action, "no remote has it"))
    return replace(damage, action=_then(damage.action, "fetched"), repaired=True)


def _then(*actions: str) -> str:
    return "; ".join(action for action in actions if action)


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
            with open_store(project, name, None) as store:
                fetch(project.cache, store, map(as_wanted, lacking.values()), lease, progress)
        except RemoteError as error:
            unavailable.append(str(error))
        absent = project.cache.absent(lacking)
        lacking = {oid: lacking[oid] for oid in absent}
    return unavailable


def as_wanted(damage: Damage) -> Wanted:
    """Return a blob that is damaged or missing as something to be moved, by itself."""
    oid = Oid(damage.name)
    path = damage.paths[0] if damage.paths else damage.name
    return Wanted(path, BlobRef(oid, -1 if is_tree(oid) else damage.size))
