"""File names as the user would write them from the current folder."""

import os
from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from dvclite.cli.console import Console
from dvclite.cli.text import printable
from dvclite.repo.anyrepo import AnyRepo

_TYPED = 10


class Names:
    """Spells paths of a repository."""

    def __init__(self, root: Path) -> None:
        """Remember where the user is.

        Args:
            root: The repository's root.
        """
        inner = os.path.relpath(os.path.realpath(os.curdir), os.path.realpath(root))
        self._here = [] if inner == os.curdir else inner.split(os.sep)

    def typed(self, path: str) -> str:
        """Return a path, relative to the root, as an argument of the next command."""
        if not self._here or os.path.isabs(path):
            return path
        there = path.split("/")
        common = 0
        while common < min(len(there), len(self._here)) and there[common] == self._here[common]:
            common += 1
        up = [os.pardir] * (len(self._here) - common)
        return "/".join([*up, *there[common:]]) or os.curdir

    def shown(self, path: str) -> str:
        """Return a path, relative to the root, as a terminal may show it."""
        return printable(self.typed(path))


def quoted(path: str) -> str:
    """Return a path, relative to the root of the repository the user is in, for a command's line."""
    from dvclite.repo.project import home_of

    here = Path(os.path.realpath(os.curdir))
    root = next((folder for folder in (here, *here.parents) if home_of(folder)), here)
    return printable(quote(Names(root).typed(path)))


def tell_git(console: Console, repo: AnyRepo, paths: Sequence[str], *, staged: bool) -> None:
    """Say how git learns of changed pointers and ignore files, or that it has.

    Args:
        console: Where.
        repo: The repository.
        paths: The files, relative to the root.
        staged: Whether git knows of them already.
    """
    names = Names(repo.root)
    if staged and console.verbose:
        console.write(f"Staged {names.shown(path)}" for path in paths)
    elif len(paths) > _TYPED and not staged:
        console.hint("git add ':/*.dvc' ':/*.gitignore'")
    elif paths and not staged:
        console.hint(" ".join(["git add", *(quote(names.typed(path)) for path in paths)]))
