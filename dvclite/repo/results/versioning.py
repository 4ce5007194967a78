"""How two versions differ."""

from dataclasses import dataclass

from dvclite.hashing import Oid


@dataclass(frozen=True, slots=True)
class Changed:
    """A file that differs between two versions.

    Attributes:
        path: Relative to the root.
        before: Its content in the first version; None where it is absent or a link.
        after: Its content in the second version.
    """

    path: str
    before: Oid | None
    after: Oid | None


@dataclass(frozen=True, slots=True)
class Renamed:
    """A file whose content is at another path in the second version.

    Attributes:
        before: The path in the first version.
        after: The path in the second version.
        oid: The content.
    """

    before: str
    after: str
    oid: Oid


@dataclass(frozen=True, slots=True)
class Diff:
    """What changed between two versions.

    Attributes:
        added: Files that only the second version has, sorted by path.
        deleted: Files that only the first version has.
        modified: Files with other content.
        renamed: Files with the same content at another path.
        unknown: Outputs that cannot be compared, since a tree is not in the cache.
    """

    added: tuple[Changed, ...]
    deleted: tuple[Changed, ...]
    modified: tuple[Changed, ...]
    renamed: tuple[Renamed, ...]
    unknown: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the versions are known to be the same."""
        return not (self.added or self.deleted or self.modified or self.renamed or self.unknown)
