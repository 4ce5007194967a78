"""`push`, `fetch`, `pull` and what `status -c` tells: the repository and its remotes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import NamedTuple

from dvclite.cache.leases import Lease
from dvclite.errors import (
    BlobCorruptError,
    BlobMissingError,
    DvcliteError,
    FormatError,
    IncompleteError,
    NotAnOutputError,
    TransferError,
)
from dvclite.hashing import BlobRef, Oid
from dvclite.pointer import Output
from dvclite.progress import Progress
from dvclite.remotestore.engine import Failure
from dvclite.remotestore.named import Named
from dvclite.remotestore.store import RemoteStore
from dvclite.repo.checkout import checkout
from dvclite.repo.outputs import NOTHING_BROKEN, Broken, named_outputs, owned
from dvclite.repo.project import Project
from dvclite.repo.results.exchanging import CloudReport, CloudStatus, Exchanged, OnRemote
from dvclite.repo.stores import Line, is_apart, open_store
from dvclite.repo.versions import Choice, outputs_of
from dvclite.transfer.compare import Comparison, compare
from dvclite.transfer.fetch import fetch, fetchable
from dvclite.transfer.moved import Moved
from dvclite.transfer.push import push, pushable
from dvclite.transfer.wanted import Wanted, wanted
from dvclite.tree import Tree


class _Group(NamedTuple):
    """What goes to or comes from one remote.

    Attributes:
        project: The repository, or what it was before it changed its format.
        remote: The remote's name in its settings.
        wanted: What is to go or come.
        outputs: The outputs that it is of.
    """

    project: Project
    remote: str
    wanted: list[Wanted]
    outputs: list[Output]

    @property
    def is_apart(self) -> bool:
        """Whether the remote holds what other programs of the format cannot read."""
        return is_apart(self.project, self.remote)

    def opened(self, name: str, line: Line) -> RemoteStore:
        """Open a remote for it, by the remote's name."""
        return open_store(self.project, name, line, outputs=self.outputs)


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
        return move(group.project.cache, store, group.wanted, progress)

    broken: Broken = {}
    groups = _pushed(project, choice, broken)
    return _exchange(choice, groups, one, "pushed", dry=dry, broken=broken)


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
    broken: Broken = {}
    parts = list(_chosen(project, choice, broken))
    return fetch_parts(project, parts, choice, lease, progress, dry=dry, broken=broken)


def fetch_parts(
    project: Project,
    parts: Sequence[tuple[Output, str]],
    choice: Choice,
    lease: Lease,
    progress: Progress,
    *,
    dry: bool = False,
    broken: Mapping[str, FormatError] = NOTHING_BROKEN,
) -> Exchanged:
    """Bring into the cache what it lacks of outputs, or of paths inside them.

    Other arguments and errors as those of `fetch_outputs`; of the choice only the remote and the
    number of jobs count. What is wrong with pointers is told at the end.
    """

    def one(store: RemoteStore, group: _Group) -> Moved:
        owner = group.project
        if dry:
            return fetchable(owner.cache, store, group.wanted, progress)
        owner.register()
        if owner is project:
            return fetch(owner.cache, store, group.wanted, lease, progress)
        with owner.exclusive(), owner.cache.lease() as its_lease:
            return fetch(owner.cache, store, group.wanted, its_lease, progress)

    imports = [part for part in parts if part[0].origin is not None]
    own = [part for part in parts if part[0].origin is None]
    exchanged = Exchanged(0, 0, (), dry)
    if own or not imports:
        groups = _groups(project, choice, own)
        exchanged = _exchange(choice, groups, one, "fetched", dry=dry, broken=broken)
    if imports:
        from dvclite.repo.imported import fetch_imports

        def from_remotes(some: Sequence[tuple[Output, str]]) -> Exchanged:
            return _exchange(choice, _groups(project, choice, some), one, "fetched", dry=dry)

        exchanged += fetch_imports(project, imports, from_remotes, lease, progress, dry=dry)
        if not own:
            _failed(broken).check("fetched")
    return exchanged


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
        project.cache.packed.save()  # Before it is asked, it costs less.
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


def cloud_status(project: Project, choice: Choice, progress: Progress) -> CloudReport:
    """Tell what the cache and the remotes lack of outputs, and how much the remotes hold.

    Raises:
        BlobMissingError, TransferError: Something could not be compared.
        NoRemoteError, RemoteError, NotAnOutputError: Nothing could be done.
    """
    compared: list[CloudStatus] = []
    remotes: list[OnRemote] = []
    broken: Broken = {}
    groups = _pushed(project, choice, broken)
    failed = _failed(broken)
    for group in groups:
        with group.opened(group.remote, Line(choice.jobs)) as store:
            found, failures = compare(group.project.cache, store, group.wanted, progress)
            extent = store.extent()
        failed += Moved(failures=tuple(failures))
        compared += [_told(path, comparison) for path, comparison in found.items()]
        if extent is not None:
            remotes.append(
                OnRemote(
                    group.remote,
                    extent.packs,
                    extent.size,
                    extent.content,
                    is_apart=group.is_apart,
                )
            )
    failed.check("compared")
    compared.sort(key=lambda status: status.path)
    return CloudReport(tuple(compared), tuple(remotes))


