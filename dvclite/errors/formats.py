"""Bytes that are not what they claim to be."""

from dvclite.errors.ground import DvcliteError, Hint, shown


class FormatError(DvcliteError):
    """Bytes are not what they claim to be."""


class PointerError(FormatError):
    """A pointer file cannot be read."""

    def __init__(self, path: str, reason: str, *, hint: str = "") -> None:
        super().__init__(
            f"{shown(path)}: {reason}",
            hint=hint or Hint("restore it with `git checkout -- {}`, or add its data again", path),
        )
        self.path = path


class PointerConflictError(PointerError):
    """A pointer file holds the conflict marks of a merge."""

    def __init__(self, path: str) -> None:
        super().__init__(
            path,
            "holds an unresolved merge conflict",
            hint=Hint(
                "keep one side with `git checkout --ours -- {}` or `--theirs`, then `dvclite checkout`;"
                " or put the merged data in place and run `dvclite add --force` on it",
                path,
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


class PackError(FormatError):
    """A pack cannot be read."""

    def __init__(self, pack: str, reason: str, *, hint: str) -> None:
        super().__init__(f"pack {shown(pack)}: {reason}" if pack else reason, hint=hint)
        self.pack = pack
        self.reason = reason


class PackDamagedError(PackError):
    """A pack, or an entry of it, is not what its name says."""

    exit_code = 6

    def __init__(self, pack: str, reason: str) -> None:
        super().__init__(
            pack,
            reason,
            hint="`dvclite fsck --repair` keeps what is whole in it and looks for the rest elsewhere",
        )


class PackUnreadableError(PackDamagedError):
    """The disk does not give a part of a pack back."""

    def __init__(self, pack: str, offset: int, error: OSError) -> None:
        super().__init__(pack, f"byte {offset:,} cannot be read: {error.strerror or error}")


class PackVersionError(PackError):
    """A pack was written in a later version of the format."""

    def __init__(self, pack: str, version: int) -> None:
        super().__init__(
            pack,
            f"it has version {version}, which is not known here",
            hint="install a newer dvclite",
        )
        self.version = version


class RecipeError(FormatError):
    """A recipe cannot be read."""

    def __init__(self, reason: str, *, hint: str = "") -> None:
        super().__init__(
            f"malformed recipe: {reason}",
            hint=hint or "`dvclite push` from a clone that has the data writes it anew",
        )


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
