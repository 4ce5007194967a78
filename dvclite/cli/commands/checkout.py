"""`dvclite checkout`."""

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.options import as_json, switch, targets


@click.command(
    cls=Command,
    examples="""
    dvclite checkout
    dvclite checkout images/cat.jpg model.pkl
    dvclite checkout --rev v1 images
    dvclite checkout --summary --force
    """,
)
@targets
@click.option("--rev", metavar="REV", help="Follow the pointers of this revision.")
@switch("-f", "--force", help="Overwrite and delete data that is in no cache.")
@switch("--relink", help="Replace all files by the kind of link that cache.type names.")
@switch("--summary", help="Print only the closing line.")
@as_json
@click.pass_obj
def checkout(
    console: Console,
    targets: tuple[str, ...],
    rev: str | None,
    force: bool,
    relink: bool,
    summary: bool,
    as_json: bool,
) -> None:
    """Make the workspace hold what the pointers say: all of it, or what TARGETS name.

    Only what differs is touched. Data that is in no cache is neither overwritten nor deleted.
    Without TARGETS, data that no pointer names any more leaves the workspace.
    """
    from dvclite.cli.reports.restored import show, shown_on_failure
    from dvclite.repo.versioning import Versioning

    repo = Versioning.open()
    with shown_on_failure(console, repo, as_json=as_json), console.progress() as progress:
        restored = repo.checkout(targets, rev=rev, force=force, relink=relink, progress=progress)
    show(console, repo, restored, summary=summary, as_json=as_json)
