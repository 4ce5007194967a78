"""How the cache and a remote differ."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from dvclite.cli.console import Console
from dvclite.cli.names import Names
from dvclite.cli.text import count, size
from dvclite.repo.repo import Repo
from dvclite.repo.versions import Versions
from dvclite.transfer.compare import Comparison, Paths

_KINDS = {
    "new": "to push",
    "deleted": "to fetch",
    "missing": "neither in the cache nor on the remote",
}


class Asked(NamedTuple):
    """What somebody wants to know."""

    targets: tuple[str, ...]
    remote: str | None
    jobs: int | None
    all_branches: bool
    all_tags: bool
    all_commits: bool


def show(console: Console, repo: Repo, asked: Asked, limit: int | None, *, as_json: bool) -> bool:
    """Tell what is to be pushed, to be fetched, and lost.

    Args:
        console: Where.
        repo: The repository.
        asked: Of what.
        limit: How many names to show of each output and kind of difference; None for all.
        as_json: Whether as a document.

    Returns:
        Whether there is no difference.
    """
    versions = Versions(asked.all_branches, asked.all_tags, asked.all_commits)
    with console.progress() as progress:
        compared = repo.cloud_status(
            asked.targets,
            remote=asked.remote,
            jobs=asked.jobs,
            versions=versions,
            progress=progress,
        )
    if as_json:
        console.json(compared)
    else:
        names = Names(repo.root)
        for path, item in sorted(compared.items()):
            console.write(_lines(names, path, item, limit))
        _close(console, compared)
    return all(item.is_clean for item in compared.values())


def _close(console: Console, compared: Mapping[str, Comparison]) -> None:
    whole = {kind: _together(compared, kind) for kind in _KINDS}
    parts = [_summary(paths, kind) for kind, paths in whole.items() if paths.names]
    console.say("; ".join(parts) or "Cache and remote are in step")
    if whole["new"].names:
        console.hint("`dvclite push` sends what the remote lacks")
    if whole["deleted"].names:
        console.hint("`dvclite fetch` brings what the cache lacks")


def _lines(names: Names, path: str, item: Comparison, limit: int | None) -> Iterator[str]:
    for kind in _KINDS:
        paths: Paths = getattr(item, kind)
        if paths.names:
            yield f"{names.shown(path)}: {_summary(paths, kind)}"
            shown = paths.names[:limit]
            yield from (f"    {names.shown(name)}" for name in shown)
            if shown and len(shown) < len(paths.names):
                yield f"    … and {len(paths.names) - len(shown):,} more"


def _together(compared: Mapping[str, Comparison], kind: str) -> Paths:
    every = [getattr(item, kind) for item in compared.values()]
    return Paths([name for paths in every for name in paths.names], sum(p.size for p in every))


def _summary(paths: Paths, kind: str) -> str:
    extent = f", {size(paths.size)}" if paths.size else ""
    return f"{count(len(paths.names), 'blob')} {_KINDS[kind]}{extent}"
