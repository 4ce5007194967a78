"""A repository, opened: where its parts are, and what they are opened with."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from posixpath import normpath

from dvclite.cache.cache import Cache
from dvclite.cache.layout import Kind
from dvclite.cache.succession import SuccessorCache
from dvclite.config.options import read_flag
from dvclite.config.settings import Config
from dvclite.errors import (
    ConfigError,
    NotARepoError,
    NothingThereError,
    OutsideRepoError,
    RepoError,
)
from dvclite.files.linklocks import hold_by_link
from dvclite.files.locks import hold
from dvclite.files.scan import Ignore, Matches
from dvclite.files.staging import make_folder
from dvclite.files.twins import Twins
from dvclite.formats.format import Format, succeeding
from dvclite.formats.home import Home
from dvclite.formats.homes import former, ruling
from dvclite.git.exclude import exclude
from dvclite.git.history import History
from dvclite.git.index import Index
from dvclite.git.location import find_top, main_worktree
from dvclite.ignore.rules import IGNORE_FILE, IgnoreRules
from dvclite.statcache.statcache import StatCache
from dvclite.workspace.workspace import Workspace

PATIENCE = 60.0
"""Seconds to wait for another program that locks the whole repository."""


@dataclass(frozen=True)
class Project:
    """A repository's parts, each opened when it is first used.

    Attributes:
        root: The folder that holds `.dvclite` or `.dvc`, without symbolic links.
        home: What stands in that folder.
        config: All settings that apply.
        environ: The process's environment.
        successor: The repository as it is now, of which this is what it was before it changed its
            format; None for what it is now.
    """

    root: Path
    home: Home
    config: Config
    environ: Mapping[str, str]
    successor: "Project | None" = None

    @classmethod
    def open(cls, path: str | os.PathLike[str], environ: Mapping[str, str]) -> "Project":
        """Open the repository that a path is in.

        Raises:
            NotARepoError: It is in none.
            RepoError: A folder of the repository's own is a symbolic link.
            ConfigError: A configuration file cannot be read.
        """
        start = Path(os.path.realpath(path))
        for root in (start, *start.parents):
            home = home_of(root)
            if home is not None:
                folder = root / home.folder
                _check_own_folders(folder)
                main = _main_folder(root, home, environ)
                config = Config.load(folder, main_folder=main, environ=environ, home=home)
                return cls(root, home, config, environ)
        raise NotARepoError(os.fspath(start))

    @cached_property
    def format(self) -> Format:
        """How things are named and written down here."""
        other = self.successor or self.former
        return self.own_format if other is None else succeeding(self.own_format, other.own_format)

    @cached_property
    def own_format(self) -> Format:
        """The same, whatever other format the repository was of."""
        return self.home.format(self.config.get("core.hash"))

    @cached_property
    def former(self) -> "Project | None":
        """The repository as it was before it changed its format, if it did."""
        home = former(self.root, self.home) if self.successor is None else None
        if home is None:
            return None
        folder = self.root / home.folder
        _check_own_folders(folder)
        main = _main_folder(self.root, home, self.environ)
        config = Config.load(folder, main_folder=main, environ=self.environ, home=home)
        return Project(self.root, home, config, self.environ, successor=self)

    @property
    def pipelines(self) -> str:
        """The name of files that list outputs which another program makes; empty for none."""
        if self.home.pipelines or self.former is None:
            return self.home.pipelines
        return self.former.home.pipelines

    @cached_property
    def folder(self) -> Path:
        """The repository's own folder."""
        return self.root / self.home.folder

    @cached_property
    def uses_git(self) -> bool:
        """Whether pointers are kept in git."""
        return not self.config.flag("core.no_scm")

    @cached_property
    def index(self) -> Index:
        """What git tracks, ignores and stages."""
        return Index(self.root, self.environ)

    @cached_property
    def history(self) -> History:
        """What was committed."""
        return History(self.root, self.environ)

    @property
    def temporary(self) -> Path:
        """Where files are on their way, and what can be made again is kept."""
        return self.folder / self.home.temporary

    @property
    def lock(self) -> str:
        """The file that the lock on pointers and ignore files rests on: held for moments."""
        return os.path.join(self.temporary, "lock")

    @property
    def checkout_lock(self) -> str:
        """The file that the lock on checking out rests on: two would undo each other's work."""
        return os.path.join(self.temporary, "checkout.lock")

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other programs out that lock the whole repository, until the block ends.

        dvclite's own commands do not need that.
        """
        if not self.home.lock:
            yield
            return
        path = os.path.join(self.folder, self.home.lock)
        make_folder(os.path.dirname(path))
        by_link = read_flag(self.config.get("core.hardlink_lock") or "") is True
        with hold_by_link(path, seconds=PATIENCE) if by_link else hold(path, seconds=PATIENCE):
            yield

    @cached_property
    def cache(self) -> Cache:
        """The store of blobs, in the main work tree where this is a linked one."""
        configured = self.config.get("cache.dir")
        main = _main_folder(self.root, self.home, self.environ)
        folder = main if main is not None and self.home.shares_cache else self.folder
        root = Path(configured) if configured else folder / "cache"
        index = self.temporary / "packs.db"
        fingerprints = self.temporary / "fingerprints" / "blake3.db"
        shared = self.config.get("cache.shared") == "group"
        largest = self.config.number("cache.largest_packed") or 0
        if self.former is None:
            return Cache(
                root,
                self.format,
                index,
                fingerprints=fingerprints,
                shared=shared,
                largest_packed=largest,
            )
        return SuccessorCache(
            root,
            self.format,
            index,
            self.former.cache,
            fingerprints=fingerprints,
            shared=shared,
            largest_packed=largest,
        )

    def register(self) -> None:
        """Make the repository known to those who have to know of it, before it is written to.

        To git, which is never to list what belongs to this clone alone, even where a commit is
        checked out that has no `.gitignore` yet; and to a cache that is elsewhere.
        """
        if self.uses_git:
            names = [f"{self.home.folder}/{name}" for name in self.home.private]
            exclude(self.root, self.environ, names)
        if not self.cache.root.is_relative_to(self.folder):
            self.cache.register(self.root)

    @cached_property
    def workspace(self) -> Workspace:
        """The working files."""
        return Workspace(
            root=self.root,
            temporary=self.temporary,
            format=self.format,
            cache=self.cache,
            statcache=StatCache(self.temporary / "stat.db"),
            kinds=self._kinds,
            ignore=Ignore(IGNORE_FILE, self._matches_in),
            twins=Twins(self.root, self.temporary),
        )

    @cached_property
    def ignore_rules(self) -> IgnoreRules:
        """What `.dvcignore` files say."""
        return IgnoreRules.load(self.root)

    def relative(self, path: str | os.PathLike[str]) -> str:
        """Return a user's path relative to the root, with `/` between its parts.

        Args:
            path: Absolute, or relative to the current folder. Its last part may be a symbolic
                link, which is not followed.

        Raises:
            OutsideRepoError: It is elsewhere.
            NothingThereError: It is empty, as a shell's variable is that was never set.
        """
        if not os.fspath(path):
            raise NothingThereError("")
        absolute = os.path.abspath(path)
        parent, name = os.path.split(absolute)
        for candidate in (absolute, os.path.join(os.path.realpath(parent), name)):
            inside = os.path.relpath(candidate, self.root).replace(os.sep, "/")
            if inside != ".." and not inside.startswith("../") and not os.path.isabs(inside):
                return normpath(inside)
        raise OutsideRepoError(os.fspath(path), str(self.root))

    def display(self, path: str) -> str:
        """Return a path of the repository as the user would write it from the current folder."""
        return os.path.relpath(os.path.join(self.root, path))

    @property
    def _kinds(self) -> tuple[Kind, ...]:
        names = self.config.names("cache.type") or ["reflink", "copy"]
        try:
            kinds = tuple(Kind(name) for name in names)
        except ValueError as error:
            raise ConfigError(
                f"cache.type: {error}", hint="use reflink, hardlink, symlink or copy"
            ) from error
        return kinds

    def _matches_in(self, folder: str, has_file: bool) -> Matches | None:  # noqa: FBT001
        rules = self.ignore_rules
        return rules.matches if rules.speak_of(folder, has_file=has_file) else None


def home_of(folder: Path) -> Home | None:
    """Return what makes a folder the root of a repository; None if it is none."""
    return ruling(folder)


def _check_own_folders(folder: Path) -> None:
    """Refuse a clone that brings a link along to have us write, and clean up, somewhere else."""
    for own in (folder, folder / "tmp", folder / "cache", folder / "tmp" / "dvclite"):
        if own.is_symlink():
            raise RepoError(
                f"{own} is a symbolic link, and might lead anywhere",
                hint="remove it; where the cache is `dvclite cache dir` says and sets",
            )


def _main_folder(root: Path, home: Home, environ: Mapping[str, str]) -> Path | None:
    """Return the own folder of the main work tree, where `root` is in a linked one."""
    top = find_top(root, environ)
    if top is None:
        return None
    main = main_worktree(top, environ)
    if main is None:
        return None
    folder = main / os.path.relpath(root, top) / home.folder
    return folder if folder.is_dir() else None
