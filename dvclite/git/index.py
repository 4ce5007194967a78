"""What git tracks, ignores and stages below a root: the index, and the files in the work tree."""

import os
import re
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dvclite.errors import FileAccessError, GitError
from dvclite.git.location import find_place
from dvclite.git.program import Answer, joined, refusal, run, split, start

POINTERS = ("*.dvc",)
"""The names of pointer files, as patterns."""

# More paths than these are looked for in a list of everything that is tracked.
_MOST_PATHSPECS = 64

_UNREADABLE = re.compile(r"^warning: could not open directory '(.*?)/?': ", re.MULTILINE)
_LOCKED = re.compile(r"Unable to create '(.*\.lock)': File exists")


@dataclass(frozen=True, slots=True)
class FoundPointers:
    """The pointer files of a work tree.

    Attributes:
        paths: Sorted, each once.
        unreadable: Folders that could not be looked into: there may be more below them.
    """

    paths: tuple[str, ...]
    unreadable: tuple[str, ...]


class Index:
    """What git knows of the files below a root.

    All paths are relative to the root.

    Args:
        root: A folder in a git work tree; its top, or below it.
        environ: The process's environment.
        patience: How many seconds to wait for another git process that changes the index.

    Raises:
        GitError: The root is in no git work tree.
    """

    def __init__(self, root: Path, environ: Mapping[str, str], *, patience: float = 5.0) -> None:
        self._place = find_place(root, environ)
        self._patience = patience

    def tracked(self, paths: Sequence[str]) -> list[str]:
        """Return the files at and below these paths that git tracks, present or not.

        Args:
            paths: `.` is the root itself.

        Raises:
            GitError: git refused.
        """
        if not paths:
            return []
        if len(paths) <= _MOST_PATHSPECS:
            few = self._ask("--literal-pathspecs", "ls-files", "-z", "--", *paths)
            return list(dict.fromkeys(split(few.out)))
        wanted = {path.rstrip("/") for path in paths}
        return [
            name
            for name in dict.fromkeys(split(self._ask("ls-files", "-z").out))
            if "." in wanted or name in wanted or not wanted.isdisjoint(_parents(name))
        ]

    def ignored(self, paths: Iterable[str]) -> set[str]:
        """Return those of these paths that git leaves alone: ignored, and not tracked.

        Args:
            paths: Need not exist; a folder that does not should end in `/`.

        Raises:
            GitError: git refused, for instance as a path leads through a symbolic link.
        """
        spelled = {f"./{path}" if path.startswith(":") else path: path for path in paths}
        if not spelled:
            return set()
        # git would look the paths up in the index as patterns: that is left to `tracked`.
        answer = run(
            ["check-ignore", "--no-index", "-z", "--stdin"],
            self._place.root,
            self._place.environ,
            given=joined(spelled),
            accepted=(0, 1),
        )
        matched = [spelled[path] for path in split(answer.out)]
        held = set[str]()
        for name in self.tracked(matched):
            held.update((name, *_parents(name)))
        return {path for path in matched if path.rstrip("/") not in held}

    def find_pointers(self, names: Sequence[str] = POINTERS) -> FoundPointers:
        """Return the pointer files that are there: tracked, or neither tracked nor ignored.

        Repositories inside this one are not entered.

        Args:
            names: Patterns, of which a file's name must match one.

        Raises:
            GitError: git refused.
            FileAccessError: A file that git tracks cannot be looked at.
        """
        listing = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--")
        answer = self._ask(*listing, *_pathspecs(names))
        present = _Present(self._place.root)
        return FoundPointers(
            paths=tuple(sorted(path for path in set(split(answer.out)) if path in present)),
            unreadable=tuple(_UNREADABLE.findall(answer.err)),
        )

    def ignored_pointers(self, names: Sequence[str] = POINTERS) -> list[str]:
        """Return the pointer files that git ignores: nobody else will ever see them.

        git looks through every ignored folder for this, outputs too: it takes time where they are
        large, and what it finds inside an output is data.

        Args:
            names: As in `find_pointers`.

        Raises:
            GitError: git refused.
        """
        listing = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--")
        return sorted(split(self._ask(*listing, *_pathspecs(names)).out))

    def unstaged(self, paths: Sequence[str]) -> list[str]:
        """Return those of these files that are not in the index as they are now: gone ones, too.

        Raises:
            GitError: git refused.
        """
        if not paths:
            return []
        listing = ("ls-files", "-z", "--modified", "--others", "--exclude-standard", "--")
        found = set(split(self._ask("--literal-pathspecs", *listing, *paths).out))
        return [path for path in dict.fromkeys(paths) if path in found]

    def stage(self, paths: Sequence[str]) -> None:
        """Put files into the index as they are now: what `git add` does.

        Args:
            paths: Files that are there and that git does not ignore. Never folders, through which
                data could slip into git.

        Raises:
            GitError: git refused, or another git process holds the index.
            ValueError: One is a folder.
        """
        for path in paths:
            if os.path.isdir(self._place.root / path) and not os.path.islink(
                self._place.root / path
            ):
                raise ValueError(f"{path} is a folder")
        if paths:
            add = ("--literal-pathspecs", "add", "--pathspec-from-file=-", "--pathspec-file-nul")
            self._change(add, joined(paths))

    def untrack(self, paths: Sequence[str]) -> None:
        """Take files out of the index, so that the next commit removes them; tracked or not.

        What is in the work tree stays.

        Raises:
            GitError: git refused, or another git process holds the index.
        """
        if paths:
            self._change(("update-index", "--force-remove", "-z", "--stdin"), joined(paths))

    def _ask(self, *arguments: str) -> Answer:
        return run(arguments, self._place.root, self._place.environ)

    def _change(self, arguments: Sequence[str], given: bytes) -> None:
        """Run git to change the index, when nobody else does."""
        deadline = time.monotonic() + self._patience
        while True:
            answer = start(arguments, self._place.root, self._place.environ, given=given)
            if answer.code == 0:
                return
            lock = _LOCKED.search(answer.err)
            if lock is None:
                raise refusal(arguments, answer.err)
            if time.monotonic() > deadline:
                raise GitError(
                    f"another git process is changing the index: {lock.group(1)} is there",
                    hint="wait for it to end; if none is running, one was killed: remove that file",
                )
            time.sleep(0.05)


class _Present:
    """Says which paths are there, and not behind a symbolic link, as git sees it.

    Args:
        root: What the paths are relative to.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: dict[str, bool] = {}

    def __contains__(self, path: str) -> bool:
        if path.rpartition("/")[2] in ("", ".dvc"):
            return False
        for folder in _parents(path):
            if folder not in self._folders:
                self._folders[folder] = stat.S_ISDIR(self._mode(folder))
            if not self._folders[folder]:
                return False
        mode = self._mode(path)
        return mode != 0 and not stat.S_ISDIR(mode)

    def _mode(self, path: str) -> int:
        """Return what kind of thing is at a path; 0 if nothing is."""
        try:
            return os.lstat(self._root / path).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return 0
        except OSError as error:
            raise FileAccessError(path, error.strerror or str(error)) from error


def _parents(path: str) -> Iterator[str]:
    """Yield the folders above a path, the outermost first."""
    end = path.find("/")
    while end != -1:
        yield path[:end]
        end = path.find("/", end + 1)


def _pathspecs(names: Iterable[str]) -> list[str]:
    return [f":(glob)**/{name}" for name in names]
