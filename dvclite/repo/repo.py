"""A repository as users and scripts see it."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from dvclite.cache.cache import Cache
from dvclite.cache.layout import Kind
from dvclite.config.settings import Config
from dvclite.progress import SILENT, Progress
from dvclite.repo.add import Added, add, commit
from dvclite.repo.checkout import checkout
from dvclite.repo.diff import Diff, diff
from dvclite.repo.globs import expanded
from dvclite.repo.init import init
from dvclite.repo.outputs import named_outputs
from dvclite.repo.project import Project
from dvclite.repo.remove import MovedOutput, Removed, move, remove
from dvclite.workspace.relink import relink
from dvclite.workspace.restore import Restored
from dvclite.workspace.status import OutputStatus, output_status

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
    def open(cls, path: AnyPath = ".", *, environ: Mapping[str, str] = os.environ) -> "Repo":
        """Open the repository that a path is in.

        Raises:
            NotARepoError: It is in none.
        """
        return cls(Project.open(path, environ))

    @classmethod
    def init(
        cls,
        path: AnyPath = ".",
        *,
        hash: str = "blake3",
        subdir: bool = False,
        scm: bool = True,
        environ: Mapping[str, str] = os.environ,
    ) -> "Repo":
        """Make a repository at the top of a git work tree.

        Args:
            path: Its root.
            hash: The algorithm that oids are made with: `blake3`, or `xxh128` where everyone who
                can write to the data's places is trusted.
            subdir: Whether the root may be below the top of the git work tree.
            scm: Whether to keep pointers in git at all.
            environ: The process's environment.

        Raises:
            RepoExistsError, RepoError, GitError: That is not possible there.
        """
        return cls(init(path, environ, hash=hash, subdir=subdir, scm=scm))

    @property
    def root(self) -> Path:
        """The repository's root."""
        return self._project.root

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
        paths = [self._project.relative(path) for path in expanded(targets, glob=glob)]
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
        relative = self._project.relative
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
        named = named_outputs(self._project, self._relative(targets))
        progress.start("Comparing", files=len(named))
        workspace = self._project.workspace
        found = [
            output_status(workspace, item.pointer, item.output, item.path, progress)
            for item in named
        ]
        progress.finish()
        return found

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
        named = named_outputs(self._project, self._relative(targets))
        outputs = {item.output.path: item.output for item in named}
        return relink(self._project.workspace, outputs.values(), progress, (Kind.COPY,))

    def _relative(self, paths: Iterable[AnyPath]) -> list[str]:
        return [self._project.relative(path) for path in paths]
