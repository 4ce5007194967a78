"""What was checked out."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click

from dvclite.cli.console import Console
from dvclite.cli.names import Names
from dvclite.cli.text import count, joined, printable, size
from dvclite.errors import DvcliteError, IncompleteError
from dvclite.repo.anyrepo import AnyRepo
from dvclite.repo.versioning import Versioning
from dvclite.workspace.restore import Restored

_SHOWN = 10
_LETTERS = {"added": "A", "modified": "M", "deleted": "D"}
_COLOURS = {"A": "green", "M": "yellow", "D": "red"}


def show(
    console: Console,
    repo: AnyRepo,
    restored: Restored,
    *,
    summary: bool = False,
    failed: bool = False,
    as_json: bool,
) -> None:
    """Tell what changed in the workspace.

    Args:
        console: Where.
        repo: The repository.
        restored: What the checkout came to.
        summary: Whether to tell numbers only.
        failed: Whether something could not be restored.
        as_json: Whether as a document.
    """
    if as_json:
        console.json(restored)
        return
    if not summary:
        show_paths(console, repo, restored)
    idle = "Nothing was checked out" if failed else "Everything is up to date"
    console.say(done(restored) or idle)


@contextmanager
def shown_on_failure(console: Console, repo: AnyRepo, *, as_json: bool) -> Iterator[None]:
    """Tell what was restored where not everything could be, before the error does its part."""
    try:
        yield
    except IncompleteError as error:
        if isinstance(error.restored, Restored):
            show(console, repo, error.restored, failed=True, as_json=as_json)
        raise


def show_paths(console: Console, repo: AnyRepo, restored: Restored) -> None:
    """Print a line for each path that was changed, or for the first few."""
    kinds = {kind: getattr(restored, kind) for kind in _LETTERS}
    total = sum(len(paths) for paths in kinds.values())
    limit = total if console.verbose else _SHOWN
    first = sorted((path, kind) for kind, paths in kinds.items() for path in paths[:limit])
    names = Names(repo.root)
    lines = [f"{_letter(kind)}\t{names.shown(path)}" for path, kind in first[:limit]]
    if total > limit:
        lines.append(f"… and {total - limit:,} more")
    console.write(lines)


def done(restored: Restored) -> str:
    """Return what was done in files and bytes; nothing where nothing was done."""
    parts = [
        f"{count(len(paths), 'file')} {kind}"
        for kind in _LETTERS
        if (paths := getattr(restored, kind))
    ]
    return f"{joined(parts)}, {size(restored.size)}" if parts else ""


def _letter(kind: str) -> str:
    return click.style(_LETTERS[kind], fg=_COLOURS[_LETTERS[kind]])


def follow(console: Console, repos: Iterable[Versioning]) -> bool:
    """Check out the data after git did the code, and tell in one line if that changed anything.

    Returns:
        Whether all went well in every repository. Where it did not, that was told.
    """
    failed = False
    for repo in repos:
        folder = repo.display(".")
        where = "" if folder == "." else f"{printable(folder)}: "
        try:
            with console.progress() as progress:
                restored = repo.checkout(progress=progress)
        except DvcliteError as error:
            failed = True
            console.error(f"{where}{error}", error.hint)
            continue
        if changed := done(restored):
            console.say(f"dvclite: {where}{changed}")
    return not failed
