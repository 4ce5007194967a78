"""The user's files are not as a command needs them."""

import errno
import os
from collections.abc import Sequence

from dvclite.errors.ground import WHO_MAY, DvcliteError, Hint, listing, shown

_DENIED = (os.strerror(errno.EACCES), os.strerror(errno.EPERM))


class WorkspaceError(DvcliteError):
    """The user's files are not as a command needs them."""


class OutsideRepoError(WorkspaceError):
    """A path that is not under the repository's root."""

    def __init__(self, path: str, root: str) -> None:
        super().__init__(
            f"{shown(path)} is outside the repository {root}",
            hint="copy or move the data into the repository first",
        )
        self.path = path


class NotAnOutputError(WorkspaceError):
    """A target that no pointer names."""

    def __init__(self, path: str, *, hint: str = "") -> None:
        super().__init__(
            f"{shown(path)} is not tracked by dvclite",
            hint=hint or "`dvclite status` lists what is tracked; `dvclite add` begins to track",
        )
        self.path = path


class TrackedByGitError(WorkspaceError):
    """Data that git already holds."""

    def __init__(self, path: str, names: Sequence[str]) -> None:
        super().__init__(
            f"{shown(path)} is tracked by git:{listing(names)}",
            hint=Hint(
                "untrack it with `git rm -r --cached -- {}` and commit, then add it again", path
            ),
        )
        self.path = path
        self.names = tuple(names)


class NothingThereError(WorkspaceError):
    """A path at which nothing is."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{shown(path) or repr(path)}: no such file or directory",
            hint="" if path else "an empty path names nothing; `.` is the current folder",
        )
        self.path = path


class PathTakenError(WorkspaceError):
    """A path at which something is already."""

    def __init__(self, path: str, *, hint: str = "") -> None:
        super().__init__(
            f"{shown(path)} is there already", hint=hint or "choose another name, or move it away"
        )
        self.path = path


class OverlapError(WorkspaceError):
    """Two outputs would share a path."""

    def __init__(self, path: str, other: str, pointer: str) -> None:
        super().__init__(
            f"{shown(path)} overlaps with {other}, which {pointer} tracks",
            hint=Hint("stop tracking the other with `dvclite remove {}` first", pointer),
        )
        self.path = path


class UnsupportedFileError(WorkspaceError):
    """A file of a kind that cannot be versioned."""

    def __init__(self, path: str, reason: str, *, hint: str = "") -> None:
        super().__init__(
            f"cannot add {shown(path)}: {reason}",
            hint=hint or "move it elsewhere, or name it in .dvcignore",
        )
        self.path = path


class FileChangedError(WorkspaceError):
    """A file kept changing while it was read."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{shown(path)} keeps changing while it is read",
            hint="wait until the program that writes it is done, then run this command again",
        )
        self.path = path


class UnsavedChangesError(WorkspaceError):
    """Files that are in no cache stand in the way."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"{len(names):,} {'file has' if len(names) == 1 else 'files have'} changes"
            f" that are not in the cache:{listing(names)}",
            hint=(
                "nothing was touched; keep them with `dvclite add` or `dvclite commit`,"
                " or give them up with --force"
            ),
        )
        self.names = tuple(names)


class FileAccessError(WorkspaceError):
    """The operating system refused to read or change a file."""

    def __init__(self, path: str, reason: str, *, hint: str = "") -> None:
        super().__init__(
            f"{shown(path)}: {reason}", hint=hint or (WHO_MAY if reason in _DENIED else "")
        )
        self.path = path
