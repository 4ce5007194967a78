"""`dvclite push`, `dvclite fetch` and `dvclite pull`."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.options import as_json, bandwidth, jobs, remote, switch, targets, versions


def _options(function: Callable[..., None]) -> Callable[..., None]:
    """Add what the three have in common; hand over what to exchange in one piece."""

    @wraps(function)
    def with_choice(console: Console, dry: bool, as_json: bool, **words: Any) -> None:
        from dvclite.repo.versions import Versions

        words["versions"] = Versions(
            all_branches=words.pop("all_branches"),
            all_tags=words.pop("all_tags"),
            all_commits=words.pop("all_commits"),
            revisions=words.pop("rev"),
        )
        force = {"force": words.pop("force")} if "force" in words else {}
        function(console, words, dry=dry, as_json=as_json, **force)

    wrapped: Callable[..., None] = click.pass_obj(with_choice)
    for option in (
        as_json,
        switch("--dry", help="Move nothing; say what would move."),
        switch("--glob", help="Take TARGETS as the shell's patterns, over outputs."),
        click.option(
            "--rev",
            metavar="REV",
            multiple=True,
            help="This commit too; may be given several times.",
        ),
        versions,
        bandwidth,
        jobs,
        remote,
        targets,
    ):
        wrapped = option(wrapped)
    return wrapped


@click.command(
    cls=Command,
    examples="""
    dvclite push
    dvclite push images/cat.jpg -r store
    dvclite push --all-tags --dry
    dvclite push -v --bandwidth 10MB
    """,
)
@_options
def push(console: Console, choice: dict[str, Any], dry: bool, as_json: bool) -> None:
    """Send data from the cache to a remote: all that the pointers name, or what TARGETS name.

    Only what the remote lacks is sent, and verified before it leaves. Options let the data of other
    commits go along.
    """
    from dvclite.cli.reports.exchanged import show
    from dvclite.repo.exchanging import Exchanging

    repo = Exchanging.open()
    with console.progress() as progress:
        pushed = repo.push(**choice, dry=dry, progress=progress)
    show(console, repo, pushed, "pushed", as_json=as_json)


@click.command(
    cls=Command,
    examples="""
    dvclite fetch
    dvclite fetch --rev v1 images
    dvclite fetch --all-branches --jobs 8
    """,
)
@_options
def fetch(console: Console, choice: dict[str, Any], dry: bool, as_json: bool) -> None:
    """Fetch data from a remote into the cache: all that the pointers name, or what TARGETS name.

    Only what the cache lacks is fetched, and verified when it arrives. The workspace stays as it
    is. Options let the data of other commits come along.
    """
    from dvclite.cli.reports.exchanged import show
    from dvclite.repo.exchanging import Exchanging

    repo = Exchanging.open()
    with console.progress() as progress:
        fetched = repo.fetch(**choice, dry=dry, progress=progress)
    show(console, repo, fetched, "fetched", as_json=as_json)


@click.command(
    cls=Command,
    examples="""
    dvclite pull
    dvclite pull images/cat.jpg
    dvclite pull --force -r store
    """,
)
@_options
@switch("-f", "--force", help="Overwrite and delete data that is in no cache.")
def pull(console: Console, choice: dict[str, Any], dry: bool, as_json: bool, force: bool) -> None:
    """Fetch data from a remote and check it out: all that the pointers name, or what TARGETS name.

    That is `dvclite fetch` and then `dvclite checkout`.
    """
    from dvclite.cli.reports.exchanged import show
    from dvclite.cli.reports.restored import shown_on_failure
    from dvclite.repo.exchanging import Exchanging

    repo = Exchanging.open()
    with shown_on_failure(console, repo, as_json=as_json), console.progress() as progress:
        pulled = repo.pull(**choice, force=force, dry=dry, progress=progress)
    show(console, repo, pulled, "fetched", as_json=as_json)
