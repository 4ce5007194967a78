"""What the movers between working files and cache have in common."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dvclite.cache.cache import Cache
from dvclite.cache.layout import Kind
from dvclite.errors import FileAccessError
from dvclite.files.changes import NO_ROOM
from dvclite.files.folder import Folder
from dvclite.files.scan import Found, Ignore, Run, runs
from dvclite.files.staging import Staging
from dvclite.files.twins import Twins
from dvclite.formats.format import Format
from dvclite.statcache.statcache import StatCache


@dataclass(frozen=True, slots=True)
class Workspace:
    """The working files under a repository's root.

    Attributes:
        root: The repository's root.
        temporary: The repository's own folder for files on their way.
        format: How the repository's things are named and written down.
        cache: Where the data goes and comes from.
        statcache: What the files held when they were last looked at.
        kinds: How files come out of the cache, the best first.
        ignore: Which paths are not versioned; None where nothing is ignored.
        twins: Second copies of what is on its way into the cache.
    """

    root: Path
    temporary: Path
    format: Format
    cache: Cache
    statcache: StatCache
    kinds: tuple[Kind, ...]
    ignore: Ignore | None
    twins: Twins

    @property
    def links(self) -> bool:
        """Whether files of the workspace are to be links into the cache."""
        return self.kinds[0] in (Kind.HARDLINK, Kind.SYMLINK)

    def makes_copies(self) -> bool:
        """Say whether files come out of the cache as copies, by trying what else may be possible."""
        first = self.kinds[0]
        if first is not Kind.REFLINK or self.kinds[1:2] not in ((), (Kind.COPY,)):
            return first is Kind.COPY
        try:
            with Staging(self.temporary) as staging:
                return not self.cache.can_clone_to(staging.new_path())
        except OSError:
            return False  # Whoever has to write there is told.

    def found(self, path: str) -> Iterator[Found]:
        """Yield what is at a path and below it, sorted; nothing where nothing is.

        Raises:
            FileAccessError: It is reached through a symbolic link, or cannot be read.
        """
        with named_errors(self.root, path):
            for run in self.runs(path):
                yield from run.found()

    def runs(self, path: str) -> Iterator[Run]:
        """Yield the names of what is at a path and below it, sorted; nothing where nothing is.

        Raises:
            FileAccessError: It is reached through a symbolic link, or cannot be read.
        """
        with named_errors(self.root, path), Folder.open(self.root) as root:
            parent, _, name = path.rpartition("/")
            try:
                with root.below(parent) as folder:
                    yield from _at(folder, name, path, self.ignore)
            except FileNotFoundError:
                return

    def check_way(self, path: str) -> None:
        """Return if no symbolic link is on the way to a path, as far as that way exists.

        Raises:
            FileAccessError: One is, or something else than a folder.
        """
        with named_errors(self.root, path), Folder.open(self.root) as root:
            try:
                with root.below(path.rpartition("/")[0]):
                    pass
            except FileNotFoundError:
                pass

    def is_folder(self, path: str) -> bool:
        """Say whether a folder is at a path."""
        return stat.S_ISDIR(self._mode(path))

    def exists(self, path: str) -> bool:
        """Say whether anything is at a path, a broken link included."""
        return bool(self._mode(path))

    def _mode(self, path: str) -> int:
        try:
            return os.lstat(os.path.join(self.root, path)).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return 0

    def can_be_remembered(self, found: Found) -> bool:
        """Say whether the stat of something tells whenever what it stands for changes."""
        # What a link stood for in another format would be remembered as what it stands for here.
        return not found.is_link or (self.format.keeps_links and self.format.other is None)

    def is_ignored(self, path: str, *, is_folder: bool) -> bool:
        """Say whether a path is not versioned."""
        if self.ignore is None:
            return False
        matches = self.ignore.matches_in(path.rpartition("/")[0], True)  # noqa: FBT003
        return matches is not None and matches(path, is_folder)


@contextmanager
def named_errors(root: Path, path: str) -> Iterator[None]:
    """Turn what the operating system refuses below `path` into an error that says where.

    Raises:
        FileAccessError: In place of an OSError of the block.
    """
    try:
        yield
    except NotADirectoryError as error:
        raise FileAccessError(
            path,
            f"{_relative(root, error.filename)} is not a folder, or is a symbolic link",
            hint="replace it with a real folder: data is never read or written through a link",
        ) from error
    except OSError as error:
        # Which of our own files found no room says nothing.
        name = "" if error.errno in NO_ROOM else _relative(root, error.filename)
        raise FileAccessError(
            name or path,
            os.strerror(error.errno) if error.errno else str(error),
        ) from error


def _at(folder: Folder, name: str, path: str, ignore: Ignore | None) -> Iterator[Run]:
    own = folder.lstat(name)
    if own is None:
        return
    if not stat.S_ISDIR(own.st_mode):
        yield Run(folder, path[: -len(name)], [name])
        return
    with folder.child(name) as child:
        yield from runs(child, prefix=path + "/", ignore=ignore)


def _relative(root: Path, name: object) -> str:
    text = os.fsdecode(name) if isinstance(name, (str, bytes)) else ""
    return os.path.relpath(text, root) if os.path.isabs(text) else text
