"""A repository that was opened: where it is, and what it is set to."""

import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Self

from dvclite.cache.cache import Cache
from dvclite.config.settings import Config
from dvclite.repo.project import Project

AnyPath = str | os.PathLike[str]


class AnyRepo:
    """What every part of a `Repo` has."""

    def __init__(self, project: Project) -> None:
        """Use `Repo.open` or `Repo.init` instead."""
        self._project = project

    @classmethod
    def open(cls, path: AnyPath = ".", *, environ: Mapping[str, str] | None = None) -> Self:
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
    ) -> list[Self]:
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
    ) -> Self:
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

    def _exclusive(self, *, unless: bool) -> AbstractContextManager[None]:
        return nullcontext() if unless else self._project.exclusive()

    def _relative(self, paths: Iterable[AnyPath]) -> list[str]:
        return [self._project.relative(path) for path in paths]
