"""`dvclite status`."""

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.options import as_json, jobs, remote, switch, targets, versions


@click.command(
    cls=Command,
    examples="""
    dvclite status
    dvclite status images -n 100
    dvclite status --json
    dvclite status --cloud
    """,
)
@targets
@click.option(
    "-n",
    "--names",
    "limit",
    metavar="N",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="Show so many names of each output; all of them with -v.",
)
@switch("-c", "--cloud", help="Compare the cache with a remote instead.")
@remote
@jobs
@versions
@as_json
@click.pass_context
def status(
    context: click.Context,
    /,
    targets: tuple[str, ...],
    limit: int,
    cloud: bool,
    remote: str | None,
    jobs: int | None,
    as_json: bool,
    **commits: bool,
) -> None:
    """Show how the workspace differs from what the pointers say: everywhere, or in TARGETS.

    For each output that has changed: files added, modified and deleted, and how much of it is not
    in the cache. Changes nothing, anywhere. With -q it only exits, with 1 if there are changes.
    A pointer that cannot be read does not hide the rest, and makes it exit with 1, too.
    With -c or -r: what is to be pushed and fetched, of other commits too where options name them.
    """
    console: Console = context.obj
    names = None if console.verbose else limit
    if cloud or remote is not None:
        from dvclite.cli.reports import cloud as of_cloud
        from dvclite.repo.exchanging import Exchanging

        asked = of_cloud.Asked(targets, remote, jobs, **commits)
        clean = of_cloud.show(console, Exchanging.open(), asked, names, as_json=as_json)
    elif jobs is not None or any(commits.values()):
        raise click.UsageError("-j, -a, -T and -A need --cloud", context)
    else:
        from dvclite.cli.reports import state as of_workspace
        from dvclite.repo.tracking import Tracking

        found = of_workspace.show(console, Tracking.open(), targets, names, as_json=as_json)
        clean = all(item.is_clean for item in found)
        if any(item.reason for item in found):
            context.exit(1)
    if console.quiet and not clean:
        context.exit(1)
