"""Every error that dvclite raises on purpose.

    DvcliteError                     exit 1
    ├─ RepoError
    │  ├─ NotARepoError              exit 3
    │  ├─ RepoExistsError
    │  └─ LockTimeoutError           exit 4
    ├─ ConfigError
    │  ├─ ConfigFileError
    │  ├─ UnknownOptionError
    │  ├─ BadValueError
    │  ├─ SecretInUrlError
    │  ├─ UnknownAlgorithmError
    │  ├─ NoRemoteError
    │  ├─ NoDefaultRemoteError
    │  ├─ UnknownRemoteError
    │  └─ RemoteExistsError
    ├─ GitError
    │  └─ UnknownRevisionError
    ├─ FormatError                   bytes that are not what they claim to be
    │  ├─ PointerError
    │  │  └─ PointerConflictError
    │  ├─ TreeError
    │  └─ HostilePathError
    ├─ CacheError
    │  ├─ BlobMissingError           exit 5
    │  │  └─ IncompleteError
    │  ├─ BlobCorruptError           exit 6
    │  └─ OidCollisionError
    ├─ WorkspaceError
    │  ├─ OutsideRepoError
    │  ├─ NothingThereError
    │  ├─ PathTakenError
    │  ├─ NotAnOutputError
    │  ├─ TrackedByGitError
    │  ├─ OverlapError
    │  ├─ UnsupportedFileError
    │  ├─ FileChangedError
    │  ├─ UnsavedChangesError
    │  └─ FileAccessError
    ├─ RemoteError                   exit 7
    │  ├─ KeyMissingError
    │  ├─ KeyExistsError
    │  ├─ AccessDeniedError
    │  ├─ RemoteUnavailableError
    │  └─ RemoteSetupError
    ├─ TransferError                 exit 8
    └─ CollectError                  garbage collection stopped before its first deletion

Each says what is wrong, with which path, oid or URL, and carries in `hint` what to do next.
"""

from collections.abc import Sequence
from typing import ClassVar

_NAMES_SHOWN = 10


class DvcliteError(Exception):
    """Something went wrong that a user can understand and mend.

    Attributes:
        hint: What to do next; empty where the message says it all.
        exit_code: What the command line exits with.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def listing(names: Sequence[str]) -> str:
    """Return names one a line, indented, the first ten of them and a count of the rest."""
    lines = [f"\n  {shown(name)}" for name in names[:_NAMES_SHOWN]]
    if len(names) > _NAMES_SHOWN:
        lines.append(f"\n  … and {len(names) - _NAMES_SHOWN:,} more")
    return "".join(lines)


def shown(name: str) -> str:
    """Return a name as it may stand in a line of text, whatever characters it has."""
    if name.isprintable():
        return name
    return ascii(name)


class RepoError(DvcliteError):
    """The repository as a whole is not usable."""


class NotARepoError(RepoError):
    """No folder from here upwards is a repository."""

    exit_code = 3

    def __init__(self, path: str) -> None:
        super().__init__(
            f"not inside a dvclite repository: {shown(path)}",
            hint="run `dvclite init` at the top of your git repository to make one",
        )
        self.path = path


class RepoExistsError(RepoError):
    """There is a repository already."""

    def __init__(self, path: str) -> None:
        super().__init__(f"already a dvclite repository: {shown(path)}")
        self.path = path


class LockTimeoutError(RepoError):
    """Another process held a lock for too long."""

    exit_code = 4

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__(
            f"another dvclite process has been changing this workspace for {seconds:.0f} s: {shown(path)}",
            hint="wait for it to end, then run this command again",
        )
        self.path = path


class ConfigError(DvcliteError):
    """A setting is missing, unknown or malformed."""


class ConfigFileError(ConfigError):
    """A config file cannot be understood."""

    def __init__(self, path: str, line: int, reason: str, *, hint: str = "") -> None:
        super().__init__(
            f"{shown(path)}:{line}: {reason}", hint=hint or f"mend {shown(path)} with an editor"
        )
        self.path = path
        self.line = line


class UnknownOptionError(ConfigError):
    """A setting that dvclite does not have."""

    def __init__(self, name: str, close: Sequence[str]) -> None:
        super().__init__(
            f"there is no setting {name!r}",
            hint=f"did you mean {' or '.join(close)}?"
            if close
            else "`dvclite config --help` lists them",
        )
        self.name = name


class BadValueError(ConfigError):
    """A setting has a value that it cannot have."""

    def __init__(self, name: str, value: str, expected: str, *, where: str = "") -> None:
        place = f" in {where}" if where else ""
        super().__init__(f"{name}{place} is {value!r}, but has to be {expected}")
        self.name = name


class SecretInUrlError(ConfigError):
    """A password stands in a setting that git would track."""

    def __init__(self, name: str, value: str) -> None:
        super().__init__(
            f"{name} would put a password into a file that git tracks: {value}",
            hint="set it with --local, or leave it to the environment or the cloud's own settings",
        )
        self.name = name


class UnknownAlgorithmError(ConfigError):
    """A hash algorithm that dvclite does not know."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"unknown hash algorithm {name!r}", hint=f"known are {', '.join(known)}")
        self.name = name


