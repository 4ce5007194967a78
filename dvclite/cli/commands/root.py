"""`dvclite root`."""

import os

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.text import printable


@click.command(cls=Command, examples="dvclite root")
@click.pass_obj
def root(console: Console) -> None:
    """Print the path to the top of the repository, relative to the current folder."""
    from dvclite.repo.anyrepo import AnyRepo

    console.say(printable(os.path.relpath(AnyRepo.open().root, os.path.realpath(os.curdir))))
