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
    new = [item.new for item in compared.values() if item.new.names]
    if new:
        blobs = count(sum(len(paths.names) for paths in new), "blob")
        console.warn(f"{blobs}, {size(sum(paths.size for paths in new))}, not on the remote yet")
        console.hint("dvclite push")
