"""`dvclite diff`."""

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.options import as_json


@click.command(
    cls=Command,
    examples="""
    dvclite diff
    dvclite diff v1
    dvclite diff v1 v2 --targets images
    dvclite diff v1 v2 --json
    """,
)
@click.argument("a", default="HEAD")
@click.argument("b", required=False)
@click.option(
    "--targets",
    metavar="PATH",
    multiple=True,
    type=click.Path(),
    help="Compare only this; may be given several times.",
)
@as_json
@click.pass_obj
def diff(console: Console, a: str, b: str | None, targets: tuple[str, ...], as_json: bool) -> None:
    """Compare the data of revision A with that of revision B, file by file.

    A is HEAD by default, B the workspace.
    """
    from shlex import quote

    from dvclite.cli.reports.differences import show
    from dvclite.repo.versioning import Versioning

    repo = Versioning.open()
    with console.progress() as progress:
        found = repo.diff(a, b, targets=targets, progress=progress)
    show(console, repo, found, as_json=as_json)
    if found.unknown:
        revisions = [f"--rev {quote(name)}" for name in (a, b) if name]
        command = " ".join(["dvclite fetch", *revisions])
        console.hint(f"`{command}` brings what tells which files these directories held")
