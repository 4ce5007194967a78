"""Blobs that are missing or damaged, and what must not be collected."""

from collections.abc import Sequence

from dvclite.errors.ground import DvcliteError, listing, shown


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
                "ask whoever has this data to run `dvclite push`,"
                " and `dvclite fsck --remote --repair` if there is nothing to push"
                if tried
                else "run `dvclite pull` to fetch what is missing"
            ),
        )
        self.names = tuple(names)
        self.tried = tuple(tried)


class IncompleteError(BlobMissingError):
    """A checkout restored what it could, and that was not all.

    Attributes:
        missing: The paths that were not restored since their data is not in the cache.
        unusable: What is wrong with pointers and trees, for which others were not restored.
        restored: What was.
    """

    def __init__(
        self,
        missing: Sequence[str],
        corrupt: Sequence[str],
        restored: object,
        *,
        unusable: Sequence[DvcliteError] = (),
    ) -> None:
        parts, hints = [], ["all else was restored"]
        if missing:
            paths = "path is" if len(missing) == 1 else "paths are"
            parts.append(f"data of {len(missing):,} {paths} not in the cache:{listing(missing)}")
            hints.append("`dvclite pull` fetches what is missing")
        if corrupt:
            aside = "these were not what their names say, and were set aside:"
            parts.append(f"{aside}{listing(corrupt)}")
        if unusable:
            reasons = [str(error) for error in unusable]
            alone = len(unusable) == 1 and not parts
            parts.append(reasons[0] if alone else f"this cannot be used:{listing(reasons)}")
            hints += dict.fromkeys(error.hint for error in unusable)
        CacheError.__init__(self, "\nand ".join(parts), hint="; ".join(filter(None, hints)))
        self.unusable = tuple(unusable)
        if not missing:
            self.exit_code = unusable[0].exit_code
        self.names = self.missing = tuple(missing)
        self.tried = ()
        self.restored = restored


class BlobCorruptError(CacheError):
    """A blob's bytes do not match its name.

    Attributes:
        oid: The blob.
        where: The cache or remote that it is in.
        set_aside: The path that it was moved to; empty where it stays.
    """

    exit_code = 6

    def __init__(self, oid: str, where: str, *, set_aside: str = "") -> None:
        aside = f"; it was set aside as {set_aside}" if set_aside else ""
        super().__init__(
            f"corrupt blob {oid} in {where}{aside}",
            hint="run `dvclite pull` to fetch it again, or add the original file again",
        )
        self.oid = oid
        self.where = where
        self.set_aside = set_aside


class OidCollisionError(CacheError):
    """Two different contents have one name."""

    def __init__(self, path: str, oid: str, algorithm: str) -> None:
        super().__init__(
            f"{shown(path)} and a stored blob differ, yet have the same {algorithm} hash {oid}",
            hint="this does not happen by chance: somebody made one of the two to deceive",
        )
        self.path = path
        self.oid = oid


class CollectError(DvcliteError):
    """Garbage collection cannot know what is still needed."""
