"""`update`, and what `fetch` does about imports: their data, and pointers that say so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dvclite.cache.leases import Lease
from dvclite.errors import (
    BlobMissingError,
    ConfigError,
    NotAnOutputError,
    OriginError,
    RemoteError,
    TransferError,
)
from dvclite.files.locks import hold
from dvclite.files.staging import make_folder
from dvclite.pointer import Output, Pointer
from dvclite.pointer.writing import imported
from dvclite.progress import Progress
from dvclite.repo.checkout import restored
from dvclite.repo.downloads import Way
from dvclite.repo.ignorefile import ignore
from dvclite.repo.imports import bring, newest_commit
from dvclite.repo.outputs import (
    Named,
    is_complete,
    named_outputs,
    pointers,
    read_pointer,
    write_pointer,
)
from dvclite.repo.project import Project
from dvclite.repo.results.exchanging import Exchanged, Updated, UpdatedOutput

Part = tuple[Output, str]


def fetch_imports(
    project: Project,
    parts: Sequence[Part],
    from_remotes: Callable[[Sequence[Part]], Exchanged],
    lease: Lease,
    progress: Progress,
    *,
    dry: bool,
) -> Exchanged:
    """Bring what the cache lacks of imports: from remotes what is pushed there, else from origins.

    Args:
        project: The repository.
        parts: The outputs, and what is meant of each.
        from_remotes: Fetches outputs from the repository's own remotes.
        lease: Held until what was brought is used.
        progress: Is told of files and bytes.
        dry: Whether only to tell.

    Raises:
        TransferError: Not everything could be brought; the rest was.
    """
    lacking = [part for part in parts if part[0].cached and not is_complete(project, part[0])]
    whole = Exchanged(0, 0, (), dry)
    failures: list[tuple[str, Exception]] = []
    for part in lacking:
        output = part[0]
        from_remote = _from_remotes(part, from_remotes)
        if from_remote is not None:
            whole += from_remote
        elif dry:
            whole += Exchanged(output.files or 1, max(output.size, 0), (), dry=True)
        else:
            try:
                whole += _from_origin(project, output, lease, progress)
            except (OriginError, BlobMissingError, TransferError, RemoteError) as error:
                failures.append((output.path, error))
    if len(failures) == 1 and len(parts) == 1:
        raise failures[0][1]
    if failures:
        raise TransferError("fetched", whole.files, failures)
    return whole


def _from_remotes(
    part: Part, from_remotes: Callable[[Sequence[Part]], Exchanged]
) -> Exchanged | None:
    """Return what came from the repository's own remotes; None if they do not have all of it."""
    output = part[0]
    if output.oid is None or not output.pushed:
        return None
    try:
        return from_remotes([part])
    except (BlobMissingError, TransferError, ConfigError, RemoteError):
        return None  # It may still be where it is from.


def _from_origin(project: Project, output: Output, lease: Lease, progress: Progress) -> Exchanged:
    project.register()
    way = Way(project, lease, progress, None, newest=False, asked_for=False, base=project.root)
    found, moved = bring(way, output)
    done = _complete(project, output, found) if output.oid is None else ()
    return Exchanged(moved.files, moved.size, (), completed=done)


def _complete(project: Project, before: Output, found: Output) -> tuple[str, ...]:
    """Let the pointer of an import without data say what that is, if it is one of the workspace."""
    for pointer in pointers(project):
        if before in pointer.outputs:
            return tuple(_write(project, pointer, found))
    return ()


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
    chosen = named_outputs(project, targets)
    imports = [named for named in chosen if named.output.origin is not None]
    if targets and len(imports) < len(chosen):
        other = next(named for named in chosen if named.output.origin is None)
        raise NotAnOutputError(
            other.path, hint="it was not imported; `dvclite add` takes over what has changed"
        )
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
    files = _write(project, named.pointer, found)
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


def _write(project: Project, pointer: Pointer, found: Output) -> list[str]:
    """Write what is known of an import into its pointer; return the files that changed."""
    make_folder(project.temporary)
    with hold(project.lock):
        current = read_pointer(project, pointer.path)
        if [output.path for output in current.outputs] != [found.path]:
            raise OriginError(
                pointer.path,
                "somebody else has changed it meanwhile",
                hint="run the same command again",
            )
        written = imported(current, found, project.format.algorithm)
        changed = []
        if written.text != current.text:
            write_pointer(project, written)
            changed.append(written.path)
        if project.uses_git and found.cached:
            changed += ignore(project, [found.path])
    return changed
