"""How the cache and a remote differ."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dvclite.cli.console import Console
from dvclite.cli.names import Names
from dvclite.cli.reports.exchanged import tell_apart
from dvclite.cli.text import count, size
from dvclite.repo.exchanging import Exchanging
from dvclite.repo.results.exchanging import CloudReport, CloudStatus
from dvclite.repo.versions import Versions


class Asked(NamedTuple):
    """What somebody wants to know."""

    targets: tuple[str, ...]
    remote: str | None
    jobs: int | None
    all_branches: bool
    all_tags: bool
    all_commits: bool


class _Difference(NamedTuple):
    """Blobs that are not where they should be, by the paths that they stand for."""

    description: str
    paths: Sequence[str]
    size: int | None

    def __str__(self) -> str:
        extent = "" if self.size is None else f", {size(self.size)}"
        return f"{count(len(self.paths), 'blob')} {self.description}{extent}"


def show(
    console: Console, repo: Exchanging, asked: Asked, limit: int | None, *, as_json: bool
) -> bool:
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
        found = repo.cloud_status(
            asked.targets,
            remote=asked.remote,
            jobs=asked.jobs,
            versions=versions,
            progress=progress,
        )
    if as_json:
        console.json(found)
    else:
        names = Names(repo.root)
        for item in found.outputs:
            console.write(_lines(names, item, limit))
        _close(console, found)
    return found.is_clean


def _lines(names: Names, item: CloudStatus, limit: int | None) -> Iterator[str]:
    for difference in _differences([item]):
        yield f"{names.shown(item.path)}: {difference}"
        shown = difference.paths[:limit]
        yield from (f"    {names.shown(path)}" for path in shown)
        if shown and len(shown) < len(difference.paths):
            yield f"    … and {len(difference.paths) - len(shown):,} more"


def _close(console: Console, found: CloudReport) -> None:
    items = found.outputs
    for held in found.remotes:
        if held.packs:
            packs = f"{count(held.packs, 'pack')} of {size(held.size)}"
            console.say(f"{held.remote} holds {packs}, out of which come {size(held.content)}")
    console.say("; ".join(map(str, _differences(items))) or "Cache and remote are in step")
    tell_apart(console, [held.remote for held in found.remotes if held.is_apart])
    if any(item.new for item in items):
        console.hint("`dvclite push` sends what the remote lacks")
    if any(item.deleted for item in items):
        console.hint("`dvclite fetch` brings what the cache lacks")


def _differences(items: Sequence[CloudStatus]) -> list[_Difference]:
    new = [path for item in items for path in item.new]
    deleted = [path for item in items for path in item.deleted]
    missing = [path for item in items for path in item.missing]
    every = (
        _Difference("to push", new, sum(item.new_size for item in items)),
        _Difference("to fetch", deleted, sum(item.deleted_size for item in items)),
        _Difference("neither in the cache nor on the remote", missing, None),
    )
    return [difference for difference in every if difference.paths]
