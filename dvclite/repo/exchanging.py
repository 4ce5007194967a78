"""What is exchanged with remotes, and with where imports come from."""

from collections.abc import Iterable

from dvclite.progress import SILENT, Progress
from dvclite.repo.anyrepo import AnyPath, AnyRepo
from dvclite.repo.results.exchanging import CloudReport, Exchanged, Updated
from dvclite.repo.versions import WORKSPACE, Choice, Versions


class Exchanging(AnyRepo):
    """What a user may intend with data that is elsewhere, or shall be."""

    def push(
        self,
        targets: Iterable[AnyPath] = (),
        *,
        remote: str | None = None,
        jobs: int | None = None,
        bandwidth: int | None = None,
        versions: Versions = WORKSPACE,
        glob: bool = False,
        dry: bool = False,
        progress: Progress = SILENT,
    ) -> Exchanged:
        """Bring to a remote what it lacks.

        Args:
            targets: Outputs, parts of directories, folders; everything where it is empty.
            remote: Its name; None for the one each output asks for, or the default.
            jobs: How many transfers to run at once.
            bandwidth: Bytes a second that may move, 0 for no bound; None for what is configured.
            versions: Versions to take along beside that of the workspace.
            glob: Whether targets are patterns over the paths of outputs.
            dry: Whether only to tell what would be pushed.
            progress: Is told of files and bytes.

        Raises:
            BlobMissingError: Something is neither in the cache nor on the remote; the rest was
                pushed.
            TransferError: Something else did not arrive; the rest did.
            NoRemoteError, RemoteError, NotAnOutputError: Nothing could be done.
        """
        from dvclite.repo.exchange import push_outputs

        choice = self._choice(targets, remote, jobs, versions, glob=glob, bandwidth=bandwidth)
        return push_outputs(self._project, choice, progress, dry=dry)

    def fetch(
        self,
        targets: Iterable[AnyPath] = (),
        *,
        remote: str | None = None,
        jobs: int | None = None,
        bandwidth: int | None = None,
        versions: Versions = WORKSPACE,
        glob: bool = False,
        dry: bool = False,
        progress: Progress = SILENT,
    ) -> Exchanged:
        """Bring into the cache what it lacks; arguments as those of `push`.

        What the first remote does not have is looked for on the others, unless one is named.

        Raises:
            BlobMissingError: Something is on no remote; the rest was fetched.
            TransferError: Something else did not arrive; the rest did.
            NoRemoteError, RemoteError, NotAnOutputError: Nothing could be done.
        """
        from dvclite.repo.exchange import fetch_outputs

        choice = self._choice(targets, remote, jobs, versions, glob=glob, bandwidth=bandwidth)
        with self._exclusive(unless=dry), self._project.cache.lease() as lease:
            return fetch_outputs(self._project, choice, lease, progress, dry=dry)

    def pull(  # noqa: PLR0913 - as many as the command has options
        self,
        targets: Iterable[AnyPath] = (),
        *,
        remote: str | None = None,
        jobs: int | None = None,
        bandwidth: int | None = None,
        versions: Versions = WORKSPACE,
        glob: bool = False,
        force: bool = False,
        dry: bool = False,
        progress: Progress = SILENT,
    ) -> Exchanged:
        """Fetch what the workspace needs, and check it out; arguments as those of `push`.

        Args:
            targets: As `push`.
            remote: As `push`.
            jobs: As `push`.
            bandwidth: As `push`.
            versions: Whose data to fetch beside the workspace's, which alone is checked out.
            glob: As `push`.
            force: Whether to overwrite and remove what is in no cache.
            dry: Whether only to tell what would be fetched.
            progress: Is told of files and bytes.

        Raises:
            UnsavedChangesError: Files that are in no cache stand in the way.
            BlobMissingError, TransferError, IncompleteError: Not everything is to be had; the
                rest was restored.
            NoRemoteError, RemoteError, NotAnOutputError: Nothing could be done.
        """
        from dvclite.repo.exchange import pull

        if dry:
            return self.fetch(
                targets, remote=remote, jobs=jobs, versions=versions, glob=glob, dry=True
            )
        choice = self._choice(targets, remote, jobs, versions, glob=glob, bandwidth=bandwidth)
        with self._project.exclusive():
            return pull(self._project, choice, progress, force=force)

    def update(
        self,
        targets: Iterable[AnyPath] = (),
        *,
        rev: str | None = None,
        download: bool = True,
        force: bool = False,
        jobs: int | None = None,
        progress: Progress = SILENT,
    ) -> Updated:
        """Bring imported data up to date with where it comes from, and check it out.

        Args:
            targets: Imports, or their pointers; all of them where it is empty.
            rev: The revision of the other repository to follow from now on.
            download: Whether to bring the data, and not only to note which version is meant.
            force: Whether to overwrite what is in no cache.
            jobs: How many transfers to run at once.
            progress: Is told of files and bytes.

        Raises:
            OriginError: It is not to be had; imports before it were updated.
            NotAnOutputError: A target is not an import.
            UnsavedChangesError: Files that are in no cache stand in the way.
        """
        from dvclite.repo.imported import Wish, update

        wish = Wish(rev, download, force, jobs)
        with self._project.exclusive():
            return update(self._project, self._relative(targets), wish, progress)

    def cloud_status(
        self,
        targets: Iterable[AnyPath] = (),
        *,
        remote: str | None = None,
        jobs: int | None = None,
        versions: Versions = WORKSPACE,
        progress: Progress = SILENT,
    ) -> CloudReport:
        """Tell what the cache and the remotes lack of outputs, and how much the remotes hold.

        Arguments as those of `push`.

        Raises:
            BlobMissingError, TransferError: Something could not be compared.
            NoRemoteError, RemoteError, NotAnOutputError: Nothing could be done.
        """
        from dvclite.repo.exchange import cloud_status

        choice = self._choice(targets, remote, jobs, versions, glob=False)
        return cloud_status(self._project, choice, progress)

    def _choice(
        self,
        targets: Iterable[AnyPath],
        remote: str | None,
        jobs: int | None,
        versions: Versions,
        *,
        glob: bool,
        bandwidth: int | None = None,
    ) -> Choice:
        return Choice(tuple(self._relative(targets)), versions, remote, jobs, glob, bandwidth)
