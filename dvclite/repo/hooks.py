"""git hooks that keep the data in step with the code."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from dvclite.errors import PathTakenError
from dvclite.files.atomic import write_atomically
from dvclite.files.staging import make_folder
from dvclite.formats.homes import HOMES
from dvclite.git.index import Index
from dvclite.git.location import find_top
from dvclite.git.settings import hooks_folder
from dvclite.repo.project import Project, home_of
from dvclite.repo.results.keeping import Installed

HOOKS = ("post-checkout", "post-merge", "post-rewrite", "pre-push")

_MARK = "# dvclite hook"
_LINES = """\
{mark}
if command -v dvclite >/dev/null 2>&1; then
    dvclite hook {name} "$@"
else
    echo "dvclite is not on the PATH: data was left as it is" >&2
fi
"""


def install(project: Project, *, force: bool = False) -> Installed:
    """Let git call dvclite after a checkout, merge or rebase, and before a push.

    Args:
        project: The repository.
        force: Whether to add our lines to hooks that others wrote.

    Raises:
        PathTakenError: Others wrote a hook already; nothing was changed.
    """
    folder = hooks_folder(project.root, project.environ)
    texts = {folder / name: _text(folder / name) for name in HOOKS}
    missing = {path: text for path, text in texts.items() if _MARK not in text}
    for path, text in missing.items():
        if text and not force:
            raise PathTakenError(
                str(path),
                hint=f'add the line `dvclite hook {path.name} "$@"` to it,'
                " or run `dvclite install --force` to have it added",
            )
    make_folder(folder)
    for path, text in missing.items():
        _write(path, text)
    return Installed(tuple(missing), tuple(path for path in texts if path not in missing))


def is_installed(project: Project) -> bool:
    """Say whether git calls dvclite."""
    folder = hooks_folder(project.root, project.environ)
    return all(_MARK in _text(folder / name) for name in HOOKS)


def follows_checkout(project: Project, arguments: Sequence[str]) -> bool:
    """Say whether data is to follow a `post-checkout` hook's call.

    Not after a checkout of single files, and not at the beginning of a rebase, which goes on from
    there and calls another hook at its end, unless it has nothing more to do.

    Args:
        project: The repository.
        arguments: What git gave the hook: the old and the new commit, and 1 for a branch.
    """
    if len(arguments) >= 3 and arguments[2] == "0":
        return False
    folder = project.history.git_folder
    if (folder / "rebase-merge").exists():
        steps = _text(folder / "rebase-merge" / "git-rebase-todo").splitlines()
        return all(line.startswith("#") or not line.strip() for line in steps)
    return not (folder / "rebase-apply").exists()


def roots_around(path: str | os.PathLike[str], environ: Mapping[str, str]) -> list[Path]:
    """Return the roots of all repositories in the git work tree that a path is in, sorted.

    git calls hooks at its own top, whichever folders below it repositories are in, and whether or
    not there are any in the commit that was checked out.

    Raises:
        GitError: git refused.
    """
    top = find_top(Path(path), environ)
    if top is None:
        return []
    configs = tuple(f"{home.folder}/config" for home in HOMES)
    found = Index(top, environ).find_pointers(configs).paths
    roots = {top / PurePosixPath(name).parents[1] for name in found}
    if home_of(top) is not None:
        roots.add(top)  # Its config may be gone with the commit that was left; its data is here.
    return sorted(roots)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return ""


def _write(path: Path, text: str) -> None:
    ours = _LINES.format(mark=_MARK, name=path.name)
    whole = f"{text.rstrip()}\n\n{ours}" if text else f"#!/bin/sh\n{ours}"
    write_atomically(path, whole.encode("utf-8", "surrogateescape"), mode=0o777)
