"""`dvclite cache`."""

import click

from dvclite.cli.command import Family
from dvclite.cli.console import Console
from dvclite.cli.options import as_json, levels, switch, versions
from dvclite.cli.text import printable


@click.group(cls=Family)
def cache() -> None:
    """Say where the cache is, and how large."""


@cache.command(
    "dir",
    examples="""
    dvclite cache dir
    dvclite cache dir --local ../shared-cache
    dvclite cache dir --local --unset
    """,
)
@click.argument("path", required=False, type=click.Path())
@switch("-u", "--unset", help="Go back to the cache in the repository.")
@levels
@click.pass_context
def cache_dir(context: click.Context, path: str | None, unset: bool, level: str | None) -> None:
    """Print the folder of the cache, or use PATH from now on.

    A relative PATH is kept relative to the config file, so that the repository can be moved. What
    is in the old cache stays there.
    """
    from dvclite.cli.settings import chosen, load_config, tell
    from dvclite.config.editing import set_option, unset_option
    from dvclite.config.setting import Level
    from dvclite.repo.anyrepo import AnyRepo

    console: Console = context.obj
    at = chosen(level) or Level.REPOSITORY
    if path is not None and unset:
        raise click.UsageError("give PATH or --unset, not both", context)
    if path is not None:
        tell(console, [set_option(load_config(), at, "cache.dir", path)])
    elif unset:
        tell(console, [unset_option(load_config(), at, "cache.dir")])
    else:
        console.say(printable(str(AnyRepo.open().cache.root)))


@cache.command(
    "size",
    examples="""
    dvclite cache size
    dvclite cache size --all-commits
    dvclite cache size --json
    """,
)
@versions
@as_json
@click.pass_obj
def cache_size(
    console: Console, *, all_branches: bool, all_tags: bool, all_commits: bool, as_json: bool
) -> None:
    """Show how much is in the cache, and what is saved.

    What is saved is told for the files that the pointers in the workspace name; with options, also
    for those of other commits.
    """
    from dvclite.cli.reports.measured import show
    from dvclite.repo.keeping import Keeping
    from dvclite.repo.versions import Versions

    measured = Keeping.open().cache_size(versions=Versions(all_branches, all_tags, all_commits))
    show(console, measured, as_json=as_json)
