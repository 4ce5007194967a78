"""Versions of the data, in the workspace and beside it."""

from collections.abc import Iterable, Sequence

from dvclite.progress import SILENT, Progress
from dvclite.repo.anyrepo import AnyPath, AnyRepo
from dvclite.repo.results.versioning import Diff
from dvclite.workspace.restore import Restored


class Versioning(AnyRepo):
    """What a user may intend with other versions than that in the workspace."""

    def diff(
        self,
        before: str = "HEAD",
        after: str | None = None,
        *,
        targets: Iterable[AnyPath] = (),
        progress: Progress = SILENT,
    ) -> Diff:
        """Compare the data of two versions, file by file.

        Args:
            before: The revision of the first version.
            after: The revision of the second one; the workspace where it is None.
            targets: What to look at; everything where it is empty.
            progress: Is told of outputs.

        Raises:
            UnknownRevisionError: git does not know a revision.
            FileAccessError: A file of the workspace cannot be read.
        """
        from dvclite.repo.diff import diff

        return diff(self._project, progress, before, after, self._relative(targets))

    def checkout(
        self,
        targets: Iterable[AnyPath] = (),
        *,
        rev: str | None = None,
        force: bool = False,
        relink: bool = False,
        progress: Progress = SILENT,
    ) -> Restored:
        """Make the workspace hold what pointers say.

        Without targets, outputs that no pointer names any more leave the workspace, if the cache
        holds them.

        Args:
            targets: What to restore; everything where it is empty.
            rev: Whose pointers to follow, instead of those in the workspace.
            force: Whether to overwrite and remove what is in no cache.
            relink: Whether to make all files the kind of link that the cache is set up for.
            progress: Is told of files and bytes.

        Raises:
            UnsavedChangesError: Files that are in no cache stand in the way; nothing was touched.
            IncompleteError: Not everything is in the cache; the rest was restored.
            NotAnOutputError: A target is not tracked.
        """
        from dvclite.repo.checkout import checkout

        with self._project.exclusive():
            return checkout(
                self._project,
                self._relative(targets),
                progress,
                revision=rev,
                force=force,
                link=relink,
            )

    def unprotect(self, targets: Iterable[AnyPath], *, progress: Progress = SILENT) -> int:
        """Replace links to the cache by copies that may be edited; return how many there were.

        Args:
            targets: Outputs, or folders with outputs below them.
            progress: Is told of files.

        Raises:
            NotAnOutputError: A target is not tracked.
        """
        from dvclite.repo.checkout import unprotect

        with self._project.exclusive():
            return unprotect(self._project, self._relative(targets), progress)

    def follows_checkout(self, arguments: Sequence[str]) -> bool:
        """Say whether data is to follow a call of git's `post-checkout` hook.

        Args:
            arguments: What git gave the hook.
        """
        from dvclite.repo.hooks import follows_checkout

        return follows_checkout(self._project, arguments)
