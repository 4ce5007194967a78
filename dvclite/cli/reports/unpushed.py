"""Data that is not pushed, while commits that need it are."""

from dvclite.cli.console import Console
from dvclite.cli.text import count, size
from dvclite.errors import DvcliteError, NoRemoteError
from dvclite.repo.repo import Repo
from dvclite.repo.versions import Versions


def warn(console: Console, repo: Repo, commits: tuple[str, ...]) -> None:
    """Warn of data that commits need and that no remote has; never stop git.

    Args:
        console: Where.
        repo: The repository.
        commits: What git is about to push.
    """
    try:
        with console.progress() as progress:
            compared = repo.cloud_status(versions=Versions(revisions=commits), progress=progress)
    except NoRemoteError:
        return
    except DvcliteError as error:
        console.warn(f"whether the data is pushed cannot be told: {error}")
        return
    blobs = sum(len(item.new) for item in compared)
    if blobs:
        extent = f"{count(blobs, 'blob')}, {size(sum(item.new_size for item in compared))}"
        console.warn(f"git pushes commits whose data is not on the remote yet: {extent}")
        console.hint("dvclite push")
