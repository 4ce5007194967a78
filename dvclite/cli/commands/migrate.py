"""`dvclite migrate`."""

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.options import as_json, jobs, remote, switch, targets


@click.command(
    cls=Command,
    examples="""
    dvclite migrate --dry
    dvclite migrate --fetch
    dvclite migrate --to dvc
    dvclite migrate --from lfs images model.bin
    """,
)
@targets
@click.option(
    "--to",
    type=click.Choice(["native", "dvc"]),
    default="native",
    help="The format to change to: dvclite's own, which is the default, or DVC's.",
)
@click.option(
    "--from",
    "source",
    type=click.Choice(["lfs"]),
    help="Take the files that TARGETS name over from Git LFS; the format stays.",
)
@switch("--dry", help="Change nothing; say what would happen.")
@switch("--fetch", help="First fetch what is missing in the cache.")
@switch("--keep-missing", help="Leave outputs as they are of which something is missing.")
@switch("--without-pipelines", help="Go on although DVC will not run its pipelines any more.")
@switch("-f", "--force", help="Go on although DVC has no place for some of what there is.")
@remote
@jobs
@as_json
@click.pass_obj
def migrate(
    console: Console,
    targets: tuple[str, ...],
    *,
    to: str,
    source: str | None,
    dry: bool,
    fetch: bool,
    keep_missing: bool,
    without_pipelines: bool,
    force: bool,
    remote: str | None,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Change a repository of DVC's into one of dvclite's own format, or back; or leave Git LFS.

    The data of the workspace's pointers gets new names, read once from the cache, and the pointers
    say so. Commits stay as they are: what they name is still found in the old cache and on the old
    remote, for which .dvc stays where it is. A run that was interrupted is completed by the next.
    """
    from dvclite.cli.reports.migrated import show, show_lfs
    from dvclite.repo.keeping import Keeping

    if source is None and targets:
        raise click.UsageError("a repository changes its format as a whole: TARGETS need --from")
    if source is not None and not targets:
        raise click.UsageError("say with TARGETS what to take over; `.` is everything")
    repo = Keeping.open()
    with console.progress() as progress:
        if source is not None:
            taken = repo.migrate_lfs(targets, dry=dry, progress=progress)
            show_lfs(console, repo, taken, as_json=as_json)
            return
        from dvclite.repo.migration.order import Order
        from dvclite.repo.versions import Choice

        choice = Choice(remote=remote, jobs=jobs)
        order = Order(to, fetch, keep_missing, without_pipelines, force, dry, choice)
        migrated = repo.migrate(order, progress=progress)
    show(console, repo, migrated, as_json=as_json)
