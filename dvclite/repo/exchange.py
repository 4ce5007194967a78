"""`push`, `fetch`, `pull` and what `status -c` tells: the repository and its remotes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import NamedTuple

from dvclite.cache.leases import Lease
from dvclite.errors import (
    BlobMissingError,
    DvcliteError,
    IncompleteError,
    NotAnOutputError,
    TransferError,
)
from dvclite.hashing import BlobRef, Oid
from dvclite.pointer import Output
from dvclite.progress import Progress
from dvclite.remotestore.opening import open_remote
from dvclite.remotestore.store import RemoteStore
from dvclite.repo.checkout import checkout
from dvclite.repo.outputs import named_outputs
from dvclite.repo.project import Project
from dvclite.repo.versions import WORKSPACE, Versions, outputs_of
from dvclite.transfer.compare import Comparison, compare
from dvclite.transfer.fetch import fetch, fetchable
from dvclite.transfer.moved import Moved
from dvclite.transfer.push import push, pushable
from dvclite.transfer.wanted import Wanted, wanted
from dvclite.workspace.restore import Restored


@dataclass(frozen=True, slots=True)
class Choice:
    """What to exchange, and with whom.

    Attributes:
        targets: Outputs, parts of directories, or folders, relative to the root; patterns over
            the paths of outputs with `glob`; everything where it is empty.
        versions: Versions to take along beside that of the workspace.
        remote: Which remote; None for the one that each output asks for, or the default.
        jobs: How many transfers to run at once; None for what is configured.
        glob: Whether targets are patterns.
    """

    targets: tuple[str, ...] = ()
    versions: Versions = WORKSPACE
    remote: str | None = None
    jobs: int | None = None
    glob: bool = False


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What a push, fetch or pull came to, or would come to.

    Attributes:
        files: How many files moved, trees not counted.
        size: How many bytes moved.
        remotes: The remotes that took part, by name.
        dry: Whether nothing really moved.
        restored: What a pull changed in the workspace.
    """

    files: int
    size: int
    remotes: tuple[str, ...]
    dry: bool = False
    restored: Restored | None = None


class _Group(NamedTuple):
    """What goes to or comes from one remote."""

    remote: str
    wanted: list[Wanted]


def push_outputs(
    project: Project, choice: Choice, progress: Progress, *, dry: bool = False
) -> Exchanged:
    """Bring to remotes what they lack.

    Raises:
        BlobMissingError: Something is neither in the cache nor on the remote; the rest was pushed.
        TransferError: Something else did not arrive; the rest did.
        NoRemoteError, RemoteError, NotAnOutputError: Nothing could be done.
    """

    def one(store: RemoteStore, group: _Group) -> Moved:
        move = pushable if dry else push
        return move(project.cache, store, group.wanted, progress)

    groups = _groups(project, choice, lambda output: output.pushed)
    return _exchange(project, choice, groups, one, "pushed", dry=dry)


def fetch_outputs(
    project: Project, choice: Choice, lease: Lease, progress: Progress, *, dry: bool = False
) -> Exchanged:
    """Bring into the cache what it lacks.

    What the first remote does not have, or has only damaged, is looked for on the others, unless
    one was named.

    Args:
        project: The repository.
        choice: What to fetch, and from where.
        lease: Held until what was fetched is used.
        progress: Is told of files and bytes.
        dry: Whether only to tell what would be fetched.

    Raises:
        BlobMissingError: Something is on no remote; the rest was fetched.
        TransferError: Something else did not arrive; the rest did.
        NoRemoteError, RemoteError, NotAnOutputError: Nothing could be done.
    """

    def one(store: RemoteStore, group: _Group) -> Moved:
        if dry:
            return fetchable(project.cache, store, group.wanted, progress)
        project.register()
        return fetch(project.cache, store, group.wanted, lease, progress)

    groups = _groups(project, choice, lambda _output: True)
    return _exchange(project, choice, groups, one, "fetched", dry=dry)


def pull(project: Project, choice: Choice, progress: Progress, *, force: bool = False) -> Exchanged:
    """Fetch what the workspace needs, and check it out.

    Blobs that turn out to be damaged on their way out of the cache are fetched once more.

    Args:
        project: The repository.
        choice: What to pull, and from where.
        progress: Is told of files and bytes.
        force: Whether to overwrite and remove what is in no cache.

    Raises:
        UnsavedChangesError: Files that are in no cache stand in the way.
        BlobMissingError, TransferError, IncompleteError: Not everything is to be had; the rest
            was restored.
        NoRemoteError, RemoteError, NotAnOutputError: Nothing could be done.
    """
    with project.cache.lease() as lease:
        fetched: Exchanged | None = None
        failure: DvcliteError | None = None
        try:
            fetched = fetch_outputs(project, choice, lease, progress)
        except (BlobMissingError, TransferError) as error:
            failure = error
        targets = _matched(project, choice) if choice.glob else choice.targets
        try:
            restored = checkout(project, targets, progress, force=force)
        except IncompleteError:
            if failure is not None:
                raise failure from None
            fetched = fetch_outputs(project, choice, lease, progress)
            restored = checkout(project, targets, progress, force=force)
    if failure is not None:
        raise failure
    assert fetched is not None
    return replace(fetched, restored=restored)


