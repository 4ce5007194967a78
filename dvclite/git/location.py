"""Where git's work tree and its own folders are, as git would find them.

Nothing here starts git in an ordinary repository.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dvclite.errors import GitError
from dvclite.git.program import run, text, untied

_LONGEST_LINK = 4096


@dataclass(frozen=True, slots=True)
class Place:
    """Where a repository's root lies in git's world.

    Attributes:
        root: The folder that paths are relative to.
        top: The top folder of git's work tree; `root` is in it.
        git_dir: The folder that git keeps for this work tree.
        common_dir: The folder that all work trees of the repository share; often the same.
        environ: What the git program inherits.
    """

    root: Path
    top: Path
    git_dir: Path
    common_dir: Path
    environ: Mapping[str, str]

    @property
    def prefix(self) -> str:
        """What paths from `top` to what lies below `root` begin with: empty, or ending in `/`."""
        inner = self.root.relative_to(self.top).as_posix()
        return "" if inner == "." else f"{inner}/"


def find_top(path: Path, environ: Mapping[str, str]) -> Path | None:
    """Return the top folder of the git work tree that a path lies in, with all links resolved.

    Linked worktrees and submodules are work trees of their own. `GIT_DIR`, `GIT_WORK_TREE` and the
    variables that limit git's search count as they do for git.

    Args:
        path: Need not exist.
        environ: The process's environment.

    Returns:
        The folder, or None where git has no work tree.

    Raises:
        GitError: Something that should lead to a git repository leads nowhere.
    """
    located = _locate(Path(os.path.realpath(path)), environ)
    return located[0] if located is not None else None


def find_place(root: Path, environ: Mapping[str, str]) -> Place:
    """Return where a folder lies in git's world.

    Raises:
        GitError: It is in no git work tree.
    """
    start = Path(os.path.realpath(root))
    located = _locate(start, environ)
    if located is None:
        raise GitError(f"not in a git repository: {root}", hint="make one with `git init`")
    top, git_dir = located
    # The program will run in the root: what was relative to another folder must not be any more,
    # and what git would guess from the folder that it runs in must be said.
    settled = dict(environ)
    if environ.get("GIT_DIR"):
        settled["GIT_DIR"] = str(git_dir)
        settled["GIT_WORK_TREE"] = str(top)
    elif environ.get("GIT_WORK_TREE"):
        settled["GIT_WORK_TREE"] = str(top)
    return Place(start, top, git_dir, _common_dir(git_dir), settled)


def main_worktree(top: Path, environ: Mapping[str, str]) -> Path | None:
    """Return the top folder of the work tree that `git init` or `git clone` made.

    Args:
        top: The top folder of any work tree of the same repository.
        environ: The process's environment.

    Returns:
        The folder; None if it is `top` itself, or if there is none: then the main repository is
        bare, or keeps its own folder where nothing leads from it to the work tree.

    Raises:
        GitError: `top` is not the top of a work tree, or git cannot be run.
    """
    place = find_place(top, environ)
    return None if place.common_dir == place.git_dir else _main_top(place)


def worktrees(root: Path, environ: Mapping[str, str]) -> list[Path]:
    """Return, for every work tree of the repository, the folder that `root` is in this one.

    The folders need not exist: a work tree may have been deleted without git's knowledge, or
    checked out at a commit that has no such folder.

    Args:
        root: A folder in a git work tree, which itself comes first.
        environ: The process's environment.

    Raises:
        GitError: `root` is in no git work tree, or what leads to another cannot be read.
    """
    place = find_place(root, environ)
    tops = [place.top]
    main = None if place.common_dir == place.git_dir else _main_top(place)
    tops += [main] if main is not None else []
    for record in sorted((place.common_dir / "worktrees").glob("*/gitdir")):
        link = os.path.realpath(record.parent / _read(record).rstrip("\r\n"))
        tops.append(Path(link).parent)
    return [top / place.prefix for top in dict.fromkeys(tops)]


def _main_top(place: Place) -> Path | None:
    """Return the main work tree, as seen from a linked one."""
    common = place.common_dir
    answer = run(
        [f"--git-dir={common}", "rev-parse", "--show-toplevel"],
        common.parent,
        untied(place.environ),
        accepted=(0, 128),
    )
    main = Path(text(answer.out).rstrip("\n"))
    if answer.code or _dot_git(main) != common:
        return None
    return main


def _locate(start: Path, environ: Mapping[str, str]) -> tuple[Path, Path] | None:
    """Return the top of the work tree around a folder, and git's own folder for it."""
    work_tree = environ.get("GIT_WORK_TREE")
    if environ.get("GIT_DIR"):
        git_dir = _given_dir(environ)
        top = None if work_tree else _top_of(git_dir, start, environ)
    else:
        top, git_dir = next(_repositories_upward(start, environ), (None, start))
        if top is None:
            return None
    if work_tree:
        top = Path(os.path.realpath(work_tree))
    return (top, git_dir) if top is not None and start.is_relative_to(top) else None


