"""What is said to the user, and where: results to standard output, the rest to standard error."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from dvclite.cli.text import printable_lines
from dvclite.errors import Hint
from dvclite.progress import SILENT, Progress


class Console:
    """Where commands print.

    Attributes:
        quiet: Whether to print nothing but errors, and JSON that is asked for.
        verbose: How much more than usual to print.
    """

    def __init__(self, *, quiet: bool = False, verbose: int = 0) -> None:
        self.quiet = quiet
        self.verbose = verbose

    def say(self, *lines: str) -> None:
        """Print lines of a result; file names in them must be `printable`."""
        self.write(lines)

    def write(self, lines: Iterable[str]) -> None:
        """Print many lines of a result at once."""
        if not self.quiet:
            text = "\n".join(lines)
            if text:
                click.echo(text, color=_coloured(sys.stdout))

    def json(self, value: object) -> None:
        """Print a result as one JSON document on one line, in ASCII.

        What a file name holds beside UTF-8 stands as lone surrogates, as in Python.
        """
        import json

        click.echo(json.dumps(plain(value), separators=(", ", ": ")))

    def hint(self, text: str) -> None:
        """Say what to do next."""
        if not self.quiet:
            self._note("hint", "cyan", text)

    def warn(self, text: str) -> None:
        """Say what the user should know, though the command goes on."""
        if not self.quiet:
            self._note("warning", "yellow", text)

    def error(self, text: str, hint: str = "") -> None:
        """Say what went wrong, and what to do next; quiet or not."""
        self._note("error", "red", text)
        if hint:
            self._note("hint", "cyan", hint)

    @property
    def can_ask(self) -> bool:
        """Whether somebody is there to answer."""
        return sys.stdin.isatty()

    def confirm(self, question: str) -> bool:
        """Ask on the terminal."""
        return click.confirm(question, err=True)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Yield what shows the course of long work: a bar on a terminal, elsewhere nothing."""
        if self.quiet or not sys.stderr.isatty():
            yield SILENT
            return
        from dvclite.cli.bar import Bar

        with Bar(sys.stderr) as bar:
            yield bar

    def _note(self, kind: str, colour: str, text: str) -> None:
        label = click.style(f"{kind}:", fg=colour, bold=kind == "error" or None)
        click.echo(
            f"{label} {printable_lines(spelled(text))}", err=True, color=_coloured(sys.stderr)
        )


def spelled(text: str) -> str:
    """Return a text, with the paths that a hint names as the user would type them where they are."""
    if not isinstance(text, Hint):
        return text
    from dvclite.cli.names import quoted

    return text.spelled(quoted)


def _coloured(stream: Any) -> bool:
    return (
        bool(stream.isatty())
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )


def plain(value: object) -> Any:
    """Return a value as what JSON knows: dataclasses and named tuples become objects."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    for names in (getattr(value, "__dataclass_fields__", None), getattr(value, "_fields", None)):
        if names is not None:
            return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)
