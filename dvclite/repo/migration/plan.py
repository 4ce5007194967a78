"""What a change of format has to do: which outputs, and whether all of their content is there."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from dvclite.errors import (
    BlobCorruptError,
    BlobMissingError,
    HostilePathError,
    TreeError,
    UnsupportedFileError,
)
from dvclite.hashing import is_foreign
from dvclite.pointer import Output, Pointer
from dvclite.repo.migration.kinds import lost
from dvclite.repo.migration.results import Kept
from dvclite.repo.outputs import owned, pointers
from dvclite.repo.project import Project
from dvclite.tree import Entry
from dvclite.workspace.uncached import named

_NEVER_COMPUTED = "its pointer has no hash of what it holds"
_IMPORTED = "it is imported from another repository, which names it so"
_NAMED_REMOTE = "its pointer names a remote that only a repository of DVC's can have"
_MADE = "a pipeline of DVC's makes it"
_ELSEWHERE = "it is in no cache, and not in the workspace as its pointer says"
_MISSING = "its content is missing"

_TOGETHER = 50_000
"""How many files of a directory are looked for at once."""


@dataclass(slots=True)
class Plan:
    """What is to be done.

    Attributes:
        source: The repository with the format that is left.
        tasks: By pointer, the outputs that get new names, as the old format names them.
        files: How many files they have.
        size: How many bytes they hold; -1 where that is not known.
        missing: Paths whose content is not in the cache.
        lacking: The outputs that these belong to.
        kept: Outputs that keep their names.
        lost: Paths of what the new format has no place for.
    """

    source: Project
    tasks: dict[str, list[Output]] = field(default_factory=dict)
    files: int = 0
    size: int = 0
    missing: list[str] = field(default_factory=list)
    lacking: list[Output] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def outputs(self) -> list[str]:
        """The paths of the outputs that get new names."""
        return sorted(output.path for outputs in self.tasks.values() for output in outputs)

    def keep_what_is_missing(self) -> None:
        """Leave outputs out of which something is missing."""
        paths = {output.path for output in self.lacking}
        for pointer, outputs in list(self.tasks.items()):
            self.tasks[pointer] = [one for one in outputs if one.path not in paths]
        self.kept += [Kept(path, _MISSING) for path in sorted(paths)]


def plan(project: Project, source: Project, *, keeps_all: bool) -> Plan:
    """Look through all pointers of the workspace.

    Args:
        project: The repository.
        source: The same with the format that is left: itself, or what it was.
        keeps_all: Whether the new format has a place for all that trees can hold.

    Raises:
        PointerError, HostilePathError, OverlapError, GitError: Pointers cannot be read.
        UnsupportedFileError: A name cannot be written down in the new format.
    """
    found = Plan(source)
    measure = _Measure(found, keeps_all=keeps_all)
    for pointer in pointers(project):
        for output in pointer.outputs:
            owner, own = owned(project, output)
            if owner is not source and output.oid is not None:
                continue
            reason = _reason(source, pointer, own, keeps_all=keeps_all)
            if reason:
                found.kept.append(Kept(output.path, reason))
                continue
            found.tasks.setdefault(pointer.path, []).append(own)
            if own.cached:
                measure.add(own)
    return found


def foreign_outputs(project: Project) -> list[Output]:
    """Return the outputs of the workspace that have names of the former format."""
    algorithm = project.format.algorithm
    return [
        output
        for pointer in pointers(project)
        for output in pointer.outputs
        if output.oid is not None and is_foreign(output.oid, algorithm)
    ]


def _reason(source: Project, pointer: Pointer, output: Output, *, keeps_all: bool) -> str:
    """Return why an output keeps its name; nothing where it does not."""
    if pointer.read_only:
        return _MADE
    if output.oid is None:
        return _NEVER_COMPUTED
    if keeps_all and output.origin is not None and output.origin.home is not None:
        return _IMPORTED
    if keeps_all and _is_on_a_remote_of_versions(source, output):
        return _NAMED_REMOTE
    if not output.cached and not _is_here(source, output):
        return _ELSEWHERE
    return ""


def _is_on_a_remote_of_versions(source: Project, output: Output) -> bool:
    names = source.config.remote_names()
    name = (output.remote or "").lower()
    return name in names and source.config.remote(name).keeps_versions


def _is_here(source: Project, output: Output) -> bool:
    """Say whether an output that is in no cache is in the workspace as its pointer says."""
    if not source.workspace.exists(output.path):
        return False
    try:
        return named(source.workspace, output).oid == output.oid
    except UnsupportedFileError:
        return False


class _Measure:
    """Adds up what outputs hold."""

    def __init__(self, found: Plan, *, keeps_all: bool) -> None:
        self._found = found
        self._cache = found.source.cache
        self._keeps_all = keeps_all

    def add(self, output: Output) -> None:
        """Take account of an output.

        Raises:
            TreeError, HostilePathError: Its tree cannot be used.
            UnsupportedFileError: A name in it cannot be written down in the new format.
        """
        assert output.oid is not None, "what was never computed keeps its name"
        found = self._found
        if not output.is_directory:
            self._add(output, [Entry(output.path, output.oid, output.size)], prefix="")
            return
        try:
            tree = self._cache.tree(output.oid)
        except (BlobMissingError, BlobCorruptError):
            found.missing.append(output.path)
            found.lacking.append(output)
            found.files += output.files or 0
            found.size = -1
            return
        except (TreeError, HostilePathError) as error:
            raise error.at(output.path) from error
        prefix = f"{output.path}/"
        if not self._keeps_all:
            _check_names(tree, prefix)
            found.lost += [prefix + path for path in lost(tree)]
        self._add(output, tree, prefix)

    def _add(self, output: Output, entries: Iterable[Entry], prefix: str) -> None:
        found = self._found
        files = (entry for entry in entries if entry.is_file)
        missing = len(found.missing)
        while together := list(islice(files, _TOGETHER)):
            absent = self._cache.absent(entry.oid for entry in together)
            for entry in together:
                if entry.oid in absent:
                    found.missing.append(prefix + entry.path)
                size = self._size(entry) if found.size >= 0 else -1
                found.size = found.size + size if size >= 0 else -1
            found.files += len(together)
        if len(found.missing) > missing:
            found.lacking.append(output)

    def _size(self, entry: Entry) -> int:
        """Return how many bytes a file has; -1 where nobody can tell before it is there."""
        if entry.size >= 0:
            return entry.size
        path = self._cache.loose.find(entry.oid)
        return os.path.getsize(path) if path is not None else -1


def _check_names(entries: Iterable[Entry], prefix: str) -> None:
    for entry in entries:
        if not entry.path.isascii():
            try:
                entry.path.encode("utf-8")
            except UnicodeEncodeError:
                raise UnsupportedFileError(
                    prefix + entry.path,
                    "its name is not UTF-8, which a repository of DVC's cannot hold",
                    hint="rename it, and add it again",
                ) from None
