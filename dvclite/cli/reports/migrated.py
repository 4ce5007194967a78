"""What was migrated, or would be."""

from collections.abc import Iterator, Sequence

from dvclite.cli.console import Console
from dvclite.cli.names import Names, tell_git
from dvclite.cli.text import count, extent, printable
from dvclite.repo.anyrepo import AnyRepo
from dvclite.repo.migration.results import FromLfs, Migrated

_SHOWN = 10
_CALLED = {"native": "native", "dvc": "DVC's"}


def show(console: Console, repo: AnyRepo, migrated: Migrated, *, as_json: bool) -> None:
    """Tell what a change of format came to, and what git should be told.

    Args:
        console: Where.
        repo: The repository.
        migrated: What it came to.
        as_json: Whether as a document.
    """
    if as_json:
        console.json(migrated)
    else:
        console.write([*_lines(console, repo, migrated), _closing(migrated)])
    tell_git(console, repo, migrated.to_stage, staged=migrated.staged)
    if not as_json and migrated.outputs and not migrated.dry:
        console.hint("`dvclite push` brings it to the remote under the new names")


def show_lfs(console: Console, repo: AnyRepo, taken: FromLfs, *, as_json: bool) -> None:
    """Tell what came from Git LFS: arguments as those of `show`."""
    if as_json:
        console.json(taken)
    else:
        names = Names(repo.root)
        verb = "Would take over" if taken.dry else "Took over"
        lines = [f"{verb} {names.shown(path)}" for path in taken.outputs]
        lines = _few(console, lines)
        lines += [f"Not in the store of Git LFS: {names.shown(path)}" for path in taken.missing]
        gone = "Would remove" if taken.dry else "Removed"
        lines += [f"{gone} {printable(line)}" for line in taken.attributes]
        console.write([*lines, f"{extent(taken.files, taken.size)} from Git LFS"])
    tell_git(console, repo, taken.to_stage, staged=taken.staged)


def _lines(console: Console, repo: AnyRepo, migrated: Migrated) -> Iterator[str]:
    names = Names(repo.root)
    verb = "Would migrate" if migrated.dry else "Migrated"
    yield from _few(console, [f"{verb} {names.shown(path)}" for path in migrated.outputs])
    if migrated.dry:
        yield from _few(console, [f"Missing {names.shown(path)}" for path in migrated.missing])
    yield from _few(
        console, [f"Kept {names.shown(item.path)}: {item.reason}" for item in migrated.kept]
    )
    for path in migrated.pipelines:
        yield f"DVC's pipelines keep what {names.shown(path)} says"
    lost = [f"DVC has no place for what is special at {names.shown(p)}" for p in migrated.lost]
    yield from _few(console, lost)
    for name in migrated.remotes_left:
        yield f"The remote {printable(name)} holds files under names of their own: it stays DVC's"


def _few(console: Console, lines: Sequence[str]) -> list[str]:
    if len(lines) <= _SHOWN or console.verbose:
        return list(lines)
    return [*lines[:_SHOWN], f"… and {len(lines) - _SHOWN:,} more"]


def _closing(migrated: Migrated) -> str:
    called = _CALLED[migrated.format]
    if not migrated.outputs and not migrated.to_stage:
        return "Nothing to migrate" + (
            "" if migrated.dry else f": the repository's format is {called}"
        )
    whole = f"{count(len(migrated.outputs), 'output')}: {extent(migrated.files, migrated.size)}"
    if migrated.dry:
        missing = len(migrated.missing)
        lacking = f", of which {count(missing, 'path')} missing" if missing else ""
        return f"{whole}{lacking}; nothing was changed"
    return f"{whole}; the repository's format is {called} now"
