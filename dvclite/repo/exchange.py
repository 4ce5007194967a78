"""`push`, `fetch`, `pull` and what `status -c` tells: the repository and its remotes."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace

from dvclite.cache.leases import Lease
from dvclite.errors import (
    BlobCorruptError,
    BlobMissingError,
    DvcliteError,
    FormatError,
    IncompleteError,
    TransferError,
)
from dvclite.hashing import BlobRef, Oid
from dvclite.progress import Progress
from dvclite.remotestore.engine import Failure
from dvclite.remotestore.named import Named
from dvclite.remotestore.store import RemoteStore
from dvclite.repo.checkout import checkout
from dvclite.repo.outputs import NOTHING_BROKEN, Broken
from dvclite.repo.project import Project
from dvclite.repo.results.exchanging import CloudReport, CloudStatus, Exchanged, OnRemote
from dvclite.repo.shipments import Part, Shipment, by_remote, chosen, matching, to_push
from dvclite.repo.stores import Line, open_store
from dvclite.repo.versions import Choice
from dvclite.transfer.compare import Comparison, compare
from dvclite.transfer.fetch import fetch, fetchable
from dvclite.transfer.moved import Moved
from dvclite.transfer.push import push, pushable
from dvclite.tree import Tree


def push_outputs(
    project: Project, choice: Choice, progress: Progress, *, dry: bool = False
) -> Exchanged:
    """Bring to remotes what they lack.

    Raises:
        BlobMissingError: Something is neither in the cache nor on the remote; the rest was pushed.
        TransferError: Something else did not arrive; the rest did.
        NoRemoteError, RemoteError, NotAnOutputError: Nothing could be done.
    """

    def one(store: RemoteStore, shipment: Shipment) -> Moved:
        cache = shipment.project.cache
        if dry:
            return pushable(cache, store, shipment.wanted, progress)
        try:
            return push(cache, store, shipment.wanted, progress)
        finally:
            cache.remember()

    broken: Broken = {}
    shipments = to_push(project, choice, broken)
    return _exchange(choice, shipments, one, "pushed", dry=dry, broken=broken)


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
    parts = list(chosen(project, choice, broken))
    return fetch_parts(project, parts, choice, lease, progress, dry=dry, broken=broken)


def fetch_parts(
    project: Project,
    parts: Sequence[Part],
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

    def one(store: RemoteStore, shipment: Shipment) -> Moved:
        if dry:
            return fetchable(shipment.project.cache, store, shipment.wanted, progress)
        return _fetched(store, shipment, lease if shipment.project is project else None, progress)

    def from_remotes(
        some: Sequence[Part], broken: Mapping[str, FormatError] = NOTHING_BROKEN
    ) -> Exchanged:
        shipments = by_remote(project, choice, some)
        return _exchange(choice, shipments, one, "fetched", dry=dry, broken=broken)

    if not parts:
        _failed(broken).check("fetched")  # Rather than that there is no remote, if there is none.
    imports = [part for part in parts if part[0].origin is not None]
    own = [part for part in parts if part[0].origin is None]
    if not imports:
        return from_remotes(own, broken)
    from dvclite.repo.fetch_imports import fetch_imports

    exchanged = from_remotes(own, broken) if own else Exchanged(0, 0, (), dry)
    exchanged += fetch_imports(project, imports, from_remotes, lease, progress, dry=dry)
    if not own:
        _failed(broken).check("fetched")
    return exchanged


def _fetched(
    store: RemoteStore, shipment: Shipment, lease: Lease | None, progress: Progress
) -> Moved:
    """Fetch from one remote.

    The lease is None where the cache is that of the repository as it was before: it has its own.
    """
    owner = shipment.project
    owner.register()
    if lease is not None:
        return fetch(owner.cache, store, shipment.wanted, lease, progress, owner.workspace.twins)
    with owner.exclusive(), owner.cache.lease() as its_lease:
        return fetch(owner.cache, store, shipment.wanted, its_lease, progress)


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
    workspace = project.workspace
    # Of what other versions need nothing goes to the workspace.
    twins = (
        workspace.twins.made(workspace.makes_copies) if choice.versions.is_empty else nullcontext()
    )
    with project.cache.lease() as lease, twins:
        fetched: Exchanged | None = None
        failure: DvcliteError | None = None
        try:
            fetched = fetch_outputs(project, choice, lease, progress)
        except (BlobMissingError, TransferError) as error:
            failure = error
        project.cache.packed.save()  # Before it is asked, it costs less.
        targets = matching(project, choice) if choice.glob else choice.targets
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
    shipments = to_push(project, choice, broken)
    failed = _failed(broken)
    for shipment in shipments:
        with shipment.opened(shipment.remote, Line(choice.jobs)) as store:
            found, failures = compare(shipment.project.cache, store, shipment.wanted, progress)
            extent = store.extent()
        failed += Moved(failures=tuple(failures))
        compared += [_told(path, comparison) for path, comparison in found.items()]
        if extent is not None:
            remotes.append(
                OnRemote(
                    shipment.remote,
                    extent.packs,
                    extent.size,
                    extent.content,
                    is_apart=shipment.is_apart,
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
    shipments: Sequence[Shipment],
    exchange: Callable[[RemoteStore, Shipment], Moved],
    action: str,
    *,
    dry: bool,
    broken: Mapping[str, FormatError] = NOTHING_BROKEN,
) -> Exchanged:
    """Exchange with one remote after another, and raise at the end for all that went wrong."""
    whole, tried = _failed(broken), dict[str, None]()
    line = Line(choice.jobs, choice.bandwidth)
    elsewhere = action == "fetched" and choice.remote is None
    for shipment in shipments:
        known = shipment.project.config.remote_names()
        others = [name for name in known if name != shipment.remote]
        moved = Moved()
        for name in [shipment.remote, *(others if elsewhere else ())]:
            with shipment.opened(name, line) as store:
                latest = exchange(store, shipment)
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
        tuple(dict.fromkeys(shipment.remote for shipment in shipments)),
        dry,
        packed=whole.packed if whole.packed.packs else None,
        apart=tuple(dict.fromkeys(shipment.remote for shipment in shipments if shipment.is_apart)),
        traffic=line.meter.traffic,
    )


def _failed(broken: Mapping[str, FormatError]) -> Moved:
    """Return what pointers that cannot be read come to: nothing of what they name moves."""
    nothing = BlobRef(Oid(""), -1)
    return Moved(
        failures=tuple(Failure(Named(path, nothing), error) for path, error in broken.items())
    )
