"""`dvclite fsck`."""

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.options import as_json, remote_names, switch, versions


@click.command(
    cls=Command,
    examples="""
    dvclite fsck
    dvclite fsck --data --repair
    dvclite fsck --remote store --repair
    dvclite fsck --all-commits --json
    """,
)
@switch("--data", help="Read every byte, rather than what tells what is stored.")
@switch(
    "--repair", help="Keep what is whole, set aside what is not, and bring the rest from elsewhere."
)
@click.option(
    "-r",
    "--remote",
    metavar="[NAME]",
    is_flag=False,
    flag_value="",
    shell_complete=remote_names,
    help="Check a remote in place of the cache: this one, or the default.",
)
@versions
@as_json
@click.pass_context
def fsck(
    context: click.Context,
    /,
    *,
    remote: str | None,
    data: bool,
    repair: bool,
    as_json: bool,
    all_branches: bool,
    all_tags: bool,
    all_commits: bool,
) -> None:
    """Check that all that is stored is whole, and that all that the pointers name is there.

    Changes nothing, unless told to repair. Options let the data of other commits be looked for, too.
    Exits with 1 if something is damaged or missing and could not be repaired.
    """
    from dvclite.cli.reports.checked import show
    from dvclite.repo.keeping import Keeping
    from dvclite.repo.versions import Versions

    console: Console = context.obj
    repo = Keeping.open()
    with console.progress() as progress:
        found = Versions(all_branches, all_tags, all_commits)
        checked = repo.fsck(
            remote=remote, versions=found, data=data, repair=repair, progress=progress
        )
    show(console, repo, checked, as_json=as_json, repair=repair)
    if not checked.ok:
        context.exit(1)
