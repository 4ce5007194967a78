"""How the workspace differs from its pointers."""

from collections import Counter
from collections.abc import Iterator, Sequence

import click

from dvclite.cli.console import Console
from dvclite.cli.names import Names
from dvclite.cli.text import count, extent, joined, printable
from dvclite.repo.tracking import Tracking
from dvclite.workspace.status import OutputStatus, State

_KINDS = (("added", "A", "green"), ("modified", "M", "yellow"), ("deleted", "D", "red"))


def show(
    console: Console, repo: Tracking, targets: Sequence[str], limit: int | None, *, as_json: bool
) -> Sequence[OutputStatus]:
    """Tell how outputs are.

    Args:
        console: Where.
        repo: The repository.
        targets: Which outputs; all of them where it is empty.
        limit: How many names to show of each output and kind of change; None for all.
        as_json: Whether as a document.

    Returns:
        What was told.
    """
    with console.progress() as progress:
        found = repo.status(targets, progress=progress)
    changed = [item for item in found if not item.is_clean]
    if as_json:
        console.json(found)
    else:
        names = Names(repo.root)
        for item in changed:
            if item.reason:
                console.error(_trouble(names, item), item.hint)
            else:
                console.write(_lines(names, item, limit))
        console.say(_closing(found))
        for hint in _hints(changed):
            console.hint(hint)
        if not found and (hidden := repo.ignored_pointers()):
            shown = names.shown(hidden[0])
            more = f" and {len(hidden) - 1:,} more" if len(hidden) > 1 else ""
            console.hint(
                f"git ignores {shown}{more}, so that it counts for nothing: `git check-ignore -v"
                f" {shown}` shows by which line"
            )
    return found


def _lines(names: Names, item: OutputStatus, limit: int | None) -> Iterator[str]:
    yield f"{item.state.capitalize()} {names.shown(item.path)}{_details(item)}"
    if item.files is None:
        return
    for kind, letter, colour in _KINDS:
        paths: Sequence[str] = getattr(item, kind)
        shown = paths[:limit]
        for path in shown:
            yield f"    {click.style(letter, fg=colour)} {names.shown(path)}"
        if len(shown) < len(paths) and shown:
            yield f"    {letter} … and {len(paths) - len(shown):,} more"


def _trouble(names: Names, item: OutputStatus) -> str:
    """Return what keeps an output from being looked at; it may begin with a path inside it."""
    if item.reason.startswith(f"{item.path}/"):
        return names.shown(item.reason)
    return f"{names.shown(item.path)}: {printable(item.reason)}"


def _details(item: OutputStatus) -> str:
    parts = [
        f"{len(getattr(item, kind)):,} {kind}"
        for kind, _, _ in _KINDS
        if item.files is not None and getattr(item, kind)
    ]
    if item.state is State.ABSENT:
        parts.append(extent(item.files, item.size))
    if item.state is State.UNKNOWN:
        parts.append("its tree is not in the cache")
    elif item.not_cached:
        parts.append(f"{count(item.not_cached, 'blob')} not in the cache")
    return f": {', '.join(part for part in parts if part)}" if any(parts) else ""


def _closing(found: Sequence[OutputStatus]) -> str:
    if not found:
        return "Nothing is tracked yet"
    total = count(len(found), "output")
    if all(item.is_clean for item in found):
        return f"Everything is up to date: {total}"
    states = Counter(item.state for item in found)
    return f"{total}: {joined([f'{states[state]:,} {state}' for state in State if states[state]])}"


def _hints(changed: Sequence[OutputStatus]) -> Iterator[str]:
    if any(item.state is State.MODIFIED for item in changed):
        yield "`dvclite commit` keeps changes, `dvclite checkout --force` gives them up"
    if any(
        item.not_cached or (item.state is State.UNKNOWN and not item.reason) for item in changed
    ):
        yield "`dvclite pull` fetches what is not in the cache"
    elif any(item.state is State.ABSENT for item in changed):
        yield "`dvclite checkout` brings back what is absent"
