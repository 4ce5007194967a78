"""Other repositories, as data is imported from them: what they hold at a commit, and where."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import NamedTuple

from dvclite.config.setting import Level, Setting
from dvclite.config.settings import Config
from dvclite.errors import DvcliteError, OriginError
from dvclite.files.atomic import discard, write_atomically
from dvclite.files.locks import hold
from dvclite.files.staging import make_folder
from dvclite.formats.home import Home
from dvclite.formats.homes import HOMES
from dvclite.git.clones import clone, is_address
from dvclite.git.history import History
from dvclite.git.location import find_top
from dvclite.git.program import untied
from dvclite.git.versions import FileVersion
from dvclite.hashing import XXH128, hash_bytes
from dvclite.paths import check_path
from dvclite.pointer import Output, is_pointer
from dvclite.pointer.origin import SourceRepo
from dvclite.remotestore.loose.store import LooseStore
from dvclite.remotestore.opening import open_remote
from dvclite.remotestore.store import RemoteStore
from dvclite.repo.pointers import owned
from dvclite.repo.project import Project, home_of
from dvclite.repo.stores import Line, open_store
from dvclite.repo.versions import pointers_at

_LARGEST = 2 << 30
"""Larger files than this, in bytes, are not taken out of git."""

_PATIENCE = 600.0
"""Seconds to wait for another process that clones the same repository."""

_OWN_FILES = (".dvcignore", "dvc.yaml")


class Held(NamedTuple):
    """An output of another repository.

    Attributes:
        path: Relative to the top of that repository.
        output: The output.
        project: The repository as dvclite knows it, one of perhaps several in it.
    """

    path: str
    output: Output
    project: Project


@dataclass(frozen=True)
class Source:
    """Another repository at a commit.

    Attributes:
        repo: As a pointer names it.
        root: Where it is, or its clone.
        commit: The commit's id.
        is_clone: Whether `root` is a clone of ours, without files in its work tree.
        temporary: A folder of ours, for what is known of its remotes.
        history: What was committed there.
        environ: The process's environment, without what ties git to another repository.
    """

    repo: SourceRepo
    root: Path
    commit: str
    is_clone: bool
    temporary: Path
    history: History
    environ: Mapping[str, str]

    @cached_property
    def outputs(self) -> list[Held]:
        """All outputs at the commit, of every repository of dvclite's or DVC's in it."""
        return [held for project in self._projects() for held in self._held(project)]

    def algorithms(self, path: str) -> set[str]:
        """Return the names of what oids are made with of outputs at a path, above and below it."""
        return {
            held.project.format.algorithm.name
            for held in self.outputs
            if path in (".", held.path)
            or path.startswith(held.path + "/")
            or held.path.startswith(path + "/")
        }

    def files(self, path: str) -> Iterator[FileVersion]:
        """Yield what git itself has at a path and below it, without what is DVC's own.

        Raises:
            OriginError: A file is too large to be taken out of git.
        """
        below = "" if path == "." else path + "/"
        for version in self.history.files(
            self.commit, lambda name: name == path or name.startswith(below), limit=_LARGEST
        ):
            name = version.path.rpartition("/")[2]
            if is_pointer(version.path) or name in _OWN_FILES or "/.dvc/" in f"/{version.path}":
                continue
            if version.data is None:
                raise OriginError(
                    self.repo.url,
                    f"{version.path} has {version.size:,} bytes, too many to be taken out of git",
                    hint="have it added there with `dvclite add`, in place of `git add`",
                )
            yield version

    def places(self, held: Held, jobs: int | None) -> Iterator[Callable[[], RemoteStore]]:
        """Yield what opens the places that may have the data of an output, the likeliest first."""
        project = held.project
        if not self.is_clone and project.cache.root.is_dir():
            cache = str(project.cache.root)
            yield lambda: LooseStore(open_remote(cache, {}), project.format, jobs=jobs)
        names = project.config.remote_names()
        first = (held.output.remote or project.config.get("core.remote") or "").lower()
        for name in sorted(names, key=lambda name: name != first):
            yield partial(
                open_store, project, name, Line(jobs), outputs=[held.output], folder=self.temporary
            )

    def _held(self, project: Project) -> Iterator[Held]:
        inner = os.path.relpath(project.root, self.root).replace(os.sep, "/")
        for pointer in pointers_at(project, self.commit):
            for named in pointer.outputs:
                if named.cached:
                    owner, output = owned(project, named)
                    if owner is not project:
                        owner = self._with_settings(owner)
                    yield Held(normpath(join(inner, output.path)), output, owner)

    def _projects(self) -> list[Project]:
        """Return the repositories of dvclite's and DVC's that are in it, with their settings."""
        settings = {
            version.path: version.data or b""
            for version in self.history.files(self.commit, _is_settings)
        }
        roots = dict.fromkeys(dirname(dirname(path)) for path in settings)
        for root in filter(None, roots):
            check_path(root)  # A tree of git's that somebody made by hand may hold any name.
        if not self.is_clone:
            return [self._opened(root) for root in roots if home_of(self.root / root) is not None]
        # Others may be at another commit of the same clone, and want the settings of that.
        with hold(_lock_of(self.root), seconds=_PATIENCE):
            for home in HOMES:
                for root in roots:
                    self._put(settings, f"{root}/" if root else "", home)
            return [self._opened(root) for root in roots]

    def _put(self, settings: dict[str, bytes], prefix: str, home: Home) -> None:
        """Write the settings of a repository into the clone, where they are read."""
        for name in _settings_files(home):
            path = f"{prefix}{home.folder}/{name}"
            if path in settings:
                make_folder((self.root / path).parent)
                write_atomically(self.root / path, settings[path])
            else:
                discard(str(self.root / path))

    def _opened(self, root: str) -> Project:
        return self._with_settings(Project.open(self.root / root, self.environ))

    def _with_settings(self, project: Project) -> Project:
        """Return a project in which what the pointer says holds in place of its own settings."""
        values = list(self.repo.config)
        if self.repo.remote:
            values.append(("core", "remote", self.repo.remote))
        if self.repo.options:
            name = project.config.get("core.remote") or "imported"
            values.append(("core", "remote", name))
            values += [(f"remote.{name.lower()}", key, value) for key, value in self.repo.options]
        if not values:
            return project
        extra = [Setting(*value, Level.LOCAL, self.repo.url) for value in values]
        config = Config({}, [*project.config.settings(), *extra], home=project.home)
        return replace(project, config=config)


def _is_settings(path: str) -> bool:
    """Say whether a file holds the settings of a repository that everybody shares."""
    folder, _, name = path.rpartition("/")
    last = folder.rpartition("/")[2]
    return any(home.folder == last and name in _settings_files(home) for home in HOMES)


def _settings_files(home: Home) -> set[str]:
    return {home.settings, home.aside, home.own_config} - {""}


def _lock_of(root: Path) -> str:
    return f"{root}.lock"


def open_source(
    project: Project, repo: SourceRepo, bases: Sequence[Path], *, newest: bool
) -> Source:
    """Open another repository.

    Args:
        project: The one that imports.
        repo: The other.
        bases: What its path may be relative to; none where it may be no path.
        newest: Whether its newest commit is meant, and not the one that was imported.

    Raises:
        OriginError: It cannot be had, or has no such commit.
    """
    environ = untied(project.environ)
    wanted = repo.rev if newest or not repo.commit else repo.commit
    local = None if is_address(repo.url) else _local(repo.url, bases)
    folder = project.temporary / "imports"
    is_clone = local is None or find_top(local, environ) is None
    if is_clone:
        address = str(local) if local is not None else repo.url
        root = _cloned(repo, address, folder, None if newest else wanted, environ)
        history = History(root, environ)
        commit = _resolved_in_clone(history, repo, wanted)
    else:
        assert local is not None
        root = Path(os.path.realpath(local))
        history = History(root, environ)
        commit = _resolved(history, repo, wanted or "HEAD")
    return Source(
        repo=repo,
        root=root,
        commit=commit,
        is_clone=is_clone,
        temporary=folder / "packs",
        history=history,
        environ=environ,
    )


def _cloned(
    repo: SourceRepo, address: str, folder: Path, wanted: str | None, environ: dict[str, str]
) -> Path:
    """Return a clone of another repository, brought up to date unless it has the commit wanted."""
    if folder.is_symlink():
        raise OriginError(
            repo.url,
            f"{folder} is a symbolic link, and might lead anywhere",
            hint="remove it, then run the same command again",
        )
    make_folder(folder)
    root = folder / hash_bytes(repo.url.encode("utf-8", "surrogateescape"), XXH128)
    with hold(_lock_of(root), seconds=_PATIENCE):
        if not (root / ".git").exists() or wanted is None or not _has(root, wanted, environ):
            clone(address, root, environ)
    return root


def _local(url: str, bases: Sequence[Path]) -> Path:
    """Return the folder that a path leads to: DVC took it as relative to where it was typed."""
    if not bases:
        raise OriginError(
            url,
            "a repository elsewhere names a folder of this machine",
            hint="if it is to be trusted, clone it here, and import from the clone",
        )
    for base in bases:
        folder = base / os.path.expanduser(url)
        if folder.is_dir():
            return folder
    raise OriginError(url, "there is no such folder", hint="it may be on another machine")


def _has(root: Path, commit: str, environ: dict[str, str]) -> bool:
    if not commit or not commit.isalnum():
        return False
    try:
        return History(root, environ).resolve(commit) == commit
    except DvcliteError:
        return False


def _resolved(history: History, repo: SourceRepo, revision: str) -> str:
    try:
        return history.resolve(revision)
    except DvcliteError as error:
        raise OriginError(
            repo.url,
            f"it has no revision {revision!r}",
            hint="`dvclite update --rev REV` follows another one",
        ) from error


def _resolved_in_clone(history: History, repo: SourceRepo, revision: str) -> str:
    """Return the commit that a revision names on the far side: its branches come first."""
    if not revision:
        return _resolved(history, repo, "refs/remotes/origin/HEAD")
    for name in (f"refs/remotes/origin/{revision}", f"refs/tags/{revision}"):
        try:
            return history.resolve(name)
        except DvcliteError:
            continue
    return _resolved(history, repo, revision)
