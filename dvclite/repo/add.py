"""`add` and `commit`: working files into the cache, and pointers that say so."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from dvclite.errors import (
    NothingThereError,
    PointerError,
    TrackedByGitError,
    UnsupportedFileError,
)
from dvclite.files.locks import hold
from dvclite.files.staging import make_folder
from dvclite.pointer import Output, Pointer
from dvclite.pointer.writing import with_output
from dvclite.progress import Progress
from dvclite.repo.ignorefile import ignore
from dvclite.repo.outputs import (
    Named,
    check_changeable,
    enclosing,
    made_elsewhere,
    named_outputs,
    read_pointer,
    write_pointer,
)
from dvclite.repo.places import check_place, check_pointers_show
from dvclite.repo.project import Project
from dvclite.repo.results.tracking import Added, AddedOutput
from dvclite.workspace.save import Plan, saved


@dataclass(frozen=True, slots=True)
class _Task:
    """An output to save, and the pointer it has so far."""

    plan: Plan
    pointer: Pointer | None


def add(
    project: Project,
    targets: Sequence[str],
    progress: Progress,
    *,
    desc: str | None = None,
    force: bool = False,
    link: bool = True,
    given_up: Collection[str] = (),
) -> Added:
    """Begin to track files and directories, or bring what is tracked up to date.

    Args:
        project: The repository.
        targets: Paths relative to the root; one inside a tracked directory updates that part.
        progress: Is told of files and bytes.
        desc: What the pointers shall say about the data.
        force: Whether to replace a pointer that cannot be read, and to read every file again.
        link: Whether to replace the files by links where the cache is set up for links.
        given_up: Files that git tracks still, and is about to give up.

    Raises:
        NothingThereError, TrackedByGitError, OverlapError, UnsupportedFileError: A target cannot
            be added. Nothing has been changed then.
        FileChangedError, FileAccessError: A file could not be read.
    """
    tasks = _merged(_task(project, path, force=force) for path in dict.fromkeys(targets))
    _check_not_made(project, [task.plan.output.path for task in tasks])
    if project.uses_git:
        new = [task.plan.output.path for task in tasks if task.pointer is None]
        _check_git(project, new, frozenset(given_up))
    if desc is not None:
        tasks = [_described(task, desc) for task in tasks]
    return _save(project, tasks, progress, afresh=force, link=link)


def commit(project: Project, targets: Sequence[str], progress: Progress) -> Added:
    """Bring what is tracked up to date with the workspace; what is absent there stays as it is.

    Raises:
        NotAnOutputError: A target is not tracked.
        UnsupportedFileError, FileChangedError, FileAccessError: Something cannot be added.
    """
    chosen = named_outputs(project, targets)
    if targets:
        for named in chosen:
            check_changeable(named)
    tasks = _merged(
        _Task(_plan(named), named.pointer)
        for named in chosen
        if project.workspace.exists(named.output.path) and not named.pointer.read_only
    )
    return _save(project, tasks, progress, afresh=False, link=True)


def _task(project: Project, path: str, *, force: bool) -> _Task:
    """Decide what adding a path means, or why it cannot be added."""
    check_place(project, path)
    try:
        named = enclosing(project, path)
    except PointerError:
        if not force:
            raise
        named = None
    if named is not None:
        return _Task(_plan(named), named.pointer)
    if not project.workspace.exists(path):
        raise NothingThereError(path)
    if project.workspace.is_ignored(path, is_folder=project.workspace.is_folder(path)):
        raise UnsupportedFileError(
            path,
            "a line in .dvcignore says to leave it alone",
            hint="see `dvclite check-ignore -d`",
        )
    return _Task(Plan(Output(path, None)), None)


def _plan(named: Named) -> Plan:
    return Plan(named.output, (named.path,) if named.path != named.output.path else ())


def _merged(tasks: Iterable[_Task]) -> list[_Task]:
    """Return one task for each output, with the parts of all."""
    merged: dict[str, _Task] = {}
    for task in tasks:
        path = task.plan.output.path
        known = merged.get(path)
        if known is None or not task.plan.parts:
            merged[path] = task
        elif known.plan.parts:
            parts = _outermost(known.plan.parts + task.plan.parts)
            merged[path] = replace(known, plan=known.plan._replace(parts=parts))
    return list(merged.values())


def _outermost(paths: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(path for path in paths if not any(path.startswith(other + "/") for other in paths))


def _check_git(project: Project, paths: Sequence[str], given_up: frozenset[str]) -> None:
    """Refuse data that git tracks, and pointers that git would never show anybody."""
    held = project.index.tracked(paths) if paths else []
    tracked = [name for name in held if name not in given_up]
    for path in paths:
        names = [name for name in tracked if name == path or name.startswith(path + "/")]
        if names:
            raise TrackedByGitError(path, names)
    check_pointers_show(project, paths)


def _check_not_made(project: Project, paths: Sequence[str]) -> None:
    """Refuse what another program makes, or what such a thing is inside of."""
    for pointer in made_elsewhere(project):
        for output in pointer.outputs:
            if any(_overlap(path, output.path) for path in paths):
                check_changeable(Named(pointer, output, output.path))


def _overlap(path: str, other: str) -> bool:
    return path == other or path.startswith(other + "/") or other.startswith(path + "/")


def _described(task: _Task, desc: str) -> _Task:
    return replace(task, plan=task.plan._replace(output=replace(task.plan.output, desc=desc)))


def _save(
    project: Project, tasks: Sequence[_Task], progress: Progress, *, afresh: bool, link: bool
) -> Added:
    progress.start("Adding")
    project.register()
    plans = [task.plan for task in tasks]
    with (
        project.cache.lease() as lease,
        saved(project.workspace, plans, lease, progress, afresh=afresh) as result,
    ):
        added, changed = _publish(project, tasks, result.outputs)
    if link and project.workspace.links:
        from dvclite.workspace.relink import relink

        cached = [output for output in result.outputs if output.cached]
        relink(project.workspace, cached, progress)
    progress.finish()
    staged = bool(changed) and project.uses_git and project.config.flag("core.autostage")
    if staged:
        project.index.stage(changed)
    return Added(added, result.stored, result.stored_bytes, tuple(changed), staged)


def _publish(
    project: Project, tasks: Iterable[_Task], outputs: Iterable[Output]
) -> tuple[tuple[AddedOutput, ...], list[str]]:
    """Write pointers and ignore lines; what they name is durable."""
    added: list[AddedOutput] = []
    make_folder(project.temporary)
    with hold(project.lock):
        for task, output in zip(tasks, outputs, strict=True):
            # Somebody else may have changed the pointer while the data was read.
            before = _current_pointer(project, task)
            pointer = with_output(before, output, project.format.algorithm)
            changed = before is None or pointer.text != before.text
            if changed:
                write_pointer(project, pointer)
            added.append(AddedOutput(pointer.path, output, changed))
        paths = [item.output.path for item in added if item.output.cached]
        if not project.uses_git:
            return tuple(added), []
        ignores = ignore(project, paths)
    return tuple(added), [item.pointer for item in added if item.changed] + ignores


def _current_pointer(project: Project, task: _Task) -> Pointer | None:
    if task.pointer is None:
        return None
    try:
        current = read_pointer(project, task.pointer.path)
    except PointerError:
        return task.pointer
    names = {output.path for output in current.outputs}
    return current if task.plan.output.path in names else task.pointer
