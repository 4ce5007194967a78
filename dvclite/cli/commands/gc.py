"""`dvclite gc`."""

import os
from pathlib import Path

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.options import as_json, switch, versions


@click.command(
    cls=Command,
    examples="""
    dvclite gc --dry
    dvclite gc --force
    dvclite gc --workspace --all-tags --force
    """,
)
@switch("-w", "--workspace", help="Keep what the pointers in the workspace name, and no more.")
@versions
@switch("--dry", help="Delete nothing; say what would be deleted.")
@switch("-f", "--force", help="Do not ask.")
@switch("--unpushed", help="Delete what other versions need even if it is on no remote.")
@click.option(
    "--forget",
    metavar="DIR",
    type=click.Path(),
    help="First take the repository in DIR, which is gone, off the list of those that share the cache.",
)
@click.option(
    "-p",
    "--projects",
    metavar="DIR",
    multiple=True,
    type=click.Path(),
    help="Keep what the repository in DIR needs too, which shares the cache; may be given several times.",
)
@switch("--now", help="Delete at once and empty the trash, rather than to fill it.")
@as_json
@click.pass_obj
def gc(
    console: Console,
    *,
    workspace: bool,
    all_branches: bool,
    all_tags: bool,
    all_commits: bool,
    dry: bool,
    force: bool,
    unpushed: bool,
    forget: str | None,
    projects: tuple[str, ...],
    now: bool,
    as_json: bool,
) -> None:
    """Delete from the cache what nothing needs.

    Options say which versions to keep beside the workspace's. Without any, all is kept that can be
    reached from any branch, tag, stash or reflog. What goes rests in a trash for some days first.
    A cache outside of a repository of DVC's may be in use by others that nobody lists: -p names them.
    """
    from dataclasses import replace

    from dvclite.cli.reports.collected import ask, show
    from dvclite.repo.keeping import Keeping
    from dvclite.repo.versions import EVERYTHING, Keep, Versions

    repo = Keeping.open()
    if forget is not None:
        repo.forget_project(forget)
    keep = EVERYTHING
    if workspace or all_branches or all_tags or all_commits:
        keep = Keep(everything=False, versions=Versions(all_branches, all_tags, all_commits))
    keep = replace(keep, projects=tuple(Path(os.path.realpath(name)) for name in projects))
    if not dry and not force:
        ask(console, repo.gc(keep, dry=True, force=unpushed, now=now), now=now)
    collected = repo.gc(keep, dry=dry, force=unpushed, now=now)
    show(console, collected, dry=dry, now=now, as_json=as_json)
