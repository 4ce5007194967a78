"""`init`: a repository where none was."""

import os
from collections.abc import Mapping
from pathlib import Path

from dvclite.errors import GitError, RepoError, RepoExistsError
from dvclite.files.atomic import write_atomically
from dvclite.files.staging import make_folder
from dvclite.git.index import Index
from dvclite.git.location import find_top
from dvclite.hashing import algorithm
from dvclite.repo.project import FOLDER, OWN, Project

_IGNORE_FILE = """\
# Paths that dvclite leaves alone, one pattern a line, as in .gitignore.
"""


def init(
    path: str | os.PathLike[str],
    environ: Mapping[str, str],
    *,
    hash: str = "blake3",
    subdir: bool = False,
    scm: bool = True,
) -> Project:
    """Make a repository.

    Args:
        path: Its root: the top of a git work tree.
        environ: The process's environment.
        hash: The algorithm that oids are made with.
        subdir: Whether the root may be below the top of the git work tree.
        scm: Whether there is git at all.

    Raises:
        RepoExistsError: There is one at the path.
        RepoError: The path is not where a repository belongs.
        UnknownAlgorithmError: There is no such algorithm.
    """
    root = Path(os.path.realpath(path))
    chosen = algorithm(hash)
    if chosen.name == "md5":
        raise RepoError("md5 is for repositories that DVC reads", hint="use blake3 or xxh128")
    if os.path.lexists(root / FOLDER / "config"):
        raise RepoExistsError(str(root))
    if scm:
        _check_place(root, environ, subdir=subdir)
    config = f"[core]\n    hash = {chosen.name}\n" + ("" if scm else "    no_scm = true\n")
    folder = root / FOLDER
    make_folder(folder)
    write_atomically(folder / ".gitignore", "".join(f"/{name}\n" for name in OWN).encode())
    written = [f"{FOLDER}/.gitignore", f"{FOLDER}/config"]
    if not os.path.lexists(root / ".dvcignore"):
        write_atomically(root / ".dvcignore", _IGNORE_FILE.encode())
        written.append(".dvcignore")
    # What makes the folder a repository comes last: the rest is in place by then.
    write_atomically(folder / "config", config.encode())
    if scm:
        Index(root, environ).stage(written)
    project = Project.open(root, environ)
    project.register()
    return project


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
