"""What all commands have in common: one paragraph of help, options, examples that work."""

import os
from typing import Any

import click


class Command(click.Command):
    """A command with examples, one command line each, that work as they stand."""

    def __init__(self, *args: Any, examples: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(line.strip() for line in examples.strip().splitlines())
        # The reference is built from this, as reStructuredText; terminals get it from format_epilog.
        self.epilog = "\n".join(["Examples::", "", *(f"    $ {line}" for line in self.examples)])
        self.params += common_options()

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        with formatter.section("Examples"):
            formatter.write("".join(f"  $ {example}\n" for example in self.examples))


class Family(click.Group):
    """Commands that share a first word."""

    command_class = Command


def common_options() -> list[click.Parameter]:
    """Return the options that the program has, and every command after its name."""
    return [
        click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            expose_value=False,
            callback=_be_quiet,
            help="Print nothing but errors.",
        ),
        click.Option(
            ["-v", "--verbose"],
            count=True,
            expose_value=False,
            callback=_be_verbose,
            help="Print more: every name, and the causes of errors; twice, tracebacks.",
        ),
        click.Option(
            ["--cd"],
            metavar="DIR",
            type=click.Path(exists=True, file_okay=False),
            expose_value=False,
            callback=_change_folder,
            help="Run as if started in DIR.",
        ),
    ]


def _be_quiet(context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value and context.obj is not None:
        context.obj.quiet = True


def _be_verbose(context: click.Context, _option: click.Parameter, value: int) -> None:
    if value and context.obj is not None:
        context.obj.verbose += value


def _change_folder(context: click.Context, _option: click.Parameter, folder: str | None) -> None:
    if folder is not None and not context.resilient_parsing:
        os.chdir(folder)
