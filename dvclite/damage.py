"""What is wrong with something that is stored, and what was done about it."""

from dataclasses import dataclass
from enum import StrEnum


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
