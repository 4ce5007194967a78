"""What packs save."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Packed:
    """What it took to send blobs in packs.

    Attributes:
        content: How many bytes the blobs hold that arrived.
        sent: How many bytes went to the remote for that.
        packs: In how many packs.
        reused: How many chunks were not sent, since the remote had them or they occurred twice.
        reused_size: How many bytes these hold.
    """

    content: int = 0
    sent: int = 0
    packs: int = 0
    reused: int = 0
    reused_size: int = 0

    def __add__(self, other: "Packed") -> "Packed":
        """Put two pushes together."""
        return Packed(
            self.content + other.content,
            self.sent + other.sent,
            self.packs + other.packs,
            self.reused + other.reused,
            self.reused_size + other.reused_size,
        )


@dataclass(frozen=True, slots=True)
class Extent:
    """How much lies on a remote in packs.

    Attributes:
        packs: How many packs.
        size: How many bytes they have.
        content: How many bytes come out of them.
    """

    packs: int
    size: int
    content: int


NOT_PACKED = Packed()
"""What it takes where there are no packs."""
