"""`dvclite status`."""

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.options import as_json, targets


@click.command(
    cls=Command,
    examples="""
    dvclite status
    dvclite status images -n 100
    dvclite status --json
    """,
)
@targets
@click.option(
    "-n",
    "--names",
    "limit",
    metavar="N",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="Show so many names for each output; all of them with -v.",
)
@as_json
@click.pass_context
def status(context: click.Context, targets: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Show how the workspace differs from what the pointers say: everywhere, or in TARGETS.

    For each output that has changed: files added, modified and deleted, and how much of it is not
    in the cache. Changes nothing, anywhere. With -q it only exits, with 1 if there are changes.
    """
    from dvclite.cli.reports.state import show
    from dvclite.repo.repo import Repo

    console: Console = context.obj
    repo = Repo.open()
    with console.progress() as progress:
        found = repo.status(targets, progress=progress)
    show(console, repo, found, None if console.verbose else limit, as_json=as_json)
    if console.quiet and not all(item.is_clean for item in found):
        context.exit(1)
