"""The program as a whole: it knows its commands by name, and loads the one that is named."""

import gc
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

import click

from dvclite.cli.boundary import run
from dvclite.cli.command import common_options

_NAMES_WIDTH = len("doctor, version")
_LOOK_FOR_GARBAGE_AFTER = 100_000
"""So many more values than were let go. Python's own number is made for programs that run on."""


class Listed(NamedTuple):
    """A command in the table of commands.

    Attributes:
        module: The module of `dvclite.cli.commands` that defines it, under its own name.
        summary: What it does, in one line.
        alias: Another name that it goes by.
    """

    module: str
    summary: str
    alias: str = ""


class Program(click.Group):
    """A group that lists its commands without loading them."""

    def __init__(
        self,
        *args: Any,
        sections: Mapping[str, Mapping[str, Listed]],
        hidden: Mapping[str, Listed],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, context_settings={"help_option_names": ["-h", "--help"]}, **kwargs)
        self.params += common_options()
        self._sections = sections
        self._shown = {name: entry for part in sections.values() for name, entry in part.items()}
        self._reachable = {**self._shown, **hidden}
        self._aliases = {entry.alias: name for name, entry in self._shown.items() if entry.alias}

    def main(  # type: ignore[override]  # click's other ways to call it have no use here
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **_: Any
    ) -> NoReturn:
        """Run a command line, and exit with its code.

        Arguments are taken as they come: the pattern of `add --glob` must arrive unexpanded on
        Windows too, where click would expand it.
        """
        name = prog_name or "dvclite"
        if args is not None:
            sys.exit(run(self, list(args), name))
        # The process is this program's alone. What it makes lasts, as a rule, and hardly ever goes
        # round in circles: the collector would look through all of it again and again for nothing.
        gc.set_threshold(_LOOK_FOR_GARBAGE_AFTER)
        code = run(self, sys.argv[1:], name)
        gc.freeze()  # Nor need it look once more before the process ends.
        sys.exit(code)

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names of all commands that are shown."""
        return list(self._shown)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        name = self._aliases.get(cmd_name, cmd_name)
        if name not in self._reachable:
            return None
        entry = self._reachable[name]
        module = import_module(f"dvclite.cli.commands.{entry.module}")
        command: click.Command = getattr(module, name.replace("-", "_"))
        command.short_help = entry.summary
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is named first; suggest others where there is none."""
        known = {*self._reachable, *self._aliases}
        if args[0] not in known and not args[0].startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches

            close = get_close_matches(args[0], sorted({*self._shown, *self._aliases}))
            guess = f"; did you mean {' or '.join(close)}?" if close else ""
            ctx.fail(f"there is no command {args[0]!r}{guess}")
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands."""
        for title, commands in self._sections.items():
            with formatter.section(title):
                formatter.write_dl([_row(name, entry) for name, entry in commands.items()])


def _row(name: str, entry: Listed) -> tuple[str, str]:
    names = f"{name}, {entry.alias}" if entry.alias else name
    return names.ljust(_NAMES_WIDTH), entry.summary
