"""What changed in the workspace since it was added."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from dvclite.errors import (
    BlobCorruptError,
    BlobMissingError,
    DvcliteError,
    HostilePathError,
    TreeError,
    shown,
)
from dvclite.hashing import Oid
from dvclite.pointer import Output, Pointer
from dvclite.progress import Progress
from dvclite.tree import below
from dvclite.workspace.compare import differences, wanted_entries
from dvclite.workspace.uncached import named
from dvclite.workspace.workspace import Workspace


class State(StrEnum):
    """How an output in the workspace relates to its pointer."""

    UNCHANGED = "unchanged"
    MODIFIED = "modified"
    ABSENT = "absent"
    """Not in the workspace at all: not checked out, or deleted."""
    UNKNOWN = "unknown"
    """Its tree is not in the cache, or something cannot be used, so that nothing can be said."""


@dataclass(frozen=True, slots=True)
class OutputStatus:
    """The state of one output.

    Attributes:
        path: The output, relative to the repository's root.
        pointer: The pointer that names it.
        state: How the workspace relates to the pointer.
        added: Files that are new in a directory, relative to the repository's root, sorted.
        modified: Files with other content.
        deleted: Files that are gone.
        not_cached: How many of its blobs are not in the cache.
        files: How many files the pointer says there are; None for a single file.
        size: How many bytes the pointer says there are; -1 where it does not.
        reason: Why nothing can be said of it, where something about it cannot be used or read.
        hint: What to do about that.
    """

    path: str
    pointer: str
    state: State
    added: tuple[str, ...] = ()
    modified: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    not_cached: int = 0
    files: int | None = None
    size: int = -1
    reason: str = ""
    hint: str = ""

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing to tell."""
        return self.state is State.UNCHANGED and not self.not_cached


def unreadable(path: str, pointer: str, error: DvcliteError) -> OutputStatus:
    """Return the status of what cannot be told, since something about it cannot be used or read.

    Args:
        path: The output; the pointer where even that cannot be told.
        pointer: The pointer.
        error: What is wrong.
    """
    reason = str(error).partition("\n")[0].removeprefix(f"{shown(path)}: ")
    return OutputStatus(path, pointer, State.UNKNOWN, reason=reason, hint=error.hint)


def output_status(
    workspace: Workspace, pointer: Pointer, output: Output, path: str, progress: Progress
) -> OutputStatus:
    """Return how an output is, without changing anything anywhere.

    Args:
        workspace: The workspace.
        pointer: What names the output.
        output: The output.
        path: The output's path, or one inside it to look no further.
        progress: Is told of outputs.

    Raises:
        FileAccessError: Something cannot be read.
    """
    try:
        return _status(workspace, pointer, output, path, progress)
    except (TreeError, HostilePathError) as error:
        return unreadable(output.path, pointer.path, error)


def _status(
    workspace: Workspace, pointer: Pointer, output: Output, path: str, progress: Progress
) -> OutputStatus:
    status = OutputStatus(
        path=output.path,
        pointer=pointer.path,
        state=State.UNKNOWN,
        not_cached=_not_cached(workspace, output, path),
        files=output.files,
        size=output.size,
    )
    if not workspace.exists(output.path):
        return replace(status, state=State.ABSENT)
    if output.is_directory and not output.cached:
        is_same = named(workspace, output).oid == output.oid
        return replace(status, state=State.UNCHANGED if is_same else State.MODIFIED)
    try:
        found = list(differences(workspace, output, path))
    except (BlobMissingError, BlobCorruptError):
        return status
    progress.advance(files=1)
    changed = found or _is_other_kind(workspace, output)
    return replace(
        status,
        state=State.MODIFIED if changed else State.UNCHANGED,
        added=tuple(item.path for item in found if item.wanted is None),
        modified=tuple(item.path for item in found if item.wanted and item.current),
        deleted=tuple(item.path for item in found if item.current is None),
    )


def blobs(workspace: Workspace, output: Output, path: str) -> Iterator[Oid]:
    """Yield what the cache must hold for an output, or for a part of it; the tree first.

    Raises:
        BlobMissingError, BlobCorruptError, TreeError, HostilePathError: The tree is not in the
            cache, or cannot be used, and what it names is not known otherwise.
    """
    if output.oid is None or not output.cached:
        return
    if not output.is_directory:
        yield output.oid
        return
    yield output.oid
    whole = workspace.statcache.whole_at(output.path)
    if whole is not None and whole.oid == output.oid:
        yield from workspace.statcache.oids_below(path)
    else:
        entries = below(wanted_entries(workspace, output), path)
        yield from (entry.oid for entry in entries if entry.is_file)


def _not_cached(workspace: Workspace, output: Output, path: str) -> int:
    try:
        return len(workspace.cache.absent(blobs(workspace, output, path)))
    except (BlobMissingError, BlobCorruptError):
        return 1


def _is_other_kind(workspace: Workspace, output: Output) -> bool:
    """Say whether a file is where an empty directory should be: there is no path to compare."""
    return output.is_directory and not workspace.is_folder(output.path)