class NoRemoteError(ConfigError):
    """A command needs a remote and none is configured."""

    def __init__(self) -> None:
        super().__init__(
            "no remote is configured",
            hint="add one with `dvclite remote add -d NAME URL`, a directory or an s3:// or gs:// address",
        )


class NoDefaultRemoteError(ConfigError):
    """A command needs a remote, and none of several is the default."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"none of the remotes is the default: {', '.join(names)}",
            hint="name one with -r, or choose one for good with `dvclite remote default NAME`",
        )
        self.names = tuple(names)


class UnknownRemoteError(ConfigError):
    """A remote is named that is not configured."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        names = f"configured are {', '.join(known)}" if known else "none is configured"
        super().__init__(
            f"no remote named {name!r}; {names}", hint="`dvclite remote list` shows them"
        )
        self.name = name


class RemoteExistsError(ConfigError):
    """A remote of that name is configured already."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__(
            f"there is a remote {name!r} already, in {shown(path)}",
            hint="choose another name, or replace it with `dvclite remote add --force`",
        )
        self.name = name
        self.path = path


class GitError(DvcliteError):
    """git is missing, refused, or does not hold what was asked for."""


class UnknownRevisionError(GitError):
    """A revision that git does not resolve to a commit."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"git knows no revision {revision!r}", hint="`git log --all --oneline` lists them"
        )
        self.revision = revision


class FormatError(DvcliteError):
    """Bytes are not what they claim to be."""


class PointerError(FormatError):
    """A pointer file cannot be read."""

    def __init__(self, path: str, reason: str, *, hint: str = "") -> None:
        super().__init__(
            f"{shown(path)}: {reason}",
            hint=hint or f"restore it with `git checkout -- {shown(path)}`, or add its data again",
        )
        self.path = path


class PointerConflictError(PointerError):
    """A pointer file holds the conflict marks of a merge."""

    def __init__(self, path: str) -> None:
        super().__init__(
            path,
            "holds an unresolved merge conflict",
            hint=(
                f"keep one side with `git checkout --ours {shown(path)}` or `--theirs`, then `dvclite checkout`;"
                " or put the merged data in place and run `dvclite add --force` on it"
            ),
        )


class TreeError(FormatError):
    """A tree cannot be read."""

    def __init__(self, reason: str, *, where: str = "") -> None:
        super().__init__(
            f"{shown(where)}: malformed tree: {reason}" if where else f"malformed tree: {reason}",
            hint="these are the bytes that its hash names: whatever wrote them was not this dvclite",
        )
        self.reason = reason

    def at(self, where: str) -> "TreeError":
        """Return the same error, saying which output the tree is of."""
        return TreeError(self.reason, where=where)


class HostilePathError(FormatError):
    """A path from a file would lead out of its place."""

    def __init__(self, path: str, reason: str, *, where: str = "") -> None:
        super().__init__(
            f"{shown(where)}: unsafe path {path!r}: {reason}"
            if where
            else f"unsafe path {path!r}: {reason}",
            hint="whoever wrote the file that names this path made a mistake, or means harm",
        )
        self.path = path
        self.reason = reason

    def at(self, where: str) -> "HostilePathError":
        """Return the same error, saying which pointer, or which output's tree, names the path."""
        return HostilePathError(self.path, self.reason, where=where)


class CacheError(DvcliteError):
    """The cache does not hold what it should, or cannot be used."""


