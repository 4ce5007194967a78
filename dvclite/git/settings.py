"""What the user's git is set to."""

import os
from collections.abc import Mapping
from pathlib import Path

from dvclite.git.location import find_place
from dvclite.git.program import run, text


def config_value(root: Path, name: str, environ: Mapping[str, str]) -> str | None:
    """Return the setting that git goes by in a repository, or None if there is none.

    Args:
        root: A folder in a git work tree.
        name: `core.autocrlf`, for example.
        environ: The process's environment.

    Raises:
        GitError: The root is in no git work tree, or git refused.
    """
    place = find_place(root, environ)
    asked = ["config", "--null", "--get", name]
    answer = run(asked, place.root, place.environ, accepted=(0, 1))
    return text(answer.out).removesuffix("\0") if answer.code == 0 else None


def hooks_folder(root: Path, environ: Mapping[str, str]) -> Path:
    """Return where git looks for hooks; it need not exist.

    Args:
        root: A folder in a git work tree.
        environ: The process's environment.

    Raises:
        GitError: The root is in no git work tree, or git refused.
    """
    place = find_place(root, environ)
    # A relative core.hooksPath counts from where hooks run, and that is the top.
    answer = run(["rev-parse", "--git-path", "hooks"], place.top, place.environ)
    return Path(os.path.normpath(place.top / text(answer.out).rstrip("\n")))
