"""What was added."""

from collections.abc import Iterator

from dvclite.cli.console import Console
from dvclite.cli.names import Names, tell_git
from dvclite.cli.text import count, extent, size
from dvclite.repo.anyrepo import AnyRepo
from dvclite.repo.results.tracking import Added

_SHOWN = 10


def show(console: Console, repo: AnyRepo, added: Added, verb: str, *, as_json: bool) -> None:
    """Tell what was stored, and what git should be told.

    Args:
        console: Where.
        repo: The repository.
        added: What adding came to.
        verb: What happened to outputs that changed: `Added`.
        as_json: Whether as a document.
    """
    if as_json:
        console.json(added)
    else:
        lines = list(_lines(Names(repo.root), added, verb))
        if len(lines) > _SHOWN and not console.verbose:
            lines[_SHOWN:] = [f"… and {len(lines) - _SHOWN:,} more"]
        console.write([*lines, _closing(added)])
    tell_git(console, repo, added.to_stage, staged=added.staged)


def _lines(names: Names, added: Added, verb: str) -> Iterator[str]:
    for item in added.outputs:
        happened = verb if item.changed else "Unchanged"
        output = item.output
        yield f"{happened} {names.shown(output.path)}: {extent(output.files, output.size)}"


def _closing(added: Added) -> str:
    new = f"{size(added.stored_bytes)} new in the cache" if added.stored else "Nothing new to store"
    if len(added.outputs) < 2:
        return new
    outputs = [item.output for item in added.outputs]
    files = sum(1 if output.files is None else output.files for output in outputs)
    whole = extent(files, sum(max(output.size, 0) for output in outputs))
    return f"{count(len(outputs), 'output')}: {whole}; {new[0].lower() + new[1:]}"