def _told(path: str, comparison: Comparison) -> CloudStatus:
    return CloudStatus(
        path=path,
        new=tuple(comparison.new.names),
        new_size=comparison.new.size,
        deleted=tuple(comparison.deleted.names),
        deleted_size=comparison.deleted.size,
        missing=tuple(comparison.missing.names),
    )


def on_remote(project: Project, refs: list[BlobRef]) -> set[Oid]:
    """Return which of some blobs are on the default remote; none where there is no remote."""
    if not project.config.remote_names():
        return set()
    with open_store(project, project.config.default_remote()) as store:
        missing = store.missing(refs)
    return {ref.oid for ref in refs} - missing.keys()


def remote_tree(project: Project, oid: Oid) -> Tree | None:
    """Return a tree that the cache lacks, from the first remote that has it; None if none has."""
    for name in project.config.remote_names():
        try:
            with open_store(project, name) as store:
                return store.tree(oid)
        except (BlobMissingError, BlobCorruptError):
            continue
    return None


def _exchange(
    choice: Choice,
    groups: Sequence[_Group],
    exchange: Callable[[RemoteStore, _Group], Moved],
    action: str,
    *,
    dry: bool,
    broken: Mapping[str, FormatError] = NOTHING_BROKEN,
) -> Exchanged:
    """Exchange with one remote after another, and raise at the end for all that went wrong."""
    whole, tried = _failed(broken), dict[str, None]()
    line = Line(choice.jobs, choice.bandwidth)
    elsewhere = action == "fetched" and choice.remote is None
    for group in groups:
        known = group.project.config.remote_names()
        others = [name for name in known if name != group.remote]
        moved = Moved()
        for name in [group.remote, *(others if elsewhere else ())]:
            with group.opened(name, line) as store:
                latest = exchange(store, group)
                tried[store.place] = None
            # What failed before and arrived now is no failure any more.
            moved = replace(moved, failures=(), left=0, withheld=()) + latest
            if not moved.failures:
                break
        whole += moved
    whole.check(action, tried=list(tried) if elsewhere else ())
    return Exchanged(
        whole.files,
        whole.size,
        tuple(dict.fromkeys(group.remote for group in groups)),
        dry,
        packed=whole.packed if whole.packed.packs else None,
        apart=tuple(dict.fromkeys(group.remote for group in groups if group.is_apart)),
        traffic=line.meter.traffic,
    )


def _failed(broken: Mapping[str, FormatError]) -> Moved:
    """Return what pointers that cannot be read come to: nothing of what they name moves."""
    nothing = BlobRef(Oid(""), -1)
    return Moved(
        failures=tuple(Failure(Named(path, nothing), error) for path, error in broken.items())
    )


def _pushed(project: Project, choice: Choice, broken: Broken) -> list[_Group]:
    """Return what belongs on remotes, by remote."""
    chosen = _chosen(project, choice, broken)
    return _groups(project, choice, [part for part in chosen if part[0].pushed])


def _groups(project: Project, choice: Choice, parts: Sequence[tuple[Output, str]]) -> list[_Group]:
    """Return outputs and parts of them, by the remote that each belongs on."""
    groups: dict[tuple[str, str], _Group] = {}
    for named, path in parts:
        if named.oid is not None and named.cached:
            owner, output = owned(project, named)
            remote = _remote(owner, choice, output).lower()
            group = groups.setdefault((owner.home.name, remote), _Group(owner, remote, [], []))
            group.wanted.append(wanted(output, path))
            group.outputs.append(output)
    if not groups:
        # A missing or unknown remote is worth an error even if there is nothing to move.
        return [_Group(project, choice.remote or project.config.default_remote(), [], [])]
    return list(groups.values())


def _remote(owner: Project, choice: Choice, output: Output) -> str:
    """Return which remote an output belongs on."""
    asked = choice.remote
    if asked and owner.successor is not None and asked.lower() not in owner.config.remote_names():
        asked = None  # It came when the format had changed: what is older is not there.
    return asked or output.remote or owner.config.default_remote()


def _chosen(project: Project, choice: Choice, broken: Broken) -> Iterator[tuple[Output, str]]:
    targets = _matched(project, choice) if choice.glob else choice.targets
    for named in named_outputs(project, targets, broken):
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
    paths = [named.output.path for named in named_outputs(project, (), {})]
    matched = [
        path for path in paths if any(fnmatchcase(path, pattern) for pattern in choice.targets)
    ]
    if not matched:
        raise NotAnOutputError(", ".join(choice.targets))
    return tuple(matched)
