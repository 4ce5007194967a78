"""What is needed of a cache or a remote, and what of that is damaged or missing."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from dvclite.damage import Checkup, Damage, What
from dvclite.errors import BlobCorruptError, BlobMissingError, DvcliteError, NotAnOutputError
from dvclite.hashing import BlobRef, Oid, is_foreign, is_tree
from dvclite.maintenance.survey import Survey, survey
from dvclite.pointer import Output
from dvclite.repo.outputs import named_outputs
from dvclite.repo.project import Project
from dvclite.repo.versions import Versions, outputs_of
from dvclite.transfer.wanted import Contents, Wanted

MISSING = "is not there"
"""What is wrong with what is missing."""


def needed_outputs(project: Project, versions: Versions) -> Iterator[Output]:
    """Yield the outputs whose content is kept, of the workspace and of versions.

    What a format names that the repository was of before is not among them.

    Raises:
        PointerError, HostilePathError, OverlapError: A pointer cannot be read.
        UnknownRevisionError, GitError: git does not know a commit, or cannot read it.
    """
    outputs = [named.output for named in named_outputs(project)]
    if not versions.is_empty:
        outputs += outputs_of(project, versions)
    algorithm = project.format.algorithm
    return (
        output
        for output in outputs
        if output.oid is not None and output.cached and not is_foreign(output.oid, algorithm)
    )


def found(
    contents: Contents, absent_of: Callable[[set[Oid]], Collection[Oid]], checkup: Checkup
) -> list[Damage]:
    """Return what is damaged, with the paths that it is needed for, and what is missing.

    Args:
        contents: What is needed, with trees from where they are looked for.
        absent_of: Returns which of some blobs are not there.
        checkup: What is known to be damaged.
    """
    surveyed = survey(contents.leaves(), absent_of, checkup)
    return _put_together(checkup, surveyed, unreadable_trees(contents))


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
        return MISSING
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
    damages += [needed.damage(MISSING) for needed in surveyed.missing.values()]
    for needed in surveyed.cut.values():
        size = checkup.sizes[needed.ref.oid]
        reason = f"has {size:,} bytes in place of {needed.ref.size:,}"
        damages.append(needed.damage(reason))
    return damages


def as_wanted(damage: Damage) -> Wanted:
    """Return a blob that is damaged or missing as something to be moved, by itself."""
    oid = Oid(damage.name)
    path = damage.paths[0] if damage.paths else damage.name
    return Wanted(path, BlobRef(oid, -1 if is_tree(oid) else damage.size))


def then(*actions: str) -> str:
    """Return what was done, one thing after the other."""
    return "; ".join(action for action in actions if action)
