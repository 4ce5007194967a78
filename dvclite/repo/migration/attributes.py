"""Lines of `.gitattributes` that hand files to Git LFS, and go when no such file is left."""

import os
import re
from collections.abc import Iterable, Sequence
from posixpath import dirname

from dvclite.files.atomic import discard, write_atomically
from dvclite.files.reading import read_small
from dvclite.git.lfs import governed
from dvclite.ignore.patterns import as_bytes, read_patterns
from dvclite.repo.project import Project

NAME = ".gitattributes"
_OF_LFS = frozenset({"filter=lfs", "diff=lfs", "merge=lfs", "-text", "lockable"})
_LINE = re.compile(r'\s*("(?:[^"\\]|\\.)*"|\S+)\s*(.*?)\s*')
_ESCAPED = re.compile(r"\\(.)")
_OURS = ("*.dvc !filter !diff !merge !text", ".gitignore !filter !diff !merge !text")


def idle_lines(project: Project, left: Iterable[str]) -> dict[str, list[str]]:
    """Return the lines that hand nothing to Git LFS any more, by the file that they stand in.

    Args:
        project: The repository.
        left: The files that Git LFS keeps.
    """
    remaining = list(left)
    found: dict[str, list[str]] = {}
    for path in project.index.find_pointers((NAME,)).paths:
        folder = dirname(path)
        below = [
            name[len(folder) + 1 :] if folder else name
            for name in remaining
            if not folder or name.startswith(folder + "/")
        ]
        for line in _lines(project, path):
            pattern, attributes = _parts(line)
            if "filter=lfs" in attributes and not _matches_any(pattern, below):
                found.setdefault(path, []).append(line)
    return found


def remove_lines(project: Project, lines: dict[str, list[str]]) -> list[str]:
    """Take from lines what they say of Git LFS; a file with no line left goes, for git first.

    Returns:
        The files that were changed, relative to the root.
    """
    kept = {path: _without(_lines(project, path), idle) for path, idle in lines.items()}
    # Who finds a file gone would not know that git is to be told.
    project.index.untrack([path for path, some in kept.items() if not _says_anything(some)])
    for path, some in kept.items():
        _write(project, path, some)
    return list(lines)


def _without(lines: Iterable[str], idle: Sequence[str]) -> list[str]:
    """Return lines with nothing of Git LFS in those that are idle."""
    kept = []
    for line in lines:
        if line not in idle:
            kept.append(line)
            continue
        pattern, attributes = _parts(line)
        others = [word for word in attributes if word not in _OF_LFS]
        if others:
            kept.append(" ".join([_written(line, pattern), *others]))
    if any("filter=lfs" in _parts(line)[1] for line in kept):
        return kept
    return [line for line in kept if line not in _OURS]


def spare(project: Project, paths: Sequence[str]) -> list[str]:
    """Let git take pointers and ignore files as they are, where lines would hand them to Git LFS.

    Returns:
        The files that were changed, relative to the root.
    """
    taken = governed(project.root, project.environ, paths)
    changed = []
    if taken:
        for path in project.index.find_pointers((NAME,)).paths:
            folder = dirname(path)
            is_above = any(not folder or name.startswith(folder + "/") for name in taken)
            lines = _lines(project, path)
            if is_above and any("filter=lfs" in _parts(line)[1] for line in lines):
                _write(project, path, [*lines, *(one for one in _OURS if one not in lines)])
                changed.append(path)
    return changed


def _parts(line: str) -> tuple[str, list[str]]:
    """Return the pattern of a line, and its attributes; none where it says nothing."""
    match = _LINE.fullmatch(line)
    if match is None or match[1].startswith(("#", "[attr]")):
        return "", []
    pattern = match[1]
    if pattern.startswith('"'):
        pattern = _ESCAPED.sub(r"\1", pattern[1:-1])
    return pattern, match[2].split()


def _written(line: str, pattern: str) -> str:
    match = _LINE.fullmatch(line)
    return match[1] if match is not None else pattern


def _matches_any(pattern: str, paths: Sequence[str]) -> bool:
    for one in read_patterns(os.fsencode(pattern)):
        for path in paths:
            spelled = as_bytes(path)
            name = spelled if one.whole_path else spelled.rpartition("/")[2]
            if one.regex.fullmatch(name):
                return True
    return False


def _lines(project: Project, path: str) -> list[str]:
    data = read_small(project.root / path) or b""
    return data.decode("utf-8", "surrogateescape").splitlines()


def _says_anything(lines: Iterable[str]) -> bool:
    return any(line.strip() for line in lines)


def _write(project: Project, path: str, lines: Sequence[str]) -> None:
    target = os.path.join(project.root, path)
    if _says_anything(lines):
        text = "".join(line + "\n" for line in lines)
        write_atomically(target, text.encode("utf-8", "surrogateescape"))
    else:
        discard(target)
