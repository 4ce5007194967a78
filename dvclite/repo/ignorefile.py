"""Lines in `.gitignore` that keep data out of git."""

import os
import re
from collections.abc import Iterable

from dvclite.errors import FileAccessError
from dvclite.files.atomic import discard, write_atomically
from dvclite.repo.project import Project

_NAME = ".gitignore"
_SPECIAL = re.compile(r"[\\\[\]!*#?]")


def line_for(name: str) -> str:
    """Return the pattern that makes git ignore a name in the folder of the ignore file, only."""
    escaped = _SPECIAL.sub(r"\\\g<0>", name)
    bare = escaped.rstrip(" ")
    return "/" + bare + "\\ " * (len(escaped) - len(bare))


def ignore(project: Project, paths: Iterable[str]) -> list[str]:
    """Make git ignore paths that it does not ignore yet.

    The lock on pointers and ignore files must be held.

    Returns:
        The ignore files that were changed, relative to the root.
    """
    wanted = list(paths)
    spelled = {path: path + "/" if project.workspace.is_folder(path) else path for path in wanted}
    ignored = project.index.ignored(spelled.values())
    changed: dict[str, list[str]] = {}
    for path in wanted:
        if spelled[path] not in ignored:
            folder, _, name = path.rpartition("/")
            changed.setdefault(folder, []).append(line_for(name))
    return [_rewrite(project, folder, add=lines) for folder, lines in sorted(changed.items())]


def stop_ignoring(project: Project, paths: Iterable[str]) -> list[str]:
    """Remove the lines that `ignore` wrote; an ignore file without any other line goes.

    The lock on pointers and ignore files must be held.

    Returns:
        The ignore files that were changed, relative to the root.
    """
    changed: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        if line_for(name) in _lines(project, folder):
            changed.setdefault(folder, []).append(line_for(name))
    return [_rewrite(project, folder, drop=lines) for folder, lines in sorted(changed.items())]


def _rewrite(
    project: Project, folder: str, *, add: Iterable[str] = (), drop: Iterable[str] = ()
) -> str:
    path = os.path.join(folder, _NAME)
    lines = [line for line in _lines(project, folder) if line not in set(drop)]
    lines += [line for line in add if line not in lines]
    if lines:
        text = "".join(line + "\n" for line in lines)
        data = text.encode("utf-8", "surrogateescape")
        write_atomically(project.root / path, data)
    else:
        discard(os.path.join(project.root, path))
    return path.replace(os.sep, "/")


def _lines(project: Project, folder: str) -> list[str]:
    path = os.path.join(folder, _NAME)
    name = os.path.join(project.root, path)
    if os.path.islink(name):
        # One that came with a repository may lead anywhere: git does not read it either.
        raise FileAccessError(
            path, "it is a symbolic link", hint="put a file in its place: git reads no others"
        )
    try:
        with open(name, "rb") as stream:
            text = stream.read().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return []
    return text.removesuffix("\n").split("\n") if text else []
