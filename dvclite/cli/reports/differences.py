"""How two versions differ."""

from collections.abc import Iterator

from dvclite.cli.console import Console
from dvclite.cli.names import Names
from dvclite.cli.text import joined
from dvclite.repo.anyrepo import AnyRepo
from dvclite.repo.results.versioning import Diff


def show(console: Console, repo: AnyRepo, found: Diff, *, as_json: bool) -> None:
    """Tell how two versions differ."""
    if as_json:
        console.json(found)
    elif found.is_empty:
        console.say("No changes")
    else:
        console.write(_lines(Names(repo.root), found))


def _lines(names: Names, found: Diff) -> Iterator[str]:
    sections = {
        "Added": [names.shown(item.path) for item in found.added],
        "Deleted": [names.shown(item.path) for item in found.deleted],
        "Modified": [names.shown(item.path) for item in found.modified],
        "Renamed": [
            f"{names.shown(item.before)} -> {names.shown(item.after)}" for item in found.renamed
        ],
        "Unknown": [f"{names.shown(path)} (not in the cache)" for path in found.unknown],
    }
    changed = {title: lines for title, lines in sections.items() if lines}
    for title, lines in changed.items():
        yield f"{title}:"
        yield from (f"    {line}" for line in lines)
        yield ""
    yield joined([f"{len(lines):,} {title.lower()}" for title, lines in changed.items()])
