"""What checking, measuring and setting up come to."""

from dataclasses import dataclass
from pathlib import Path

from dvclite.damage import Damage
from dvclite.maintenance.measured import CacheSize


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking the cache or a remote came to.

    Attributes:
        place: The folder of the cache, or the address of the remote.
        damages: What is not as it should be, or was not.
        packs: How many packs were looked at.
        blobs: How many blobs these hold, large ones that are in chunks among them, with those that
            lie loose; one that is in two packs counts twice.
        size: How many bytes were read.
        unavailable: Remotes that did not answer when something was to be had from them, and why.
    """

    place: str
    damages: tuple[Damage, ...]
    packs: int
    blobs: int
    size: int
    unavailable: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all is as it should be now."""
        return all(damage.repaired for damage in self.damages)


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is in the cache, and what that stands for.

    Attributes:
        cache: What is in the cache, whoever needs it.
        files: How many files the workspace's pointers name, and those of the versions asked for.
            What is the same output in two versions counts once.
        files_size: How many bytes these hold.
        deduplicated: How many of these bytes are not stored a second time, since another file has
            the same content.
        missing: How many of their blobs, or of their trees, are not in the cache.
        former: The same of the cache of the format that the repository had before, and of what is
            named in that format; None where it had none.
    """

    cache: CacheSize
    files: int
    files_size: int
    deduplicated: int
    missing: int
    former: "Size | None" = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one thing.

    Attributes:
        name: What was looked at.
        detail: What was found.
        ok: Whether it is as it should be.
        hint: What to do next; empty where nothing needs doing.
    """

    name: str
    detail: str
    ok: bool = True
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Installed:
    """What installing hooks came to.

    Attributes:
        written: The hook files that were made or changed.
        present: The hook files that were there already.
    """

    written: tuple[Path, ...]
    present: tuple[Path, ...]
