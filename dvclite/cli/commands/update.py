"""`dvclite update`."""

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.options import as_json, jobs, switch, targets


@click.command(
    cls=Command,
    examples="""
    dvclite update
    dvclite update labels.dvc --rev v2
    """,
)
@targets
@click.option("--rev", metavar="REV", help="Follow this revision of the other repository.")
@switch("--no-download", help="Note which version is meant, and bring it later.")
@switch("-f", "--force", help="Overwrite data that is in no cache.")
@jobs
@as_json
@click.pass_obj
def update(
    console: Console,
    targets: tuple[str, ...],
    rev: str | None,
    no_download: bool,
    force: bool,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Bring imported data up to date with where it comes from: all of it, or TARGETS.

    That is what `dvc import` and `dvc import-url` brought: from another repository, the web, a
    bucket or a path. The new version is checked out, and the pointer says which one it is.
    """
    from dvclite.cli.names import tell_git
    from dvclite.cli.reports.updated import show
    from dvclite.repo.exchanging import Exchanging

    repo = Exchanging.open()
    with console.progress() as progress:
        updated = repo.update(
            targets, rev=rev, download=not no_download, force=force, jobs=jobs, progress=progress
        )
    show(console, repo, updated, as_json=as_json)
    tell_git(console, repo, updated.to_stage, staged=updated.staged)
