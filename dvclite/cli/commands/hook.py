"""`dvclite hook`: what git hooks call, with the arguments and the input that git gives them."""

import sys
from collections.abc import Iterable

import click

from dvclite.cli.command import Family
from dvclite.cli.console import Console
from dvclite.cli.reports.restored import follow
from dvclite.repo.versioning import Versioning

_arguments = click.argument("arguments", nargs=-1)


@click.group(cls=Family)
def hook() -> None:
    """What git hooks call; not meant to be typed."""


@hook.command("post-checkout", examples="dvclite hook post-checkout v1 v2 1")
@_arguments
@click.pass_obj
def post_checkout(console: Console, arguments: tuple[str, ...]) -> None:
    """Check out data after git has checked out a commit."""
    _follow(console, [repo for repo in Versioning.open_all() if repo.follows_checkout(arguments)])


@hook.command("post-merge", examples="dvclite hook post-merge 0")
@_arguments
@click.pass_obj
def post_merge(console: Console, arguments: tuple[str, ...]) -> None:  # noqa: ARG001 - git gives some
    """Check out data after git has merged."""
    _follow(console, Versioning.open_all())


@hook.command("post-rewrite", examples="dvclite hook post-rewrite rebase < /dev/null")
@_arguments
@click.pass_obj
def post_rewrite(console: Console, arguments: tuple[str, ...]) -> None:
    """Check out data after git has rebased; amending a commit leaves it as it is."""
    if arguments[:1] == ("rebase",):
        _follow(console, Versioning.open_all())


@hook.command("pre-push", examples="dvclite hook pre-push origin https://example.com < /dev/null")
@_arguments
@click.pass_obj
def pre_push(console: Console, arguments: tuple[str, ...]) -> None:  # noqa: ARG001 - git gives some
    """Warn of data that is not pushed before git pushes commits that need it."""
    from dvclite.cli.reports.unpushed import warn

    commits = commits_to_push(sys.stdin)
    if commits:
        warn(console, commits)


def _follow(console: Console, repos: Iterable[Versioning]) -> None:
    if not follow(console, repos):
        click.get_current_context().exit(1)


def commits_to_push(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the commits that git is about to push, by what it tells its `pre-push` hook.

    Args:
        lines: Local ref, local commit, remote ref, remote commit; a branch that is deleted on the
            other side has a local commit of zeros.
    """
    told = [words for line in lines if len(words := line.split()) == 4]
    return tuple(commit for _, commit, _, _ in told if commit.strip("0"))
