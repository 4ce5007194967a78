"""`dvclite hook`: what git hooks call, with the arguments and the input that git gives them."""

import sys

import click

from dvclite.cli.command import Family
from dvclite.cli.console import Console

_arguments = click.argument("arguments", nargs=-1)


@click.group(cls=Family)
def hook() -> None:
    """What git hooks call; not meant to be typed."""


@hook.command("post-checkout", examples="dvclite hook post-checkout v1 v2 1")
@_arguments
@click.pass_obj
def post_checkout(console: Console, arguments: tuple[str, ...]) -> None:
    """Check out data after git has checked out a commit."""
    from dvclite.cli.reports.restored import follow
    from dvclite.repo.repo import Repo

    repo = Repo.open()
    if repo.follows_checkout(arguments):
        follow(console, repo)


@hook.command("post-merge", examples="dvclite hook post-merge 0")
@_arguments
@click.pass_obj
def post_merge(console: Console, arguments: tuple[str, ...]) -> None:  # noqa: ARG001 - git gives some
    """Check out data after git has merged."""
    from dvclite.cli.reports.restored import follow
    from dvclite.repo.repo import Repo

    follow(console, Repo.open())


@hook.command("pre-push", examples="dvclite hook pre-push origin https://example.com < /dev/null")
@_arguments
@click.pass_obj
def pre_push(console: Console, arguments: tuple[str, ...]) -> None:  # noqa: ARG001 - git gives some
    """Warn of data that is not pushed before git pushes commits that need it."""
    from dvclite.cli.reports.unpushed import warn
    from dvclite.repo.repo import Repo

    pushed = [line.split()[1] for line in sys.stdin if len(line.split()) == 4]
    commits = tuple(commit for commit in pushed if commit.strip("0"))
    if commits:
        warn(console, Repo.open(), commits)
