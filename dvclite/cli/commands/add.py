"""`dvclite add` and `dvclite commit`."""

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.options import as_json, some_targets, switch, targets


@click.command(
    cls=Command,
    examples="""
    dvclite add images
    dvclite add images/cat.jpg model.pkl
    dvclite add --glob 'raw/*.csv'
    dvclite add --desc "Photos from May" images
    """,
)
@some_targets
@switch("--glob", help="Take TARGETS as the shell's patterns; two stars reach any depth.")
@click.option("--desc", metavar="TEXT", help="Say in the pointer what the data is.")
@switch("-f", "--force", help="Replace a pointer that cannot be read; read every file again.")
@switch("--no-relink", help="Leave the files as they are where links into the cache are set up.")
@as_json
@click.pass_obj
def add(
    console: Console,
    targets: tuple[str, ...],
    glob: bool,
    desc: str | None,
    force: bool,
    no_relink: bool,
    as_json: bool,
) -> None:
    """Store files and folders in the cache, and track them with pointers beside them.

    Each target NAME gets a pointer NAME.dvc for git to track, and a line in .gitignore. What is
    tracked already is brought up to date, and only what has changed is read; a path inside a
    tracked folder brings only that part up to date, and takes it out if it is gone.
    """
    from dvclite.cli.reports.added import show
    from dvclite.repo.tracking import Tracking

    repo = Tracking.open()
    with console.progress() as progress:
        added = repo.add(
            targets, glob=glob, desc=desc, force=force, relink=not no_relink, progress=progress
        )
    show(console, repo, added, "Added", as_json=as_json)


@click.command(
    cls=Command,
    examples="""
    dvclite commit
    dvclite commit images
    """,
)
@targets
@as_json
@click.pass_obj
def commit(console: Console, targets: tuple[str, ...], as_json: bool) -> None:
    """Store what has changed in tracked data: all of it, or what TARGETS name.

    Like `dvclite add` of everything that is tracked and present; what is absent from the workspace
    stays as its pointer says.
    """
    from dvclite.cli.reports.added import show
    from dvclite.repo.tracking import Tracking

    repo = Tracking.open()
    with console.progress() as progress:
        added = repo.commit(targets, progress=progress)
    show(console, repo, added, "Stored", as_json=as_json)