def cloud_status(project: Project, choice: Choice, progress: Progress) -> dict[str, Comparison]:
    """Tell what the cache and the remotes lack, by the paths of outputs.

    Raises:
        BlobMissingError, TransferError: Something could not be compared.
        NoRemoteError, RemoteError, NotAnOutputError: Nothing could be done.
    """
    compared: dict[str, Comparison] = {}
    groups = _groups(project, choice, lambda output: output.pushed)
    for group in groups:
        with _store(project, group.remote, choice.jobs) as store:
            found, failures = compare(project.cache, store, group.wanted, progress)
        Moved(failures=tuple(failures)).check("compared")
        compared.update(found)
    return compared


def on_remote(project: Project, refs: list[BlobRef]) -> set[Oid]:
    """Return which of some blobs are on the default remote; none where there is no remote."""
    if not project.config.remote_names():
        return set()
    with _store(project, project.config.default_remote(), None) as store:
        missing = store.missing(refs)
    return {ref.oid for ref in refs} - missing.keys()


def _exchange(
    project: Project,
    choice: Choice,
    groups: Sequence[_Group],
    exchange: Callable[[RemoteStore, _Group], Moved],
    action: str,
    *,
    dry: bool,
) -> Exchanged:
    """Exchange with one remote after another, and raise at the end for all that went wrong."""
    whole, tried = Moved(), dict[str, None]()
    elsewhere = action == "fetched" and choice.remote is None
    for group in groups:
        others = [name for name in project.config.remote_names() if name != group.remote]
        moved = Moved()
        for name in [group.remote, *(others if elsewhere else ())]:
            with _store(project, name, choice.jobs) as store:
                latest = exchange(store, group)
                tried[store.url] = None
            # What failed before and arrived now is no failure any more.
            moved = replace(moved, failures=(), left=0, withheld=()) + latest
            if not moved.failures:
                break
        whole += moved
    whole.check(action, tried=list(tried) if elsewhere else ())
    return Exchanged(whole.files, whole.size, tuple(group.remote for group in groups), dry)


def _groups(project: Project, choice: Choice, belongs: Callable[[Output], bool]) -> list[_Group]:
    """Return what is to be exchanged, by remote."""
    groups: dict[str, list[Wanted]] = {}
    for output, path in _chosen(project, choice):
        if output.oid is not None and output.cached and belongs(output):
            remote = choice.remote or output.remote or project.config.default_remote()
            groups.setdefault(remote.lower(), []).append(wanted(output, path))
    if not groups:
        # A missing or unknown remote is worth an error even if there is nothing to move.
        groups[choice.remote or project.config.default_remote()] = []
    return [_Group(remote, items) for remote, items in groups.items()]


def _chosen(project: Project, choice: Choice) -> Iterator[tuple[Output, str]]:
    targets = _matched(project, choice) if choice.glob else choice.targets
    for named in named_outputs(project, targets):
        yield named.output, named.path
    if not choice.versions.is_empty:
        for output in outputs_of(project, choice.versions):
            yield from ((output, path) for path in _parts(output, targets))


def _parts(output: Output, targets: Sequence[str]) -> list[str]:
    """Return which paths of a version's output targets mean; a target may mean none there."""
    if not targets:
        return [output.path]
    return [
        target if target.startswith(output.path + "/") else output.path
        for target in (name.removesuffix(".dvc") for name in targets)
        if target in (".", output.path)
        or output.path.startswith(target + "/")
        or (output.is_directory and target.startswith(output.path + "/"))
    ]


def _matched(project: Project, choice: Choice) -> tuple[str, ...]:
    """Return the outputs in the workspace that patterns match."""
    paths = [named.output.path for named in named_outputs(project)]
    matched = [
        path for path in paths if any(fnmatchcase(path, pattern) for pattern in choice.targets)
    ]
    if not matched:
        raise NotAnOutputError(", ".join(choice.targets))
    return tuple(matched)


def _store(project: Project, name: str, jobs: int | None) -> RemoteStore:
    settings = project.config.remote(name)
    if jobs is None:
        jobs = settings.jobs if settings.jobs is not None else project.config.number("core.jobs")
    remote = open_remote(settings.url, settings.options)
    return RemoteStore(remote, project.format, jobs=jobs)
