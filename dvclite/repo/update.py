"""`update`: imports brought up to date with where they come from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dvclite.errors import NotAnOutputError, OriginError
from dvclite.pointer import Output
from dvclite.progress import Progress
from dvclite.repo.checkout import restored
from dvclite.repo.downloads import Way
from dvclite.repo.imports import bring, newest_commit, write_import
from dvclite.repo.outputs import Named, named_outputs
from dvclite.repo.project import Project
from dvclite.repo.results.exchanging import Updated, UpdatedOutput


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to become of imports.

    Attributes:
        rev: The revision to follow from now on; None for the one that was followed.
        download: Whether to bring the data.
        force: Whether to overwrite what is in no cache.
        jobs: How many transfers to run at once.
    """

    rev: str | None = None
    download: bool = True
    force: bool = False
    jobs: int | None = None


def update(project: Project, targets: Sequence[str], wish: Wish, progress: Progress) -> Updated:
    """Bring imports up to date with where they come from.

    Args:
        project: The repository.
        targets: Outputs or pointers, relative to the root; all imports where it is empty.
        wish: What is to become of them.
        progress: Is told of files and bytes.

    Raises:
        NotAnOutputError: A target is not an import.
        UnsavedChangesError: Files that are in no cache stand in the way.
        OriginError: It is not to be had; imports before it were updated.
    """
    imports = _imports(project, targets)
    _check_revisions(imports, wish)
    done: list[UpdatedOutput] = []
    changed: list[str] = []
    project.register()
    for named in imports:
        with project.cache.lease() as lease:
            way = Way(
                project,
                lease,
                progress,
                wish.jobs,
                newest=True,
                asked_for=bool(targets),
                base=project.root,
            )
            one, files = _updated(way, named, wish)
        done.append(one)
        changed += files
    staged = bool(changed) and project.uses_git and project.config.flag("core.autostage")
    if staged:
        project.index.stage(changed)
    return Updated(tuple(done), tuple(dict.fromkeys(changed)), staged)


def _imports(project: Project, targets: Sequence[str]) -> list[Named]:
    """Return the imports that are meant; whoever names something has to mean nothing else."""
    chosen = named_outputs(project, targets)
    other = next((named for named in chosen if named.output.origin is None), None)
    if targets and other is not None:
        raise NotAnOutputError(
            other.path, hint="it was not imported; `dvclite add` takes over what has changed"
        )
    return [named for named in chosen if named.output.origin is not None]


def _check_revisions(imports: Sequence[Named], wish: Wish) -> None:
    for named in imports:
        origin = named.output.origin
        if wish.rev is not None and origin is not None and origin.home is None:
            raise OriginError(
                origin.path, "it is no repository, and has no revisions", hint="leave --rev away"
            )


def _updated(way: Way, named: Named, wish: Wish) -> tuple[UpdatedOutput, list[str]]:
    project, output = way.project, _following(named.output, wish.rev)
    before = named.output
    if not wish.download:
        found = _without_data(way, output, before)
        moved_files = moved_size = 0
    else:
        found, moved = bring(way, output)
        moved_files, moved_size = moved.files, moved.size
        restored(project, [found], way.progress, force=wish.force)
    files = write_import(project, named.pointer, found)
    result = UpdatedOutput(named.pointer.path, before, found, bool(files), moved_files, moved_size)
    return result, files


def _following(output: Output, rev: str | None) -> Output:
    origin = output.origin
    if rev is None or origin is None or origin.home is None:
        return output
    return replace(output, origin=replace(origin, home=replace(origin.home, rev=rev)))


def _without_data(way: Way, output: Output, before: Output) -> Output:
    """Return what is to be said of an import whose data stays where it is."""
    origin = output.origin
    assert origin is not None
    if origin.home is None:
        raise OriginError(
            origin.path,
            "only data of repositories can be updated without bringing it",
            hint="leave --no-download away",
        )
    commit = newest_commit(way, output)
    if before.origin == replace(origin, home=replace(origin.home, commit=commit)):
        return output
    known = replace(origin, home=replace(origin.home, commit=commit))
    return replace(output, oid=None, size=-1, files=None, origin=known)
