"""Data that is not pushed, while commits that need it are."""

from dvclite.cli.console import Console
from dvclite.cli.text import count, size
from dvclite.errors import DvcliteError, NoRemoteError
from dvclite.repo.exchanging import Exchanging
from dvclite.repo.results.exchanging import CloudStatus
from dvclite.repo.versions import Versions


def warn(console: Console, commits: tuple[str, ...]) -> None:
    """Warn of data that commits need and that no remote has; never stop git.

    Args:
        console: Where.
        commits: What git is about to push.
    """
    try:
        compared = [
            item for repo in Exchanging.open_all() for item in _lacking(console, repo, commits)
        ]
    except DvcliteError as error:
        console.warn(f"whether the data is pushed cannot be told: {error}")
        return
    blobs = sum(len(item.new) for item in compared)
    if blobs:
        extent = f"{count(blobs, 'blob')}, {size(sum(item.new_size for item in compared))}"
        console.warn(f"git pushes commits whose data is not on the remote yet: {extent}")
        console.hint("dvclite push")


def _lacking(
    console: Console, repo: Exchanging, commits: tuple[str, ...]
) -> tuple[CloudStatus, ...]:
    """Compare the data of commits with the remote; with nothing where there is none."""
    try:
        with console.progress() as progress:
            report = repo.cloud_status(versions=Versions(revisions=commits), progress=progress)
    except NoRemoteError:
        return ()
    return report.outputs
