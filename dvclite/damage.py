"""What is wrong with something that is stored, and what was done about it."""

from dataclasses import dataclass, field
from enum import StrEnum

from dvclite.errors import PackDamagedError
from dvclite.hashing import Oid
from dvclite.pack.layout import Kind, PackEntry, oid_of


class What(StrEnum):
    """What something stored is."""

    PACK = "pack"
    BLOB = "blob"
    TREE = "tree"
    CHUNK = "chunk"
    RECIPE = "recipe"
    INDEX = "index"


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that is not as it should be, in a cache or on a remote.

    Attributes:
        what: What it is.
        name: Its name: an oid, a pack's id, the digest of a chunk; of the index its path.
        reason: What is wrong with it.
        pack: The id of the pack that it is in; empty where it is in none.
        size: How many bytes it has; -1 where that is not known.
        paths: What it is needed for, as far as that was looked for.
        action: What was done about it; empty where nothing was.
        repaired: Whether all is well again.
    """

    what: What
    name: str
    reason: str
    pack: str = ""
    size: int = -1
    paths: tuple[str, ...] = ()
    action: str = ""
    repaired: bool = False


@dataclass(slots=True)
class Checkup:
    """What a look at a cache or a remote came to.

    Attributes:
        damages: What is not as it should be.
        packs: How many packs were looked at.
        blobs: How many blobs these hold, with those that lie loose.
        size: How many bytes were read.
        sizes: The sizes of blobs that lie loose, in bytes.
    """

    damages: list[Damage] = field(default_factory=list)
    packs: int = 0
    blobs: int = 0
    size: int = 0
    sizes: dict[Oid, int] = field(default_factory=dict)


_WHATS = {
    Kind.BLOB: What.BLOB,
    Kind.TREE: What.TREE,
    Kind.CHUNK: What.CHUNK,
    Kind.BLOB_RECIPE: What.RECIPE,
    Kind.TREE_RECIPE: What.RECIPE,
}


def damage_of(pack: str, entry: PackEntry | None, error: PackDamagedError) -> Damage:
    """Return what is wrong with a pack, or with an entry of it, as a value."""
    if entry is None:
        return Damage(What.PACK, pack, error.reason)
    name = f"the {entry.kind.name.lower().replace('_', ' ')} {entry.digest.hex()} "
    reason = error.reason.removeprefix(name)
    return Damage(_WHATS[entry.kind], oid_of(entry), reason, pack, entry.size)
