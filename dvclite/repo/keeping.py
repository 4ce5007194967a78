"""What keeps a repository in order: collecting, checking, measuring, changing its format."""

import os
from collections.abc import Iterable
from pathlib import Path

from dvclite.maintenance.collected import Collected
from dvclite.progress import SILENT, Progress
from dvclite.repo.anyrepo import AnyPath, AnyRepo
from dvclite.repo.migration.order import TO_NATIVE, Order
from dvclite.repo.migration.results import FromLfs, Migrated
from dvclite.repo.results.keeping import Checked, Finding, Installed, Size
from dvclite.repo.versions import EVERYTHING, WORKSPACE, Keep, Versions


class Keeping(AnyRepo):
    """What a user may intend with a repository as a whole."""

    def gc(
        self,
        keep: Keep = EVERYTHING,
        *,
        dry: bool = False,
        force: bool = False,
        now: bool = False,
    ) -> Collected:
        """Remove from the cache what nobody needs. It goes to a trash first.

        Args:
            keep: What stays; all that git could still bring back, unless told otherwise.
            dry: Whether only to tell.
            force: Whether to remove what other versions need, though no remote has it.
            now: Whether to delete at once, and to empty the trash.

        Raises:
            CollectError: It cannot be known what is still needed; nothing was removed.
        """
        from dvclite.repo.former import gc_all

        with self._exclusive(unless=dry):
            return gc_all(self._project, keep, dry=dry, force=force, now=now)

    def fsck(
        self,
        *,
        remote: str | None = None,
        versions: Versions = WORKSPACE,
        data: bool = False,
        repair: bool = False,
        progress: Progress = SILENT,
    ) -> Checked:
        """Check that all that is stored is whole, and that all that is needed is there.

        Args:
            remote: Which remote to look at, the default one where it is empty; None for the cache.
            versions: Whose data has to be there, beside the workspace's.
            data: Whether to read every byte; otherwise what tells what is stored.
            repair: Whether to mend: what is whole is kept, what is damaged is set aside, and what
                is missing then is fetched, or pushed from the cache to the remote. Nothing is
                changed otherwise.
            progress: Is told of blobs and bytes.

        Raises:
            PointerError, GitError: It cannot be known what is needed.
            NoRemoteError, RemoteError: The remote is not known, or did not answer.
            TransferError: Something that the cache has did not arrive on the remote.
            FileAccessError: The cache cannot be written to.
        """
        from dvclite.repo.former import fsck_all, fsck_remote_all
        from dvclite.repo.fsck import Scope

        scope = Scope(versions, data, repair)
        if remote is None:
            return fsck_all(self._project, scope, progress)
        return fsck_remote_all(self._project, remote, scope, progress)

    def cache_size(self, *, versions: Versions = WORKSPACE) -> Size:
        """Tell how much there is in the cache, and what that stands for.

        Args:
            versions: Whose files to count, beside the workspace's.

        Raises:
            PointerError, GitError: It cannot be known what versions need.
        """
        from dvclite.repo.former import size_all

        return size_all(self._project, versions)

    def migrate(self, order: Order = TO_NATIVE, *, progress: Progress = SILENT) -> Migrated:
        """Change the format of the repository, in place, or finish what was begun.

        What is committed stays as it is, and readable. Open the repository anew afterwards.

        Args:
            order: Which format, and what to do about what speaks against it.
            progress: Is told of files and bytes.

        Raises:
            MigrationError, BlobMissingError: Something speaks against it; nothing was changed.
            BlobCorruptError: A blob is damaged, and was set aside; the same call goes on.
        """
        from dvclite.repo.migration.migrate import migrate

        return migrate(self._project, order, progress)

    def migrate_lfs(
        self, targets: Iterable[AnyPath], *, dry: bool = False, progress: Progress = SILENT
    ) -> FromLfs:
        """Take files over from Git LFS: pointers name them, and git gives them up.

        Args:
            targets: Files and folders.
            dry: Whether only to tell.
            progress: Is told of files and bytes.

        Raises:
            UnsupportedFileError: Git LFS has nothing at a target.
            BlobMissingError, BlobCorruptError: Content is not in the local store of Git LFS, or is
                damaged there; nothing was taken over.
        """
        from dvclite.repo.migration.lfs import migrate_lfs

        with self._exclusive(unless=dry):
            return migrate_lfs(self._project, self._relative(targets), progress, dry=dry)

    def install(self, *, force: bool = False) -> Installed:
        """Let git call dvclite after a checkout, merge or rebase, and before a push.

        Args:
            force: Whether to add our lines to hooks that others wrote.

        Raises:
            PathTakenError: Others wrote a hook already; nothing was changed.
        """
        from dvclite.repo.hooks import install

        return install(self._project, force=force)

    def doctor(self) -> list[Finding]:
        """Find out whether everything works here."""
        from dvclite.repo.doctor import doctor

        return list(doctor(self._project))

    def forget_project(self, root: AnyPath) -> None:
        """No longer keep what a repository needs that shared this cache, and is gone."""
        from dvclite.cache.projects import forget

        forget(self.cache.root, Path(os.path.abspath(root)))
