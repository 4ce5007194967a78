"""git hooks that keep the data in step with the code."""

from collections.abc import Sequence
from pathlib import Path

from dvclite.errors import PathTakenError
from dvclite.files.atomic import write_atomically
from dvclite.files.staging import make_folder
from dvclite.git.settings import hooks_folder
from dvclite.repo.project import Project
from dvclite.repo.results import Installed

HOOKS = ("post-checkout", "post-merge", "pre-push")

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
    """Let git call dvclite after a checkout or merge, and before a push.

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

    Not after a checkout of single files, and not in the middle of a rebase, which checks out one
    commit after another.

    Args:
        project: The repository.
        arguments: What git gave the hook: the old and the new commit, and 1 for a branch.
    """
    if len(arguments) >= 3 and arguments[2] == "0":
        return False
    folder = project.history.git_folder
    return not any((folder / name).exists() for name in ("rebase-merge", "rebase-apply"))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return ""


def _write(path: Path, text: str) -> None:
    ours = _LINES.format(mark=_MARK, name=path.name)
    whole = f"{text.rstrip()}\n\n{ours}" if text else f"#!/bin/sh\n{ours}"
    write_atomically(path, whole.encode("utf-8", "surrogateescape"), mode=0o777)
