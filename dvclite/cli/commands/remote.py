"""`dvclite remote`."""

from contextlib import closing

import click

from dvclite.cli.command import Family
from dvclite.cli.console import Console
from dvclite.cli.options import as_json, levels, remote_names, switch

_name = click.argument("name", shell_complete=remote_names)
_perhaps_name = click.argument("name", required=False, shell_complete=remote_names)


@click.group(cls=Family)
def remote() -> None:
    """Name the places where data is kept: directories, buckets."""


@remote.command(
    examples="""
    dvclite remote add --default store ../store
    dvclite remote add cloud s3://bucket/path
    """
)
@click.argument("name")
@click.argument("url")
@switch("-d", "--default", help="Use it where no remote is named.")
@switch("-f", "--force", help="Replace the remote of that name, with all its options.")
@levels
@click.pass_obj
def add(
    console: Console, name: str, url: str, default: bool, force: bool, level: str | None
) -> None:
    """Give the place at URL a NAME.

    URL is a directory, s3://BUCKET/PATH, gs://BUCKET/PATH, or what another plugin serves. A relative
    path counts from the current folder.
    """
    from dvclite.cli.settings import chosen, load_config, tell
    from dvclite.config.editing import add_remote
    from dvclite.config.setting import Level

    at = chosen(level) or Level.REPOSITORY
    tell(console, [add_remote(load_config(), at, name, url, default=default, replace=force)])


@remote.command(
    "list",
    examples="""
    dvclite remote list
    dvclite remote list --json
    """,
)
@as_json
@click.pass_obj
def list_remotes(console: Console, as_json: bool) -> None:
    """List the remotes with their addresses; a star marks the default."""
    from dvclite.cli.reports.remotes import show
    from dvclite.cli.settings import load_config

    show(console, load_config(), as_json=as_json)


@remote.command(
    examples="""
    dvclite remote modify store jobs 8
    dvclite remote modify --unset store jobs
    """
)
@_name
@click.argument("option")
@click.argument("value", required=False)
@switch("-u", "--unset", help="Take the option away.")
@levels
@click.pass_context
def modify(
    context: click.Context,
    name: str,
    option: str,
    value: str | None,
    unset: bool,
    level: str | None,
) -> None:
    """Set OPTION of the remote NAME to VALUE.

    Secrets are kept in config.local, which git ignores, even where the project's config is meant.
    """
    from dvclite.cli.settings import chosen, load_config, tell
    from dvclite.config.editing import set_option, unset_option
    from dvclite.config.setting import Level

    at = chosen(level) or Level.REPOSITORY
    full_name = f"remote.{name}.{option}"
    if unset == (value is not None):
        raise click.UsageError("give VALUE, or --unset", context)
    if value is None:
        tell(context.obj, [unset_option(load_config(), at, full_name)])
    else:
        tell(context.obj, [set_option(load_config(), at, full_name, value)])


@remote.command(examples="dvclite remote remove cloud")
@_name
@levels
@click.pass_obj
def remove(console: Console, name: str, level: str | None) -> None:
    """Forget the remote NAME. What is kept there stays there."""
    from dvclite.cli.settings import chosen, load_config, tell
    from dvclite.config.editing import remove_remote

    tell(console, remove_remote(load_config(), name, chosen(level)))


@remote.command(examples="dvclite remote rename store archive")
@_name
@click.argument("new")
@levels
@click.pass_obj
def rename(console: Console, name: str, new: str, level: str | None) -> None:
    """Call the remote NAME NEW from now on."""
    from dvclite.cli.settings import chosen, load_config, tell
    from dvclite.config.editing import rename_remote

    tell(console, rename_remote(load_config(), name, new, chosen(level)))


@remote.command(
    examples="""
    dvclite remote default store
    dvclite remote default
    dvclite remote default --unset
    """
)
@_perhaps_name
@switch("-u", "--unset", help="Let there be no default.")
@levels
@click.pass_context
def default(context: click.Context, name: str | None, unset: bool, level: str | None) -> None:
    """Print which remote is used by default, or use NAME from now on."""
    from dvclite.cli.settings import chosen, load_config, tell
    from dvclite.config.editing import set_default_remote, unset_option
    from dvclite.config.setting import Level

    console: Console = context.obj
    at = chosen(level) or Level.REPOSITORY
    if name is not None and unset:
        raise click.UsageError("give NAME or --unset, not both", context)
    if name is not None:
        tell(console, [set_default_remote(load_config(), at, name)])
    elif unset:
        tell(console, [unset_option(load_config(), at, "core.remote")])
    else:
        console.say(load_config().default_remote())


@remote.command(
    examples="""
    dvclite remote test store
    dvclite remote test --json
    """
)
@_perhaps_name
@as_json
@click.pass_context
def test(context: click.Context, /, name: str | None, as_json: bool) -> None:
    """Try out the remote NAME, or the default.

    Lists, writes, reads and deletes keys of its own, to show whether the address and the credentials
    are right and the place does all that is needed, and how quick it is. Exits with 7 if it does
    not work.
    """
    from dvclite.cli.reports.findings import show
    from dvclite.errors import RemoteError
    from dvclite.remote.options import Options
    from dvclite.remotecheck import check_remote
    from dvclite.remotestore.opening import open_remote
    from dvclite.repo.anyrepo import AnyRepo

    repo = AnyRepo.open()
    settings = repo.config.remote(name)
    options = Options(settings.options, tracked=settings.tracked)
    with closing(open_remote(settings.url, options)) as opened:
        works = show(context.obj, check_remote(opened, repo.temporary), as_json=as_json)
    if not works:
        context.exit(RemoteError.exit_code)