class BlobMissingError(CacheError):
    """Blobs are in no place that was looked at."""

    exit_code = 5

    def __init__(self, names: Sequence[str], *, tried: Sequence[str] = ()) -> None:
        looked = f" nor on {', '.join(tried)}" if tried else ""
        super().__init__(
            f"data of {len(names):,} {'path is' if len(names) == 1 else 'paths are'}"
            f" not in the cache{looked}:{listing(names)}",
            hint=(
                "ask whoever added this data to run `dvclite push`"
                if tried
                else "run `dvclite pull` to fetch what is missing"
            ),
        )
        self.names = tuple(names)
        self.tried = tuple(tried)


class IncompleteError(BlobMissingError):
    """A checkout restored what it could, and that was not all.

    Attributes:
        missing: The paths that were not restored.
        restored: What was.
    """

    def __init__(self, missing: Sequence[str], corrupt: Sequence[str], restored: object) -> None:
        aside = f"\nand these were not what their names say, and were set aside:{listing(corrupt)}"
        CacheError.__init__(
            self,
            f"data of {len(missing):,} {'path is' if len(missing) == 1 else 'paths are'}"
            f" not in the cache:{listing(missing)}{aside if corrupt else ''}",
            hint="all else was restored; `dvclite pull` fetches what is missing",
        )
        self.names = self.missing = tuple(missing)
        self.tried = ()
        self.restored = restored


class BlobCorruptError(CacheError):
    """A blob's bytes do not match its name."""

    exit_code = 6

    def __init__(self, oid: str, where: str, *, set_aside: str = "") -> None:
        aside = f"; it was set aside as {set_aside}" if set_aside else ""
        super().__init__(
            f"corrupt blob {oid} in {where}{aside}",
            hint="run `dvclite pull` to fetch it again, or add the original file again",
        )
        self.oid = oid
        self.where = where


class OidCollisionError(CacheError):
    """Two different contents have one name."""

    def __init__(self, path: str, oid: str, algorithm: str) -> None:
        super().__init__(
            f"{shown(path)} and a stored blob differ, yet have the same {algorithm} hash {oid}",
            hint="this does not happen by chance: somebody made one of the two to deceive",
        )
        self.path = path
        self.oid = oid


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
            hint=f"untrack it with `git rm -r --cached -- {shown(path)}` and commit, then add it again",
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
            hint=f"stop tracking the other with `dvclite remove {pointer}` first",
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
        super().__init__(f"{shown(path)}: {reason}", hint=hint)
        self.path = path


class RemoteError(DvcliteError):
    """A remote did not do what was asked."""

    exit_code = 7

    def __init__(self, url: str, reason: str, *, key: str = "", hint: str = "") -> None:
        place = f"{url.rstrip('/')}/{key}" if key else url
        super().__init__(f"{place}: {reason}", hint=hint)
        self.url = url
        self.key = key


class KeyMissingError(RemoteError):
    """A key that is not on the remote."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__(url, "no such key on the remote", key=key)


class KeyExistsError(RemoteError):
    """A key that was to be made is on the remote already."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__(url, "the key is on the remote already", key=key)


class AccessDeniedError(RemoteError):
    """Credentials are missing, wrong, expired, or not enough."""


class RemoteUnavailableError(RemoteError):
    """The remote cannot be reached or is failing: another try may succeed."""


class RemoteSetupError(RemoteError):
    """The remote is not there as configured: no bucket, no folder, no plugin, a bad option."""


class TransferError(DvcliteError):
    """Some blobs did not arrive; all that did are kept."""

    exit_code = 8

    def __init__(
        self, action: str, done: int, failures: Sequence[tuple[str, Exception]], *, left: int = 0
    ) -> None:
        causes = [f"{name}: {_cause(error)}" for name, error in failures]
        failed = len(failures) + left
        untried = f"\n  {left:,} others were not tried after that" if left else ""
        super().__init__(
            f"{failed:,} of {done + failed:,} files could not be {action}:{listing(causes)}{untried}",
            hint=(
                f"{_hint(failures)}what arrived is kept;"
                " run the same command again to go on from there"
            ),
        )
        self.failures = tuple(failures)
        self.left = left


def _cause(error: Exception) -> str:
    """Return what is wrong in one line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).partition("\n")[0].rstrip(":")


def _hint(failures: Sequence[tuple[str, Exception]]) -> str:
    """Return what to do about a remote that failed, if that is all that is wrong."""
    hints = {error.hint if isinstance(error, RemoteError) else "" for _name, error in failures}
    hint = hints.pop() if len(hints) == 1 else ""
    return f"{hint}; " if hint else ""


class CollectError(DvcliteError):
    """Garbage collection cannot know what is still needed."""
