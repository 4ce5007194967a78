"""`dvclite remove`."""

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.options import as_json, some_targets, switch


@click.command(
    cls=Command,
    examples="""
    dvclite remove images
    dvclite remove --outs model.pkl.dvc
    """,
)
@some_targets
@switch("--outs", help="Remove the data from the workspace too.")
@switch("-f", "--force", help="With --outs, remove data that is in no cache.")
@as_json
@click.pass_obj
def remove(
    console: Console, targets: tuple[str, ...], outs: bool, force: bool, as_json: bool
) -> None:
    """Stop tracking data: delete the pointers of TARGETS, and their lines in .gitignore.

    The data stays where it is, in the workspace and in the cache, and older commits still name it.
    """
    from dvclite.cli.names import Names, tell_git
    from dvclite.repo.tracking import Tracking

    repo = Tracking.open()
    removed = repo.remove(targets, outs=outs, force=force)
    names = Names(repo.root)
    if as_json:
        console.json(removed)
    else:
        fate = "its data is gone from the workspace" if outs else "its data stays"
        console.write(f"Stopped tracking {names.shown(path)}; {fate}" for path in removed.outputs)
    tell_git(console, repo, removed.to_stage, staged=removed.staged)
