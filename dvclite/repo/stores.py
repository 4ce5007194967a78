"""Remotes of a repository, opened by their names, as stores of its blobs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from dvclite.config.setting import RemoteSettings
from dvclite.errors import RemoteSetupError
from dvclite.hashing import XXH128, algorithm_of, hash_bytes
from dvclite.pointer import Output
from dvclite.remote import Remote
from dvclite.remote.options import Options
from dvclite.remotestore.bound import Bound
from dvclite.remotestore.engine import DEFAULT_JOBS
from dvclite.remotestore.metered import Meter
from dvclite.remotestore.store import RemoteStore
from dvclite.repo.project import Project


@dataclass(frozen=True, slots=True)
class Line:
    """How to exchange data with remotes.

    Attributes:
        jobs: How many things may be on their way at once; None for what is configured.
        bandwidth: Bytes a second that may move, 0 for no bound; None for what is configured.
        meter: Counts what moves.
    """

    jobs: int | None = None
    bandwidth: int | None = None
    meter: Meter = field(default_factory=Meter)


def open_store(
    project: Project,
    name: str,
    line: Line | None = None,
    *,
    outputs: Iterable[Output] = (),
    folder: Path | None = None,
) -> RemoteStore:
    """Open a remote by its name.

    Args:
        project: The repository.
        name: The remote.
        line: How to exchange data with it; None for what is configured.
        outputs: What it will be asked for: only their pointers tell where a remote of versions
            has it.
        folder: Where to keep what is known of it; a folder of the repository's own if None.

    Raises:
        NoRemoteError: There is none of that name.
        RemoteError: It cannot be opened.
    """
    # Finding plugins costs more to import than all of the rest.
    from dvclite.remotestore.below import Below
    from dvclite.remotestore.loose.store import LooseStore
    from dvclite.remotestore.packs.store import PackStore

    settings = project.config.remote(name)
    remote, jobs = _opened(project, settings, line or Line())
    if settings.keeps_versions:
        return _version_store(project, settings, remote, jobs, outputs)
    if not holds_packs(project, settings):
        return LooseStore(remote, project.format, jobs=jobs)
    _check_names(project, settings, outputs)
    if project.home.packs_below:
        remote = Below(remote, project.home.packs_below)
    folder = folder or project.temporary / "remotes"
    place = folder / hash_bytes(settings.url.encode(), XXH128)
    packed = project.cache.packed
    store = PackStore(remote, project.format, place, jobs=jobs, index=packed.index_path)
    packed.copy_index_from(store.index_path)
    return store


def _check_names(project: Project, settings: RemoteSettings, outputs: Iterable[Output]) -> None:
    """Refuse what has names of an older kind, by which nothing is in a pack."""
    algorithm = project.format.algorithm
    for output in outputs:
        if output.oid is not None and algorithm_of(output.oid, algorithm) is not algorithm:
            raise RemoteSetupError(
                settings.shown_url,
                f"{output.path} was added by an old version of DVC, and packs cannot hold it",
                hint=f"add it anew after a change, or unset remote.{settings.name}.layout",
            )


def holds_packs(project: Project, settings: RemoteSettings) -> bool:
    """Say whether data lies on a remote in packs."""
    if settings.keeps_versions:
        return False
    return (settings.layout or ("packs" if project.format.packs else "loose")) == "packs"


def is_apart(project: Project, name: str) -> bool:
    """Say whether data lies on a remote so that other programs of the format cannot read it."""
    return bool(project.home.packs_below) and holds_packs(project, project.config.remote(name))


def _opened(project: Project, settings: RemoteSettings, line: Line) -> tuple[Remote, int | None]:
    """Return a remote through a meter, and how many things may be on their way at once."""
    from dvclite.remotestore.metered import metered
    from dvclite.remotestore.opening import open_remote

    config = project.config
    jobs = _first(line.jobs, settings.jobs, config.number("core.jobs"))
    bandwidth = _first(line.bandwidth, settings.bandwidth, config.rate("core.bandwidth"))
    bound = Bound(bandwidth) if bandwidth else None
    remote = open_remote(settings.url, Options(settings.options, tracked=settings.tracked))
    if bound is not None:
        jobs = bound.jobs(jobs or DEFAULT_JOBS)
    return metered(remote, line.meter, bound), jobs


def _first(*numbers: int | None) -> int | None:
    return next((number for number in numbers if number is not None), None)


def _version_store(
    project: Project,
    settings: RemoteSettings,
    remote: Remote,
    jobs: int | None,
    outputs: Iterable[Output],
) -> RemoteStore:
    from dvclite.remotestore.versions import Place, VersionStore

    places: dict[str, Place] = {}
    trees = []
    for output in outputs:
        for version in output.versions:
            if version.id and version.remote.lower() == settings.name:
                key = f"{output.path}/{version.path}" if version.path else output.path
                places[version.oid] = Place(key, version.id)
        if output.versions and output.is_directory and output.oid is not None:
            trees.append(project.cache.tree(output.oid))
    try:
        return VersionStore(remote, project.format, places, trees, jobs=jobs)
    except RemoteSetupError:
        remote.close()
        raise
