"""`remove` and `move`: pointers that go, or go elsewhere."""

import os
from collections.abc import Sequence
from posixpath import basename

from dvclite.errors import (
    FileAccessError,
    Hint,
    NotAnOutputError,
    OverlapError,
    PathTakenError,
    PointerError,
)
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.locks import hold
from dvclite.files.staging import make_folder
from dvclite.pointer import Output, pointer_path
from dvclite.pointer.writing import moved
from dvclite.progress import SILENT
from dvclite.repo.ignorefile import ignore, stop_ignoring
from dvclite.repo.outputs import Named, check_changeable, enclosing, named_outputs
from dvclite.repo.places import check_place, check_pointers_show
from dvclite.repo.pointers import read_pointer, write_pointer
from dvclite.repo.project import Project
from dvclite.repo.results.tracking import MovedOutput, Removed
from dvclite.statcache.rows import Row
from dvclite.workspace.restore import Target, restore


def remove(
    project: Project, targets: Sequence[str], *, outs: bool = False, force: bool = False
) -> Removed:
    """Stop tracking outputs. Their data stays, in the workspace and in the cache.

    Args:
        project: The repository.
        targets: Outputs or pointers, relative to the root.
        outs: Whether to remove the data from the workspace too.
        force: Whether to remove data that is in no cache.

    Raises:
        NotAnOutputError: A target is not an output as a whole.
        UnsavedChangesError: Data that was to be removed is in no cache.
    """
    named = [_whole(item) for item in named_outputs(project, targets)]
    gone = {item.pointer.path: item.pointer for item in named}
    paths = [output.path for pointer in gone.values() for output in pointer.outputs]
    make_folder(project.temporary)
    with hold(project.lock):
        if outs:
            unwanted = [Target(Output(path, None), path) for path in paths]
            restore(project.workspace, unwanted, SILENT, force=force)
        _forget(project, paths)
        # The pointers go last: as long as they are there the same command can be run again.
        ignores = stop_ignoring(project, paths) if project.uses_git else []
        for pointer in gone:
            discard(os.path.join(project.root, pointer))
    to_stage = _known_to_git(project, [*gone, *ignores])
    return Removed(tuple(gone), tuple(paths), to_stage, stage(project, to_stage))


def move(project: Project, source: str, target: str) -> MovedOutput:
    """Give an output another path, together with its pointer and its ignore line.

    The data need not be in the workspace.

    Args:
        project: The repository.
        source: The output or its pointer, relative to the root.
        target: Its new path, or a folder to move it into.

    Raises:
        NotAnOutputError: The source is not an output as a whole.
        PathTakenError, OverlapError: The target is taken.
    """
    named = _single(project, source)
    source = named.output.path
    target = _target(project, source, target)
    _check_disk(project, source, target)
    make_folder(project.temporary)
    with hold(project.lock):
        pointer = moved(named.pointer, target)
        make_folder(os.path.dirname(project.root / target))
        ignores = ignore(project, [target]) if project.uses_git else []
        write_pointer(project, pointer)
        if project.workspace.exists(source):
            changes.rename(os.path.join(project.root, source), os.path.join(project.root, target))
            _remember_moved(project, source, target)
        ignores += stop_ignoring(project, [source]) if project.uses_git else []
        discard(os.path.join(project.root, named.pointer.path))
    changed = [named.pointer.path, pointer.path, *dict.fromkeys(ignores)]
    to_stage = _known_to_git(project, changed)
    return MovedOutput(source, target, pointer.path, to_stage, stage(project, to_stage))


def stage(project: Project, paths: Sequence[str]) -> bool:
    """Tell git of changed files where the user wants that; return whether it was told."""
    if not paths or not project.uses_git or not project.config.flag("core.autostage"):
        return False
    there = [path for path in paths if os.path.lexists(os.path.join(project.root, path))]
    project.index.stage(there)
    project.index.untrack([path for path in paths if path not in there])
    return True


