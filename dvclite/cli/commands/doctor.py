"""`dvclite doctor`."""

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.options import as_json


@click.command(
    cls=Command,
    examples="""
    dvclite doctor
    dvclite doctor --json
    """,
)
@as_json
@click.pass_context
def doctor(context: click.Context, /, as_json: bool) -> None:
    """Check that everything works here, and show what a report of a defect should tell.

    That is versions, git, the cache, kinds of links, pointers, remotes and hooks. Exits with 1 if
    something is wrong.
    """
    from dvclite.cli.reports.findings import show
    from dvclite.errors import NotARepoError
    from dvclite.repo.doctor import system
    from dvclite.repo.keeping import Keeping

    console: Console = context.obj
    try:
        findings = Keeping.open().doctor()
    except NotARepoError:
        findings = list(system())
    if not show(console, findings, as_json=as_json):
        context.exit(1)
