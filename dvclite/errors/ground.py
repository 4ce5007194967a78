"""What all errors are, and how names stand in their messages."""

from collections.abc import Callable, Iterable, Sequence
from typing import Self

_NAMES_SHOWN = 10


WHO_MAY = "check who owns it and its permissions with `ls -l`"
"""What to do where the operating system denies something to this user."""


class Hint(str):
    """A hint that names paths of the repository, which whoever shows it may spell otherwise.

    As text, it has them as they are from the repository's root.

    Attributes:
        template: The text, with `{}` for each path.
        paths: The paths, relative to the root.
    """

    __slots__ = ("paths", "template")

    template: str
    paths: tuple[str, ...]

    def __new__(cls, template: str, *paths: str) -> Self:
        """Put paths where `template` has `{}`."""
        hint = super().__new__(cls, template.format(*map(shown, paths)))
        hint.template, hint.paths = template, paths
        return hint

    @classmethod
    def joined(cls, between: str, hints: Iterable[str]) -> Self:
        """Make one hint of several, those that name no paths among them."""
        parts = [
            hint if isinstance(hint, Hint) else cls(hint.replace("{", "{{").replace("}", "}}"))
            for hint in hints
        ]
        template = between.join(part.template for part in parts)
        return cls(template, *(path for part in parts for path in part.paths))

    def spelled(self, spell: Callable[[str], str]) -> str:
        """Return the text, with each path as `spell` spells it."""
        return self.template.format(*map(spell, self.paths))


class DvcliteError(Exception):
    """Something went wrong that a user can understand and mend.

    Attributes:
        hint: What to do next; empty where the message says it all.
        exit_code: What the command line exits with.
    """

    exit_code: int = 1

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


class InstallationError(DvcliteError):
    """A library that dvclite needs is there, but not as it has to be."""

    def __init__(self, library: str, reason: str, *, hint: str) -> None:
        super().__init__(f"{library} cannot be used: {reason}", hint=hint)
        self.library = library
