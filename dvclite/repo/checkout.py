"""`checkout` and `unprotect`: working files as the pointers say."""

import os
from collections.abc import Sequence

from dvclite.cache.layout import Kind
from dvclite.errors import IncompleteError
from dvclite.files.locks import hold
from dvclite.files.staging import make_folder
from dvclite.hashing import Oid
from dvclite.pointer import Output
from dvclite.progress import Progress
from dvclite.repo.outputs import Broken, Named, check_overlaps, named_outputs, select
from dvclite.repo.project import Project
from dvclite.repo.versions import pointers_at
from dvclite.workspace.relink import relink
from dvclite.workspace.restore import Restored, Target, restore

_LONGEST_CHECKOUT = 3600.0
"""Seconds to wait for another process that checks out."""


def checkout(
    project: Project,
    targets: Sequence[str],
    progress: Progress,
    *,
    revision: str | None = None,
    force: bool = False,
    link: bool = False,
) -> Restored:
    """Make the workspace hold what pointers say.

    Without targets, outputs that no pointer names any more leave the workspace, if the cache
    holds them. A pointer that cannot be read does not keep the others from being followed.

    Args:
        project: The repository.
        targets: What to restore, relative to the root; everything where it is empty.
        progress: Is told of files and bytes.
        revision: Whose pointers to follow, instead of those in the workspace.
        force: Whether to overwrite and remove what is in no cache.
        link: Whether to make all files the kind of link that the cache is set up for.

    Raises:
        UnsavedChangesError: Files that are in no cache stand in the way.
        IncompleteError: Not everything is in the cache; the rest was restored.
        NotAnOutputError: A target means nothing.
    """
    # Looked up before the pointers: an add that runs meanwhile writes its pointers first.
    known = [] if targets else _remembered(project)
    broken: Broken = {}
    named = outputs_at(project, revision, targets, broken)
    wanted = [Target(item.output, item.path) for item in named if _is_restorable(item.output)]
    if not targets and not broken:
        wanted += _dropped(project, known, [item.output.path for item in named])
    if os.access(project.cache.root, os.W_OK):
        project.register()
    try:
        restored = _restored(project, wanted, progress, force=force, link=link)
    finally:
        project.cache.remember()
    _forget_dropped(project, wanted)
    _check_complete(project, restored, broken)
    return restored


def _is_restorable(output: Output) -> bool:
    """Say whether an output may be restored: what was never computed takes nothing away."""
    return output.cached and output.oid is not None


def _check_complete(project: Project, restored: Restored, broken: Broken) -> None:
    """Return if all was restored; set aside what turned out to be damaged otherwise."""
    if restored.missing or restored.unusable or broken:
        for error in restored.corrupt:
            project.cache.set_aside_damaged(Oid(error.oid))
        corrupt = [error.oid for error in restored.corrupt]
        unusable = [*broken.values(), *restored.unusable]
        raise IncompleteError(restored.missing, corrupt, restored, unusable=unusable)


def restored(
    project: Project, outputs: Sequence[Output], progress: Progress, *, force: bool
) -> Restored:
    """Make the workspace hold outputs, whatever pointers say of them yet.

    Args:
        project: The repository.
        outputs: What to restore.
        progress: Is told of files and bytes.
        force: Whether to overwrite what is in no cache.

    Raises:
        UnsavedChangesError: Files that are in no cache stand in the way; nothing was touched.
    """
    wanted = [Target(output, output.path) for output in outputs if output.cached]
    return _restored(project, wanted, progress, force=force)


def _restored(
    project: Project, wanted: list[Target], progress: Progress, *, force: bool, link: bool = False
) -> Restored:
    """Restore while nobody else does."""
    progress.start("Checking out", files=None)
    make_folder(project.temporary)
    with hold(project.checkout_lock, seconds=_LONGEST_CHECKOUT):
        done = restore(project.workspace, wanted, progress, force=force)
        if link:
            relink(project.workspace, [target.output for target in wanted], progress)
    progress.finish()
    return done


def unprotect(project: Project, targets: Sequence[str], progress: Progress) -> int:
    """Replace links to the cache by copies that may be edited; return how many there were.

    Args:
        project: The repository.
        targets: Outputs, or folders with outputs below them, relative to the root.
        progress: Is told of files.

    Raises:
        NotAnOutputError: A target is not tracked.
    """
    named = named_outputs(project, targets)
    outputs = {item.output.path: item.output for item in named}
    return relink(project.workspace, outputs.values(), progress, (Kind.REFLINK, Kind.COPY))


def outputs_at(
    project: Project, revision: str | None, targets: Sequence[str], broken: Broken | None = None
) -> list[Named]:
    """Return the outputs that targets mean, of the workspace or of a revision.

    Args:
        project: The repository.
        revision: The revision; None for the workspace.
        targets: What is meant, relative to the root; everything where it is empty.
        broken: Is told of pointers that cannot be read and are meant; None to raise at once.

    Raises:
        UnknownRevisionError, NotAnOutputError, PointerError, HostilePathError, OverlapError: As they
            say.
    """
    if revision is None:
        return named_outputs(project, targets, broken)
    commit = project.history.resolve(revision)
    pointers = pointers_at(project, commit, broken)
    check_overlaps(pointers)
    return select(pointers, targets, broken)


def _remembered(project: Project) -> list[str]:
    """Return the outputs that were saved or restored here."""
    return [whole.path for whole in project.workspace.statcache.outputs()]


def _dropped(project: Project, known: Sequence[str], tracked: Sequence[str]) -> list[Target]:
    """Return those of known outputs that no pointer names now."""
    dropped = [path for path in known if not any(_overlaps(path, other) for other in tracked)]
    if dropped:
        # A remove that runs meanwhile has its outputs forgotten before their pointers go.
        dropped = sorted(set(dropped).intersection(_remembered(project)))
    if dropped and project.uses_git:
        # Data that went over to git is git's.
        held = project.index.tracked(dropped)
        dropped = [path for path in dropped if not any(_overlaps(path, name) for name in held)]
    return [Target(Output(path, None), path) for path in dropped]


def _forget_dropped(project: Project, targets: Sequence[Target]) -> None:
    for target in targets:
        gone = not os.path.lexists(os.path.join(project.root, target.path))
        if target.output.oid is None and gone:
            project.workspace.statcache.forget(target.path)


def _overlaps(path: str, other: str) -> bool:
    return path == other or path.startswith(other + "/") or other.startswith(path + "/")
