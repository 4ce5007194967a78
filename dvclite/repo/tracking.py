"""What is tracked: the workspace, and the pointers that say what was in it."""

from collections.abc import Iterable

from dvclite.ignore.rules import Match
from dvclite.progress import SILENT, Progress
from dvclite.repo.anyrepo import AnyPath, AnyRepo
from dvclite.repo.results.tracking import Added, MovedOutput, Removed
from dvclite.workspace.status import OutputStatus


class Tracking(AnyRepo):
    """What a user may intend with the data in the workspace."""

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

    def check_ignore(self, paths: Iterable[AnyPath]) -> list[tuple[str, Match | None]]:
        """Tell of paths which line of a `.dvcignore` decides about them, if any does."""
        rules = self._project.ignore_rules
        found = []
        for path in self._relative(paths):
            is_folder = self._project.workspace.is_folder(path)
            found.append((path, rules.explain(path, is_folder=is_folder)))
        return found
