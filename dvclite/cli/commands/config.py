"""`dvclite config`."""

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.options import as_json, levels, switch


@click.command(
    cls=Command,
    examples="""
    dvclite config core.autostage true
    dvclite config core.autostage
    dvclite config --global cache.type reflink,copy
    dvclite config --unset core.autostage
    dvclite config --list --show-origin
    """,
)
@click.argument("name", required=False)
@click.argument("value", required=False)
@switch("-u", "--unset", help="Take the setting NAME away.")
@switch("-l", "--list", "listed", help="Show everything that is set.")
@switch("--show-origin", help="Show where each setting stands.")
@levels
@as_json
@click.pass_context
def config(
    context: click.Context,
    name: str | None,
    value: str | None,
    unset: bool,
    listed: bool,
    show_origin: bool,
    level: str | None,
    as_json: bool,
) -> None:
    """Get the setting NAME, or set it to VALUE.

    What is set in the environment counts more than the local config, that more than the project's,
    the user's and the machine's. Secrets are not shown, nor written where git would see them.
    """
    from dvclite.cli.reports.settings import show
    from dvclite.cli.settings import chosen, load_config, tell
    from dvclite.config.editing import set_option, unset_option
    from dvclite.config.setting import Level

    console: Console = context.obj
    settings, at = load_config(), chosen(level)
    if name is not None and value is not None and not (unset or listed):
        tell(console, [set_option(settings, at or Level.REPOSITORY, name, value)])
    elif name is not None and value is None and unset and not listed:
        tell(console, [unset_option(settings, at or Level.REPOSITORY, name)])
    elif value is None and not unset and listed == (name is None):
        show(console, settings, name, at, origin=show_origin, as_json=as_json)
    else:
        raise click.UsageError("give NAME, NAME and VALUE, --unset NAME, or --list", context)
