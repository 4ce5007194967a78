"""The ignore files of a folder and of all folders below it."""

import os
from pathlib import Path
from typing import Final, NamedTuple, Self

from dvclite.files.reading import read_small
from dvclite.ignore.patterns import Pattern, any_of, as_bytes, read_patterns

IGNORE_FILE = ".dvcignore"
"""What an ignore file is called, in whichever folder."""

_MOST_FOLDERS = 10_000


class Match(NamedTuple):
    """The line that decides about a path.

    Attributes:
        file: The ignore file, relative to the root.
        line: The line's number, from 1.
        pattern: The line.
        ignores: Whether it ignores the path, or takes back what another line ignored.
    """

    file: str
    line: int
    pattern: str
    ignores: bool


class _IgnoreFile:
    """The patterns of one file."""

    __slots__ = ("_names", "_paths", "_skipped", "_strongest_first", "path")

    def __init__(self, path: str, patterns: list[Pattern]) -> None:
        self.path = path
        self._skipped = len(as_bytes(path)) - len(IGNORE_FILE)
        self._strongest_first = patterns[::-1]
        # Most paths match nothing: one look tells, however many patterns there are.
        self._names = any_of(pattern for pattern in patterns if not pattern.whole_path)
        self._paths = any_of(pattern for pattern in patterns if pattern.whole_path)

    def find(self, name: str, path: str, *, is_folder: bool) -> Pattern | None:
        """Return the pattern that decides about a path, given as bytes, if there is one."""
        below = path[self._skipped :]
        if not (self._names is not None and self._names.fullmatch(name)) and not (
            self._paths is not None and self._paths.fullmatch(below)
        ):
            return None
        for pattern in self._strongest_first:
            if (is_folder or not pattern.folders_only) and pattern.regex.fullmatch(
                below if pattern.whole_path else name
            ):
                return pattern
        return None


# Below an ignored folder the line that ignored it decides; else these files do, strongest first.
_Rules = Match | tuple[_IgnoreFile, ...]
_NO_FILES: Final[tuple[_IgnoreFile, ...]] = ()


class IgnoreRules:
    """What the ignore files of a folder and of all folders below it say.

    They are read when the first path below them is asked about. As in git, deeper files and later
    lines win, and what is in an ignored folder is ignored whatever other lines say.

    Paths are relative to the root, with `/` between their parts; bytes that are not UTF-8 as lone
    surrogates.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._files: dict[str, _IgnoreFile] = {}
        self._rules: dict[str, _Rules] = {}

    @classmethod
    def load(cls, root: Path | str) -> Self:
        """Return the rules of the folder `root`."""
        return cls(os.path.abspath(root))

    def matches(self, path: str, is_folder: bool) -> bool:  # noqa: FBT001 - scans ask a million times
        """Say whether a path is ignored.

        Args:
            path: What is asked about. It need not exist.
            is_folder: Whether it is a folder and not a link to one.

        Raises:
            FileAccessError: An ignore file on the way cannot be read.
        """
        parent = path.rpartition("/")[0]
        rules = self._rules.get(parent)
        if rules is None:
            rules = self._rules_in(parent)
        if not rules:
            return False
        if isinstance(rules, Match):
            return True
        match = _decide(rules, path, is_folder=is_folder)
        return match is not None and match.ignores

    def explain(self, path: str, *, is_folder: bool) -> Match | None:
        """Return the line that decides about a path, which may be one that takes back another.

        Args and errors as those of `matches`.
        """
        rules = self._rules_in(path.rpartition("/")[0])
        if isinstance(rules, Match):
            return rules
        return _decide(rules, path, is_folder=is_folder)

    def speak_of(self, folder: str, *, has_file: bool | None = None) -> bool:
        """Say whether any line might match what is directly in a folder.

        Where none can, a scan need not ask about each single name.

        Args:
            folder: The folder; empty for the root.
            has_file: Whether an ignore file is in it, from whoever has just listed it; None to
                look.

        Raises:
            FileAccessError: An ignore file on the way cannot be read.
        """
        return bool(self._rules_in(folder, has_file=has_file))

    def _rules_in(self, folder: str, *, has_file: bool | None = None) -> _Rules:
        known = self._rules.get(folder)
        if known is not None:
            return known
        # From the nearest known folder down, without recursion: a path may have 2,000 parts.
        above, waiting = folder, []
        while above and above not in self._rules:
            waiting.append(above)
            above = above.rpartition("/")[0]
        if above not in self._rules:
            self._rules[""] = self._with_file(
                "", _NO_FILES, has_file=has_file if not folder else None
            )
        rules = self._rules[above]
        while waiting:
            below = waiting.pop()
            rules = self._enter(below, rules, has_file=has_file if below == folder else None)
            self._rules[below] = rules
        if len(self._rules) > _MOST_FOLDERS:
            self._rules = {folder: rules}
        return rules

    def _enter(self, folder: str, above: _Rules, *, has_file: bool | None) -> _Rules:
        if isinstance(above, Match):
            return above
        match = _decide(above, folder, is_folder=True)
        if match is not None and match.ignores:
            return match
        return self._with_file(folder, above, has_file=has_file)

    def _with_file(
        self, folder: str, above: tuple[_IgnoreFile, ...], *, has_file: bool | None
    ) -> tuple[_IgnoreFile, ...]:
        if has_file is False:
            return above
        path = f"{folder}/{IGNORE_FILE}" if folder else IGNORE_FILE
        own = self._files.get(path)
        if own is None:
            patterns = list(read_patterns(read_small(os.path.join(self._root, path)) or b""))
            if not patterns:
                return above
            own = self._files[path] = _IgnoreFile(path, patterns)
        return (own, *above)


def _decide(files: tuple[_IgnoreFile, ...], path: str, *, is_folder: bool) -> Match | None:
    """Return what files, the strongest first, say about a path whose parent is not ignored."""
    if not files:
        return None
    plain = as_bytes(path)
    name = plain.rpartition("/")[2]
    for file in files:
        pattern = file.find(name, plain, is_folder=is_folder)
        if pattern is not None:
            return Match(file.path, pattern.line, pattern.text, not pattern.negated)
    return None
