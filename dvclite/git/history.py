"""What was committed, or is kept otherwise, without touching the work tree.

This module is light: pygit2 is loaded when a commit is read.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any

from dvclite.errors import GitError
from dvclite.git import refs
from dvclite.git.location import find_place
from dvclite.git.refs import Head
from dvclite.git.versions import Change, FileVersion, Wanted
from dvclite.pointer import LARGEST, is_pointer


class Scope(Enum):
    """Which commits are meant."""

    BRANCHES = "branches"
    """The newest commit of each local branch."""
    TAGS = "tags"
    """The commits that tags name."""
    COMMITS = "commits"
    """All that the head or any ref reaches: local, remote-tracking, tags, the stash."""
    EVERYTHING = "everything"
    """All that git could still check out in any work tree: COMMITS, what the reflogs remember
    (older stashes too), the heads of linked worktrees, and what a merge or rebase has put aside."""


class History:
    """What git knows of the past of the files below a root.

    Paths are relative to the root; commits are ids, as `resolve` returns them. Not for several
    threads at a time.

    Args:
        root: A folder in a git work tree; its top, or below it.
        environ: The process's environment.

    Raises:
        GitError: The root is in no git work tree.
    """

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self._place = find_place(root, environ)

    @property
    def git_folder(self) -> Path:
        """The folder that git keeps for this work tree."""
        return self._place.git_dir

    def resolve(self, revision: str) -> str:
        """Return the id of the commit that a revision names, in any of git's notations.

        Raises:
            UnknownRevisionError: git knows no such commit.
            GitError: It names several, or git refused.
        """
        return refs.resolve(self._place, revision)

    def head(self) -> Head:
        """Return what is checked out: a commit, if there is one, and a branch, unless detached.

        Raises:
            GitError: git refused.
        """
        return refs.head(self._place)

    def branches(self) -> dict[str, str]:
        """Return the local branches by name, and their newest commits.

        Raises:
            GitError: Something cannot be read.
        """
        return self._commits_below("refs/heads/")

    def tags(self) -> dict[str, str]:
        """Return the tags by name, and the commits that they name; others are left out.

        Raises:
            GitError: Something cannot be read.
        """
        return self._commits_below("refs/tags/")

    def is_shallow(self) -> bool:
        """Say whether older commits were left out when this repository was cloned."""
        shallow = self._place.common_dir / "shallow"
        return shallow.exists() and shallow.stat().st_size > 0

    def commits(self, scope: Scope) -> list[str]:
        """Return the commits of a scope, each once.

        Raises:
            GitError: Something cannot be read.
        """
        if scope is Scope.BRANCHES:
            return list(dict.fromkeys(self.branches().values()))
        if scope is Scope.TAGS:
            return list(dict.fromkeys(self.tags().values()))
        if scope is Scope.COMMITS:
            tips = [ref.id for ref in refs.all_refs(self._place)]
            head = self.head().commit
            tips += [head] if head is not None else []
        else:
            tips = self._kept_tips()
        return [str(commit.id) for commit in self._reader.reachable(tips)]

    def read(self, commit: str, path: str, *, limit: int = LARGEST) -> bytes | None:
        """Return a file's bytes as of a commit, or None if it has no regular file there.

        Raises:
            GitError: It cannot be read, or has more than `limit` bytes.
        """
        found = self._reader.commit(commit)
        if found is None:
            raise GitError(f"{commit} is not a commit")
        blob = self._reader.find(found.tree_id, self._place.prefix + path)
        if blob is None:
            return None
        version: FileVersion = self._reader.load(path, blob, limit)
        if version.data is None:
            raise GitError(f"{path} has {version.size:,} bytes in {commit}, more than {limit:,}")
        return version.data

    def files(self, commit: str, wanted: Wanted, *, limit: int = LARGEST) -> Iterator[FileVersion]:
        """Yield files as of a commit.

        Args:
            commit: Its id.
            wanted: Says by its path whether a file is to be read.
            limit: The content of larger files is left out, in bytes.

        Raises:
            GitError: Something cannot be read.
        """
        yield from self._reader.files([commit], self._place.prefix, wanted, limit)

    def pointers(self, commit: str) -> Iterator[FileVersion]:
        """Yield the pointers as of a commit; the content of what is too large for one is None.

        Raises:
            GitError: Something cannot be read.
        """
        return self.files(commit, is_pointer)

    def pointers_everywhere(
        self, commits: Iterable[str], wanted: Wanted = is_pointer
    ) -> Iterator[FileVersion]:
        """Yield every distinct pair of a path and a content that many commits hold.

        What commits share is read once: ten thousand of them take seconds.

        Args:
            commits: Their ids.
            wanted: Says by its path whether a file is meant.

        Raises:
            GitError: Something cannot be read.
        """
        yield from self._reader.files(commits, self._place.prefix, wanted, LARGEST)

    def pointers_kept(self, wanted: Wanted = is_pointer) -> Iterator[FileVersion]:
        """Yield every distinct pair of a path and a content that git keeps in any way.

        That is what the commits of `Scope.EVERYTHING` hold, and what is staged in any work tree.

        Args:
            wanted: Says by its path whether a file is meant.

        Raises:
            GitError: Something cannot be read: then nobody knows what is still needed.
        """
        tips = self._kept_tips()
        commits = [str(commit.id) for commit in self._reader.reachable(tips)]
        # Among the tips there may be trees without a commit.
        committed = self._reader.files([*commits, *tips], self._place.prefix, wanted, LARGEST)
        seen: set[tuple[str, str]] = set()
        for version in committed:
            seen.add((version.path, version.blob))
            yield version
        for version in self.staged(wanted):
            if (version.path, version.blob) not in seen:
                yield version

    def staged(self, wanted: Wanted = is_pointer) -> Iterator[FileVersion]:
        """Yield what is in the index of any work tree, both sides of a conflict included.

        Args:
            wanted: Says by its path whether a file is meant.

        Raises:
            GitError: Something cannot be read.
        """
        prefix = self._place.prefix
        for path, blob in refs.staged_entries(self._place):
            inner = path.removeprefix(prefix)
            if path.startswith(prefix) and wanted(inner):
                yield self._reader.load(inner, blob, LARGEST)

    def log(self, path: str, commit: str | None = None) -> Iterator[Change]:
        """Yield the commits that changed a file's bytes, the newest first.

        A merge counts if it differs from all that it merged.

        Args:
            path: The file; it need not exist any more.
            commit: Where to begin; what is checked out if None.

        Raises:
            GitError: Something cannot be read.
        """
        from dvclite.git.log import changes

        start = commit if commit is not None else self.head().commit
        if start is not None:
            prefix = self._place.prefix
            yield from changes(self._reader, prefix, path, start, self.tags())

    def _commits_below(self, prefix: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for ref in refs.all_refs(self._place, prefix):
            commit = self._reader.commit(ref.id)
            if commit is not None:
                found[ref.name.removeprefix(prefix)] = str(commit.id)
        return found

    def _kept_tips(self) -> list[str]:
        kept, passing = refs.kept_tips(self._place)
        present = [tip for tip in passing if self._reader.holds(tip)]
        return list(dict.fromkeys([*kept, *present]))

    @cached_property
    def _reader(self) -> Any:
        # Its type would load pygit2 with this module.
        from dvclite.git.reader import Reader

        return Reader(self._place)
