"""`init`: a repository where none was."""

import os
from collections.abc import Mapping
from pathlib import Path
from posixpath import dirname

from dvclite.errors import GitError, RepoError, RepoExistsError
from dvclite.files.atomic import write_atomically
from dvclite.files.staging import make_folder
from dvclite.formats.home import Home
from dvclite.formats.homes import HOMES, home_named
from dvclite.git.index import Index
from dvclite.git.location import find_top
from dvclite.repo.project import Project

_IGNORE_FILE = """\
# Paths that dvclite leaves alone, one pattern a line, as in .gitignore.
"""


def init(
    path: str | os.PathLike[str],
    environ: Mapping[str, str],
    *,
    format: str = "native",
    hash: str = "",
    subdir: bool = False,
    scm: bool = True,
) -> Project:
    """Make a repository.

    Args:
        path: Its root: the top of a git work tree.
        environ: The process's environment.
        format: The name of its format.
        hash: The algorithm that oids are made with; empty for what the format has by itself.
        subdir: Whether the root may be below the top of the git work tree.
        scm: Whether there is git at all.

    Raises:
        RepoExistsError: There is one at the path.
        RepoError: The path is not where a repository belongs.
        UnknownAlgorithmError: There is no such algorithm.
    """
    home = home_named(format)
    root = Path(os.path.realpath(path))
    if _has_config(root):
        raise RepoExistsError(str(root))
    if scm:
        _check_place(root, environ, subdir=subdir)
    written = _write(root, home, home.first_config(hash, scm))
    if scm:
        Index(root, environ).stage(written)
    project = Project.open(root, environ)
    project.register()
    return project


def _write(root: Path, home: Home, config: str) -> list[str]:
    """Write the files of a new repository; return those that git should know."""
    folder = root / home.folder
    ignored = "".join(f"/{name}\n" for name in home.private)
    make_folder(folder)
    write_atomically(folder / ".gitignore", ignored.encode())
    written = [f"{home.folder}/.gitignore", f"{home.folder}/config"]
    if not os.path.lexists(root / ".dvcignore"):
        write_atomically(root / ".dvcignore", _IGNORE_FILE.encode())
        written.append(".dvcignore")
    if home.marker:
        make_folder(folder / dirname(home.marker))
        write_atomically(folder / home.marker, b"")
    # What makes the folder a repository comes last: the rest is in place by then.
    write_atomically(folder / "config", config.encode())
    return written


def _has_config(root: Path) -> bool:
    return any(os.path.lexists(root / home.folder / "config") for home in HOMES)


def _check_place(root: Path, environ: Mapping[str, str], *, subdir: bool) -> None:
    top = find_top(root, environ)
    if top is None:
        raise GitError(
            f"{root} is not in a git repository",
            hint="run `git init` first, or `dvclite init --no-scm` to do without git",
        )
    if Path(os.path.realpath(top)) != root and not subdir:
        raise RepoError(
            f"{root} is below the top of its git repository, {top}",
            hint="run `dvclite init` there, or `dvclite init --subdir` to have a repository here",
        )
