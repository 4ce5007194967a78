"""A repository as users and scripts see it: what they may intend, and where that is done.

Long, because it is a page of documentation. What a method does stands in a module of its own,
which loads when the method is called.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from dvclite.cache.cache import Cache
from dvclite.config.settings import Config
from dvclite.ignore.rules import Match
from dvclite.maintenance.collected import Collected
from dvclite.progress import SILENT, Progress
from dvclite.repo.migration.order import TO_NATIVE, Order
from dvclite.repo.migration.results import FromLfs, Migrated
from dvclite.repo.project import Project
from dvclite.repo.results import (
    Added,
    Checked,
    CloudReport,
    Diff,
    Exchanged,
    Finding,
    Installed,
    MovedOutput,
    Removed,
    Size,
    Updated,
)
from dvclite.repo.versions import EVERYTHING, WORKSPACE, Choice, Keep, Versions
from dvclite.workspace.restore import Restored
from dvclite.workspace.status import OutputStatus

AnyPath = str | os.PathLike[str]


class Repo:
    """A repository.

    Paths that are passed in may be absolute or relative to the current folder; paths that come
    back are relative to the repository's root, with `/` between their parts. A method that may
    take long tells a progress how far it is. Every error that is raised on purpose is a
    `dvclite.errors.DvcliteError`.
    """

    def __init__(self, project: Project) -> None:
        """Use `Repo.open` or `Repo.init` instead."""
        self._project = project

    @classmethod
    def open(cls, path: AnyPath = ".", *, environ: Mapping[str, str] | None = None) -> "Repo":
        """Open the repository that a path is in.

        Args:
            path: A file or folder in it, or its root.
            environ: Variables to use in place of the process's.

        Raises:
            NotARepoError: It is in none.
        """
        return cls(Project.open(path, os.environ if environ is None else environ))

    @classmethod
    def open_all(
        cls, path: AnyPath = ".", *, environ: Mapping[str, str] | None = None
    ) -> "list[Repo]":
        """Open all repositories in the git work tree that a path is in, if there are any.

        Args:
            path: A folder in it.
            environ: Variables to use in place of the process's.

        Raises:
            GitError, ConfigError: git refused, or a config file cannot be read.
        """
        from dvclite.repo.hooks import roots_around

        environ = os.environ if environ is None else environ
        return [cls(Project.open(root, environ)) for root in roots_around(path, environ)]

    @classmethod
    def init(
        cls,
        path: AnyPath = ".",
        *,
        format: str = "native",
        hash: str = "",
        subdir: bool = False,
        scm: bool = True,
        environ: Mapping[str, str] | None = None,
    ) -> "Repo":
        """Make a repository at the top of a git work tree.

        Args:
            path: Its root.
            format: `native`, or `dvc` for one that DVC works in, too, where oids are made with MD5.
            hash: The algorithm that oids are made with in a native one: `blake3`, unless told
                otherwise, or `xxh128` where everyone who can write to the data's places is trusted.
            subdir: Whether the root may be below the top of the git work tree.
            scm: Whether to keep pointers in git at all.
            environ: Variables to use in place of the process's.

        Raises:
            RepoExistsError, RepoError, GitError: That is not possible there.
        """
        from dvclite.repo.init import init

        environ = os.environ if environ is None else environ
        return cls(init(path, environ, format=format, hash=hash, subdir=subdir, scm=scm))

    @property
    def root(self) -> Path:
        """The repository's root."""
        return self._project.root

    @property
    def temporary(self) -> Path:
        """Where files are on their way, and what can be made again is kept."""
        return self._project.temporary

    @property
    def config(self) -> Config:
        """All settings that apply."""
        return self._project.config

    @property
    def cache(self) -> Cache:
        """The store of blobs on the local disk."""
        return self._project.cache

    def display(self, path: str) -> str:
        """Return a path that a method returned as it is called from the current folder."""
        return self._project.display(path)

    def add(
        self,
        targets: Iterable[AnyPath],
        *,
        glob: bool = False,
        desc: str | None = None,
        force: bool = False,
        relink: bool = True,
        progress: Progress = SILENT,
    ) -> Added:
        """Begin to track files and directories, or bring what is tracked up to date.

        A path inside a tracked directory updates only that part of it, whether or not the rest
        is in the workspace.

        Args:
            targets: The files and directories.
            glob: Whether targets are patterns, with `**` for any depth.
            desc: What the pointers shall say about the data.
            force: Whether to replace pointers that cannot be read, and to read every file again.
            relink: Whether to replace the files by links where the cache is set up for links.
            progress: Is told of files and bytes.

        Raises:
            NothingThereError, TrackedByGitError, OverlapError, UnsupportedFileError: A target
                cannot be added; nothing has been changed then.
            FileChangedError, FileAccessError: A file could not be read.
        """
        from dvclite.repo.add import add
        from dvclite.repo.globs import expanded

        paths = [self._project.relative(path) for path in expanded(targets, glob=glob)]
        with self._project.exclusive():
            return add(self._project, paths, progress, desc=desc, force=force, link=relink)

    def commit(self, targets: Iterable[AnyPath] = (), *, progress: Progress = SILENT) -> Added:
        """Bring what is tracked up to date with the workspace.

        Args:
            targets: What to bring up to date; everything where it is empty.
            progress: Is told of files and bytes.

        Raises:
            NotAnOutputError: A target is not tracked.
            UnsupportedFileError, FileChangedError, FileAccessError: Something cannot be added.
        """
        from dvclite.repo.add import commit

        with self._project.exclusive():
            return commit(self._project, self._relative(targets), progress)

    def remove(
        self, targets: Iterable[AnyPath], *, outs: bool = False, force: bool = False
    ) -> Removed:
        """Stop tracking outputs. Their data stays, in the workspace and in the cache.

        Args:
            targets: Outputs or pointers.
            outs: Whether to remove the data from the workspace too.
            force: Whether to remove data that is in no cache.

        Raises:
            NotAnOutputError: A target is not an output as a whole.
            UnsavedChangesError: Data that was to be removed is in no cache.
        """
        from dvclite.repo.remove import remove

        with self._project.exclusive():
            return remove(self._project, self._relative(targets), outs=outs, force=force)

    def move(self, source: AnyPath, target: AnyPath) -> MovedOutput:
        """Give an output another path, together with its pointer and its ignore line.

        Args:
            source: The output or its pointer.
            target: Its new path, or a folder to move it into.

        Raises:
            NotAnOutputError: The source is not an output as a whole.
            PathTakenError, OverlapError: The target is taken.
        """
        from dvclite.repo.remove import move

        relative = self._project.relative
        with self._project.exclusive():
            return move(self._project, relative(source), relative(target))

    def status(
        self, targets: Iterable[AnyPath] = (), *, progress: Progress = SILENT
    ) -> list[OutputStatus]:
        """Tell how the workspace differs from its pointers. Nothing is changed anywhere.

        Args:
            targets: What to look at; everything where it is empty.
            progress: Is told of outputs.

        Raises:
            NotAnOutputError: A target is not tracked.
            FileAccessError: Something cannot be read.
        """
        from dvclite.repo.status import status

        return status(self._project, self._relative(targets), progress)

    def ignored_pointers(self) -> list[str]:
        """Return the pointers that git ignores, so that nobody ever sees them."""
        return self._project.index.ignored_pointers() if self._project.uses_git else []

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

    def check_ignore(self, paths: Iterable[AnyPath]) -> list[tuple[str, Match | None]]:
        """Tell of paths which line of a `.dvcignore` decides about them, if any does."""
        rules = self._project.ignore_rules
        found = []
        for path in self._relative(paths):
            is_folder = self._project.workspace.is_folder(path)
            found.append((path, rules.explain(path, is_folder=is_folder)))
        return found

    def install(self, *, force: bool = False) -> Installed:
        """Let git call dvclite after a checkout, merge or rebase, and before a push.

        Args:
            force: Whether to add our lines to hooks that others wrote.

        Raises:
            PathTakenError: Others wrote a hook already; nothing was changed.
        """
        from dvclite.repo.hooks import install

        return install(self._project, force=force)

    def follows_checkout(self, arguments: Sequence[str]) -> bool:
        """Say whether data is to follow a call of git's `post-checkout` hook.

        Args:
            arguments: What git gave the hook.
        """
        from dvclite.repo.hooks import follows_checkout

        return follows_checkout(self._project, arguments)

    def doctor(self) -> list[Finding]:
        """Find out whether everything works here."""
        from dvclite.repo.doctor import doctor

        return list(doctor(self._project))

    def forget_project(self, root: AnyPath) -> None:
        """No longer keep what a repository needs that shared this cache, and is gone."""
        from dvclite.cache.projects import forget

        forget(self.cache.root, Path(os.path.abspath(root)))

    def _exclusive(self, *, unless: bool) -> AbstractContextManager[None]:
        return nullcontext() if unless else self._project.exclusive()

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

    def _relative(self, paths: Iterable[AnyPath]) -> list[str]:
        return [self._project.relative(path) for path in paths]
