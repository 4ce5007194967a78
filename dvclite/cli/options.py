"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Function = TypeVar("_Function", bound=Callable[..., Any])


def remote_names(_context: click.Context, _option: click.Parameter, begun: str) -> list[str]:
    """Return the remotes that a name begun on the command line may become."""
    from dvclite.errors import DvcliteError
    from dvclite.repo.repo import Repo

    try:
        return [name for name in Repo.open().config.remote_names() if name.startswith(begun)]
    except DvcliteError:
        return []


targets = click.argument("targets", nargs=-1, type=click.Path())
some_targets = click.argument("targets", nargs=-1, type=click.Path(), required=True)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
remote = click.option(
    "-r",
    "--remote",
    metavar="NAME",
    help="Use this remote in place of the default.",
    shell_complete=remote_names,
)


def switch(*names: str, help: str) -> Callable[[_Function], _Function]:  # noqa: A002 - click's word
    """Return an option without a value."""
    return click.option(*names, is_flag=True, help=help)


def scopes(function: _Function) -> _Function:
    """Add the options that say which commits count."""
    for option in (
        switch("-A", "--all-commits", help="Whatever commits: all that are reachable."),
        switch("-T", "--all-tags", help="The commits that tags name."),
        switch("-a", "--all-branches", help="The tips of all branches."),
    ):
        function = option(function)
    return function
