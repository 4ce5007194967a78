"""Reading commits, trees and blobs, in this process. Importing this loads pygit2.

What cannot be read is an error that names it, never passed over: garbage collection relies on
hearing of everything.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from stat import S_ISDIR, S_ISREG

import pygit2
from pygit2.enums import ObjectType, RepositoryOpenFlag, SortMode

from dvclite.errors import GitError
from dvclite.git.location import Place
from dvclite.git.program import distrust, text
from dvclite.git.versions import FileVersion, Wanted

# git need not hold the empty blob to know it.
_EMPTY = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"

# Nothing that is checked out has more folders, or paths as long: this is a trap.
_MOST_FOLDERS = 1_000_000
_LONGEST_PATH = 4096

_FAILURES = (pygit2.GitError, KeyError, ValueError, OSError)


class Reader:
    """Reads what a repository holds, by git's ids.

    Not for several threads at a time.

    Args:
        place: Where the repository is.

    Raises:
        GitError: libgit2 cannot open it, and why.
    """

    def __init__(self, place: Place) -> None:
        self._common_dir = place.common_dir
        self._repository = _opened(place)

    def commit(self, name: str) -> pygit2.Commit | None:
        """Return the commit that an id names, itself or by way of tags; None if it is no commit.

        Raises:
            GitError: It cannot be read.
        """
        found = self._peeled(name)
        return found if isinstance(found, pygit2.Commit) else None

    def holds(self, name: str) -> bool:
        """Say whether the repository has what an id names."""
        return name in self._repository

    def reachable(
        self, tips: Iterable[str], *, newest_first: bool = False
    ) -> Iterator[pygit2.Commit]:
        """Yield the commits that can be reached, each once; in a shallow clone to its boundary.

        Args:
            tips: Ids; those that do not lead to commits are passed over.
            newest_first: Yield children before their parents, by date where that allows.

        Raises:
            GitError: A commit cannot be read.
        """
        order = SortMode.TOPOLOGICAL | SortMode.TIME if newest_first else SortMode.NONE
        walker = self._repository.walk(None, order)
        for tip in tips:
            commit = self.commit(tip)
            if commit is not None:
                walker.push(commit.id)
        try:
            yield from walker
        except _FAILURES as error:
            raise self._unreadable("a commit", error) from error

    def find(self, tree: pygit2.Oid, path: str) -> pygit2.Oid | None:
        """Return the id of the regular file at a path of a tree, or None if there is none.

        Raises:
            GitError: A tree on the way cannot be read.
        """
        folder, _, name = path.rpartition("/")
        holder = self.subtree(tree, folder.split("/") if folder else [])
        if holder is None:
            return None
        entry = self._entry(holder, name)
        return entry.id if entry is not None and S_ISREG(entry.filemode) else None

    def subtree(self, tree: pygit2.Oid, parts: Sequence[str]) -> pygit2.Oid | None:
        """Return the id of the folder at a path of a tree, or None if there is none.

        Raises:
            GitError: A tree on the way cannot be read.
        """
        for part in parts:
            entry = self._entry(tree, part)
            if entry is None or not S_ISDIR(entry.filemode):
                return None
            tree = entry.id
        return tree

    def load(self, path: str, blob: pygit2.Oid | str, limit: int) -> FileVersion:
        """Return a file with its content, if that has no more than `limit` bytes.

        Raises:
            GitError: It cannot be read.
        """
        name = str(blob)
        if name == _EMPTY:
            return FileVersion(path, name, 0, b"")
        try:
            oid = pygit2.Oid(hex=name)
            kind, size = self._repository.odb.read_header(oid)
            if kind != ObjectType.BLOB:
                raise GitError(f"{path}: git has {name} as something else than a file")
            data = self._repository.odb.read(oid)[1] if size <= limit else None
        except _FAILURES as error:
            raise self._unreadable(f"{path} ({name})", error) from error
        return FileVersion(path, name, size, data)

    def files(
        self, revisions: Iterable[str], prefix: str, wanted: Wanted, limit: int
    ) -> Iterator[FileVersion]:
        """Yield every distinct pair of a path and a content that revisions hold.

        A tree that many commits share is read once.

        Args:
            revisions: Ids of commits or trees; others are passed over.
            prefix: The folder whose files are meant, from the top: empty, or ending in `/`.
            wanted: Asked with paths relative to that folder.
            limit: The content of larger files is left out, in bytes.

        Raises:
            GitError: Something cannot be read.
        """
        roots: set[pygit2.Oid] = set()
        visited: set[tuple[pygit2.Oid, str]] = set()
        found: set[tuple[pygit2.Oid, str]] = set()
        for revision in revisions:
            root = self._root(revision)
            if root is None or root in roots:
                continue
            roots.add(root)
            tree = self.subtree(root, prefix.split("/")[:-1])
            if tree is None:
                continue
            for entry in self._walk(tree, visited, wanted):
                if entry not in found:
                    found.add(entry)
                    yield self.load(entry[1], entry[0], limit)

    def _walk(
        self, tree: pygit2.Oid, visited: set[tuple[pygit2.Oid, str]], wanted: Wanted
    ) -> Iterator[tuple[pygit2.Oid, str]]:
        """Yield the files of a tree, without the folders that were visited under the same path."""
        ahead = [(tree, "")]
        count = 0
        while ahead:
            folder = ahead.pop()
            if folder in visited:
                continue
            visited.add(folder)
            count += 1
            prefix = folder[1]
            if count > _MOST_FOLDERS or len(prefix) > _LONGEST_PATH:
                raise GitError(f"tree {tree} has more folders, or deeper ones, than any real one")
            for entry in self._tree(folder[0]):
                path = prefix + text(entry.raw_name or b"")
                if S_ISDIR(entry.filemode):
                    ahead.append((entry.id, f"{path}/"))
                elif S_ISREG(entry.filemode) and wanted(path):
                    yield entry.id, path

    def _entry(self, tree: pygit2.Oid, name: str) -> pygit2.Object | None:
        content = self._tree(tree)
        return content[name] if name and name in content else None

    def _tree(self, oid: pygit2.Oid) -> pygit2.Tree:
        found = self._get(oid)
        if not isinstance(found, pygit2.Tree):
            raise GitError(f"git has {oid} as something else than a tree")
        return found

    def _root(self, revision: str) -> pygit2.Oid | None:
        found = self._peeled(revision)
        if isinstance(found, pygit2.Commit):
            return found.tree_id
        return found.id if isinstance(found, pygit2.Tree) else None

    def _peeled(self, name: str) -> object:
        found = self._get(name)
        while isinstance(found, pygit2.Tag):
            found = self._get(found.target)
        return found

    def _get(self, name: str | pygit2.Oid) -> object:
        try:
            return self._repository[name]
        except _FAILURES as error:
            raise self._unreadable(str(name), error) from error

    def _unreadable(self, what: str, error: Exception) -> GitError:
        reason = error.args[0] if isinstance(error, KeyError) and error.args else error
        if any((self._common_dir / "objects" / "pack").glob("*.promisor")):
            hint = "this is a partial clone; `git fetch --refetch --no-filter` completes it"
        else:
            hint = "`git fsck` tells what is damaged; another clone may have it whole"
        return GitError(f"git cannot read {what}: {reason}", hint=hint)


def _opened(place: Place) -> pygit2.Repository:
    # They concern refs and fetching, which are left to git, and not what is read here.
    known = pygit2.settings.extensions
    missing = [name for name in ("partialclone", "refstorage") if name not in known]
    if missing:
        pygit2.settings.set_extensions([*known, *missing])
    try:
        return pygit2.Repository(str(place.common_dir), RepositoryOpenFlag.NO_SEARCH)
    except _FAILURES as error:
        raise _refused(place.common_dir, str(error)) from error


def _refused(folder: Path, reason: str) -> GitError:
    if "not owned by" in reason:
        return distrust(str(folder))
    if "object format" in reason or "objectformat" in reason:
        return GitError(
            f"{folder} names its commits by SHA-256, and libgit2 reads SHA-1 only",
            hint="commands that read history need a repository made by `git init --object-format=sha1`",
        )
    return GitError(f"libgit2 cannot read {folder}: {reason}")
