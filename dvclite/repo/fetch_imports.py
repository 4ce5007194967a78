"""What `fetch` does about imports: it brings them from remotes, or else from where they come from."""

from collections.abc import Callable, Sequence

from dvclite.cache.leases import Lease
from dvclite.errors import (
    BlobMissingError,
    ConfigError,
    OriginError,
    RemoteError,
    TransferError,
)
from dvclite.pointer import Output
from dvclite.progress import Progress
from dvclite.repo.downloads import Way
from dvclite.repo.imports import bring, write_import
from dvclite.repo.outputs import is_complete, pointers
from dvclite.repo.project import Project
from dvclite.repo.results.exchanging import Exchanged
from dvclite.repo.shipments import Part


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
    if failures:
        raise failures[0][1] if len(parts) == 1 else TransferError("fetched", whole.files, failures)
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
            return tuple(write_import(project, pointer, found))
    return ()
