"""`dvclite move`."""

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.options import as_json


@click.command(
    cls=Command,
    examples="""
    dvclite move model.pkl models/first.pkl
    dvclite mv images photos
    """,
)
@click.argument("source", type=click.Path())
@click.argument("target", type=click.Path())
@as_json
@click.pass_obj
def move(console: Console, source: str, target: str, as_json: bool) -> None:
    """Rename or move tracked data from SOURCE to TARGET, or into TARGET where that is a folder.

    The pointer and the line in .gitignore go along. The data need not be in the workspace.
    """
    from dvclite.cli.names import Names, tell_git
    from dvclite.repo.tracking import Tracking

    repo = Tracking.open()
    moved = repo.move(source, target)
    names = Names(repo.root)
    if as_json:
        console.json(moved)
    else:
        console.say(f"Moved {names.shown(moved.source)} to {names.shown(moved.target)}")
    tell_git(console, repo, moved.to_stage, staged=moved.staged)
