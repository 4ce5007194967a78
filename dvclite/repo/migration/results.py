"""What migrating came to, or would."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """An output that keeps the name it has.

    Attributes:
        path: The output, relative to the root.
        reason: Why.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Migrated:
    """What changing a repository's format came to, or would come to.

    Attributes:
        format: The format that the repository has now.
        outputs: The outputs that got new names, relative to the root.
        files: How many files these have.
        size: How many bytes these hold; -1 where nobody can tell before the data is there.
        missing: Paths whose content is not in the cache.
        kept: Outputs that keep their names.
        pipelines: Files that say what pipelines of DVC's make. What they make keeps its names.
        lost: Paths inside directories of what the new format has no place for: symbolic links,
            executable bits, empty folders.
        remotes_left: Remotes that only the former format has a use for.
        to_stage: Files that git should be told of, relative to the root.
        staged: Whether git was told already.
        dry: Whether nothing was changed.
    """

    format: str
    outputs: tuple[str, ...] = ()
    files: int = 0
    size: int = 0
    missing: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()
    pipelines: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    remotes_left: tuple[str, ...] = ()
    to_stage: tuple[str, ...] = ()
    staged: bool = False
    dry: bool = False


@dataclass(frozen=True, slots=True)
class FromLfs:
    """What taking files over from Git LFS came to, or would come to.

    Attributes:
        outputs: What is tracked by pointers now, relative to the root.
        files: How many files came from Git LFS.
        size: How many bytes these hold.
        missing: Files whose content is not in the local store of Git LFS.
        attributes: Lines of `.gitattributes` files that are gone, as `FILE: LINE`.
        to_stage: Files that git should be told of, relative to the root.
        staged: Whether git was told already.
        dry: Whether nothing was changed.
    """

    outputs: tuple[str, ...] = ()
    files: int = 0
    size: int = 0
    missing: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    to_stage: tuple[str, ...] = ()
    staged: bool = False
    dry: bool = False
