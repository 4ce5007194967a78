"""Remotes of a repository, opened by their names, as stores of its blobs."""

from collections.abc import Iterable
from pathlib import Path

from dvclite.config.options import read_flag
from dvclite.config.setting import RemoteSettings
from dvclite.errors import RemoteSetupError
from dvclite.hashing import XXH128, hash_bytes
from dvclite.pointer import Output
from dvclite.remotestore.store import RemoteStore
from dvclite.repo.project import Project

_VERSIONED = ("version_aware", "worktree")


def open_store(
    project: Project,
    name: str,
    jobs: int | None,
    *,
    outputs: Iterable[Output] = (),
    folder: Path | None = None,
) -> RemoteStore:
    """Open a remote by its name.

    Args:
        project: The repository.
        name: The remote.
        jobs: How many things may be on their way at once; None for what is configured.
        outputs: What it will be asked for: only their pointers tell where a remote of versions
            has it.
        folder: Where to keep what is known of it; a folder of the repository's own if None.

    Raises:
        NoRemoteError: There is none of that name.
        RemoteError: It cannot be opened.
    """
    # Finding plugins costs more to import than all of the rest.
    from dvclite.remotestore.loose.store import LooseStore
    from dvclite.remotestore.opening import open_remote
    from dvclite.remotestore.packs.store import PackStore

    settings = project.config.remote(name)
    if jobs is None:
        jobs = settings.jobs if settings.jobs is not None else project.config.number("core.jobs")
    if holds_versions(settings):
        return _version_store(project, settings, jobs, outputs)
    options = {key: text for key, text in settings.options.items() if key not in _VERSIONED}
    if not holds_packs(project, settings):
        return LooseStore(open_remote(settings.url, options), project.format, jobs=jobs)
    url = settings.url
    if project.home.packs_below:
        url = f"{url.rstrip('/')}/{project.home.packs_below}"
    folder = folder or project.temporary / "remotes"
    place = folder / hash_bytes(settings.url.encode(), XXH128)
    return PackStore(open_remote(url, options), project.format, place, jobs=jobs)


def holds_packs(project: Project, settings: RemoteSettings) -> bool:
    """Say whether data lies on a remote in packs."""
    if holds_versions(settings):
        return False
    return (settings.layout or ("packs" if project.format.packs else "loose")) == "packs"


def holds_versions(settings: RemoteSettings) -> bool:
    """Say whether files lie on a remote under their own names, in all their versions."""
    return any(read_flag(settings.options.get(name, "false")) is not False for name in _VERSIONED)


def _version_store(
    project: Project, settings: RemoteSettings, jobs: int | None, outputs: Iterable[Output]
) -> RemoteStore:
    from dvclite.remotestore.opening import open_remote
    from dvclite.remotestore.versions import Place, VersionStore

    options = {key: text for key, text in settings.options.items() if key not in _VERSIONED}
    remote = open_remote(settings.url, options)
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
