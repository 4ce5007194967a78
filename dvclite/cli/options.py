"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Function = TypeVar("_Function", bound=Callable[..., Any])


def remote_names(_context: click.Context, _option: click.Parameter, begun: str) -> list[str]:
    """Return the remotes that a name begun on the command line may become."""
    from dvclite.cli.settings import load_config
    from dvclite.errors import DvcliteError

    try:
        return [name for name in load_config().remote_names() if name.startswith(begun)]
    except DvcliteError:
        return []


targets = click.argument("targets", nargs=-1, type=click.Path())
some_targets = click.argument("targets", nargs=-1, type=click.Path(), required=True)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
remote = click.option(
    "-r",
    "--remote",
    metavar="NAME",
    shell_complete=remote_names,
    help="Use this remote in place of the default.",
)
jobs = click.option(
    "-j",
    "--jobs",
    metavar="N",
    type=click.IntRange(min=1),
    help="Do so many transfers at once.",
)


def _rate(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    from dvclite.config.options import Kind, read_rate

    if value is None:
        return None
    rate = read_rate(value)
    if rate is None:
        raise click.BadParameter(f"{value!r} is not {Kind.RATE.value}")
    return rate


bandwidth = click.option(
    "--bandwidth",
    metavar="RATE",
    callback=_rate,
    help="Exchange so many bytes a second at most: 500KiB, 10MB.",
)


def switch(*names: str, help: str) -> Callable[[_Function], _Function]:  # noqa: A002 - click's word
    """Return an option without a value."""
    return click.option(*names, is_flag=True, help=help)


def versions(function: _Function) -> _Function:
    """Add the options that name versions beside that of the workspace."""
    for option in (
        switch("-A", "--all-commits", help="Every commit that a branch or tag reaches."),
        switch("-T", "--all-tags", help="The commits of all tags."),
        switch("-a", "--all-branches", help="The newest commits of all branches."),
    ):
        function = option(function)
    return function


def levels(function: _Function) -> _Function:
    """Add the options that choose a config file."""
    for flag, text in (
        ("system", "The machine's config."),
        ("global", "The user's config."),
        ("local", "The repository's private config.local, which git ignores."),
        ("project", "The repository's config, which git tracks; the default."),
    ):
        option = click.option(f"--{flag}", "level", flag_value=flag, help=text)
        function = option(function)
    return function
