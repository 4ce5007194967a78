"""The repository as a whole, or git around it, is not usable."""

from dvclite.errors.ground import DvcliteError, shown


class RepoError(DvcliteError):
    """The repository as a whole is not usable."""


class NotARepoError(RepoError):
    """No folder from here upwards is a repository."""

    exit_code = 3

    def __init__(self, path: str) -> None:
        super().__init__(
            f"not inside a dvclite repository: {shown(path)}",
            hint="run `dvclite init` at the top of your git repository to make one",
        )
        self.path = path


class RepoExistsError(RepoError):
    """There is a repository already."""

    def __init__(self, path: str) -> None:
        super().__init__(f"already a dvclite repository: {shown(path)}")
        self.path = path


class LockTimeoutError(RepoError):
    """Another process held a lock for too long."""

    exit_code = 4

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__(
            f"another dvclite process has been changing this workspace for {seconds:.0f} s: {shown(path)}",
            hint="wait for it to end, then run this command again",
        )
        self.path = path


class MigrationError(RepoError):
    """Something speaks against a change of the repository's format."""


class GitError(DvcliteError):
    """git is missing, refused, or does not hold what was asked for."""


class UnknownRevisionError(GitError):
    """A revision that git does not resolve to a commit."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"git knows no revision {revision!r}", hint="`git log --all --oneline` lists them"
        )
        self.revision = revision
