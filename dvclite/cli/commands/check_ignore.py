"""`dvclite check-ignore`."""

import sys

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.options import as_json, switch


@click.command(
    "check-ignore",
    cls=Command,
    examples="""
    dvclite check-ignore images/cat.tmp
    dvclite check-ignore --details images/cat.tmp
    """,
)
@click.argument("paths", nargs=-1, type=click.Path())
@switch("-d", "--details", help="Show file, line and pattern that decide.")
@switch("-n", "--non-matching", help="With --details, show paths that no line speaks of too.")
@switch("--stdin", help="Read paths from standard input, one a line.")
@as_json
@click.pass_context
def check_ignore(
    context: click.Context,
    paths: tuple[str, ...],
    details: bool,
    non_matching: bool,
    stdin: bool,
    as_json: bool,
) -> None:
    """Show which of PATHS a .dvcignore leaves out, and by which line.

    Exits with 0 if there are any, with 1 if there is none.
    """
    from dvclite.cli.reports.ignored import show
    from dvclite.repo.tracking import Tracking

    if bool(paths) == stdin:
        raise click.UsageError("give paths, or --stdin and none", context)
    if non_matching and not details:
        raise click.UsageError("--non-matching needs --details", context)
    console: Console = context.obj
    asked = [line.rstrip("\n") for line in sys.stdin] if stdin else list(paths)
    found = [match for _, match in Tracking.open().check_ignore(asked)]
    pairs = list(zip(asked, found, strict=True))
    show(console, pairs, details=details, non_matching=non_matching, as_json=as_json)
    context.exit(0 if any(match is not None and match.ignores for match in found) else 1)
