"""Which paths are left out, and by which line."""

from collections.abc import Iterator, Sequence

from dvclite.cli.console import Console
from dvclite.cli.text import printable
from dvclite.ignore.rules import Match

_Pairs = Sequence[tuple[str, Match | None]]


def show(
    console: Console, found: _Pairs, *, details: bool, non_matching: bool, as_json: bool
) -> None:
    """Tell what was found out about paths.

    Args:
        console: Where.
        found: The paths, as they were typed, and the lines that decide about them.
        details: Whether to tell the lines.
        non_matching: Whether to tell of paths that no line speaks of.
        as_json: Whether as a document.
    """
    if as_json:
        console.json([{"path": path, "match": match} for path, match in found])
    elif details:
        console.write(_details(found, non_matching=non_matching))
    else:
        console.write(printable(path) for path, match in found if match and match.ignores)


def _details(found: _Pairs, *, non_matching: bool) -> Iterator[str]:
    for path, match in found:
        if match is not None:
            place = f"{printable(match.file)}:{match.line}:{printable(match.pattern)}"
            yield f"{place}\t{printable(path)}"
        elif non_matching:
            yield f"::\t{printable(path)}"