def _top_of(git_dir: Path, start: Path, environ: Mapping[str, str]) -> Path | None:
    """Return the work tree of a repository that is given by its own folder alone."""
    for folder, found in _repositories_upward(start, environ):
        if found == git_dir:
            return folder
    folder = next(folder for folder in (start, *start.parents) if folder.is_dir())
    settled = {**environ, "GIT_DIR": str(git_dir)}
    answer = run(["rev-parse", "--show-toplevel"], folder, settled, accepted=(0, 128))
    if answer.code:
        return None
    return Path(os.path.realpath(text(answer.out).rstrip("\n")))


def _repositories_upward(start: Path, environ: Mapping[str, str]) -> Iterator[tuple[Path, Path]]:
    """Yield every folder from here upwards that has a repository, with git's own folder for it."""
    ceilings = {
        Path(os.path.realpath(ceiling))
        for ceiling in environ.get("GIT_CEILING_DIRECTORIES", "").split(os.pathsep)
        if os.path.isabs(ceiling)
    }
    crossing = environ.get("GIT_DISCOVERY_ACROSS_FILESYSTEM", "").lower() in (
        "1",
        "true",
        "yes",
        "on",
    )
    device = None
    for folder in (start, *start.parents):
        try:
            here = os.stat(folder).st_dev
        except OSError:
            continue
        if device is not None and here != device and not crossing:
            return
        device = here
        if folder in ceilings and folder != start:
            return
        found = _dot_git(folder)
        if found is not None:
            yield folder, found


def _dot_git(folder: Path) -> Path | None:
    """Return git's own folder for a work tree, if its top is here."""
    place = folder / ".git"
    if os.path.isdir(place):
        return Path(os.path.realpath(place)) if _is_git_dir(place) else None
    return _linked_dir(place) if os.path.isfile(place) else None


def _given_dir(environ: Mapping[str, str]) -> Path:
    given = Path(environ["GIT_DIR"]).absolute()
    if os.path.isfile(given):
        return _linked_dir(given)
    if not _is_git_dir(given):
        raise GitError(
            f"GIT_DIR is set to {environ['GIT_DIR']}, which is not a git repository",
            hint="a git hook that changes to another folder has to `unset GIT_DIR` first",
        )
    return Path(os.path.realpath(given))


def _linked_dir(link: Path) -> Path:
    """Return where the `.git` file of a linked worktree or a submodule leads."""
    said = _read(link)
    if not said.startswith("gitdir: "):
        raise GitError(f"{link} is neither a git repository nor leads to one")
    folder = Path(os.path.realpath(link.parent / said.removeprefix("gitdir: ").rstrip("\r\n")))
    if not _is_git_dir(folder):
        raise GitError(
            f"{link} leads to {folder}, which is not a git repository",
            hint="if it was moved, run `git worktree repair` in the main work tree",
        )
    return folder


def _common_dir(git_dir: Path) -> Path:
    link = git_dir / "commondir"
    if not os.path.lexists(link):
        return git_dir
    return Path(os.path.realpath(git_dir / _read(link).rstrip("\r\n")))


def _is_git_dir(folder: Path) -> bool:
    if not os.path.lexists(folder / "HEAD"):
        return False
    return os.path.isdir(folder / "objects") or os.path.isfile(folder / "commondir")


def _read(link: Path) -> str:
    try:
        with open(link, "rb") as file:
            return text(file.read(_LONGEST_LINK))
    except OSError as error:
        raise GitError(f"{link}: {error.strerror}") from error
