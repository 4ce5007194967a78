"""`dvclite unprotect`."""

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.options import some_targets
from dvclite.cli.text import count


@click.command(
    cls=Command,
    examples="""
    dvclite unprotect images
    dvclite unprotect model.pkl
    """,
)
@some_targets
@click.pass_obj
def unprotect(console: Console, targets: tuple[str, ...]) -> None:
    """Replace links into the cache by copies that are safe to edit.

    Where cache.type is hardlink or symlink, the files of TARGETS share their bytes with the cache,
    and are read-only so that no edit can reach the cache.
    """
    from dvclite.repo.versioning import Versioning

    repo = Versioning.open()
    with console.progress() as progress:
        files = repo.unprotect(targets, progress=progress)
    console.say(f"{count(files, 'file')} made safe to edit")