def _forget(project: Project, paths: Sequence[str]) -> None:
    """Forget outputs, which a checkout would take for those of another version otherwise."""
    for path in paths:
        if not project.workspace.statcache.forget(path):
            raise FileAccessError(
                str(project.temporary / "stat.db"),
                "it cannot be changed: the disk is full, perhaps, or another program holds it",
                hint="mend that, or delete this file, then run the same command again",
            )


def _known_to_git(project: Project, paths: Sequence[str]) -> tuple[str, ...]:
    """Return those of changed files that are there, or that git remembers."""
    if not project.uses_git:
        return ()
    absent = {path for path in paths if not os.path.lexists(os.path.join(project.root, path))}
    absent.difference_update(project.index.tracked(list(absent)))
    return tuple(path for path in paths if path not in absent)


def _whole(named: Named) -> Named:
    check_changeable(named)
    if named.path != named.output.path:
        raise NotAnOutputError(
            named.path,
            hint=Hint(
                "it is part of {}: delete it there, then `dvclite add {}` takes it out of the tree",
                named.output.path,
                named.path,
            ),
        )
    return named


def _single(project: Project, source: str) -> Named:
    """Return the output that a path means, if it can be moved together with its pointer."""
    named = _whole(named_outputs(project, [source])[0])
    if source not in (named.output.path, named.pointer.path):
        raise NotAnOutputError(
            source, hint=Hint("move what is in it, one by one: {}", named.output.path)
        )
    if len(named.pointer.outputs) > 1 or named.pointer.path != pointer_path(named.output.path):
        raise PointerError(
            named.pointer.path,
            "it names several outputs, or one that is not beside it",
            hint="rename the data, and change the path in this file with an editor",
        )
    return named


def _check_disk(project: Project, source: str, target: str) -> None:
    """Return if data can be moved by giving it another name."""
    origin = os.path.join(project.root, source)
    folder = os.path.dirname(os.path.join(project.root, target))
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    if project.workspace.exists(source) and (
        os.path.ismount(origin) or os.lstat(origin).st_dev != os.stat(folder).st_dev
    ):
        raise FileAccessError(
            target,
            f"it is on another file system than {source}",
            hint="copy the data, `dvclite add` the copy, then `dvclite remove --outs` the original",
        )


def _target(project: Project, source: str, target: str) -> str:
    """Return where exactly an output goes, if it can go there."""
    begun = _is_begun(project, source, target)
    if not begun and (project.workspace.is_folder(target) or target == "."):
        target = basename(source) if target == "." else f"{target}/{basename(source)}"
        begun = _is_begun(project, source, target)
    check_place(project, target)
    if project.uses_git:
        check_pointers_show(project, [target])
    if not begun and (project.workspace.exists(target) or _has_pointer(project, target)):
        raise PathTakenError(target)
    owner = enclosing(project, target.rpartition("/")[0]) if "/" in target else None
    if owner is not None or target.startswith(source + "/"):
        other = owner.output.path if owner is not None else source
        raise OverlapError(target, other, owner.pointer.path if owner is not None else source)
    return target


def _has_pointer(project: Project, target: str) -> bool:
    return os.path.lexists(os.path.join(project.root, pointer_path(target)))


def _is_begun(project: Project, source: str, target: str) -> bool:
    """Say whether the very same move was begun before, and interrupted."""
    if not _has_pointer(project, target):
        return False
    ours = enclosing(project, source)
    theirs = read_pointer(project, pointer_path(target))
    return (
        ours is not None
        and ours.output.oid == theirs.outputs[0].oid
        and not (project.workspace.exists(source) and project.workspace.exists(target))
    )


def _remember_moved(project: Project, source: str, target: str) -> None:
    """Carry what the stat cache knows over to the new path: the files are still the same."""
    statcache = project.workspace.statcache
    whole = statcache.whole_at(source)
    with statcache.updating() as update:
        for row in statcache.below(source):
            update.put(Row(target + row.path[len(source) :], row.signature, row.content))
        update.commit({target: whole.oid if whole is not None else None}, afresh=[target])
    statcache.forget(source)
