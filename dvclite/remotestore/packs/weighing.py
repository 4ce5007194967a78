"""What a push would take."""

from collections.abc import Iterable

from dvclite.remotestore.named import Named
from dvclite.remotestore.packed import Packed
from dvclite.remotestore.packs.packing import Packing


def weigh(packing: Packing, blobs: Iterable[Named]) -> Packed:
    """Return what it would take to send blobs, but for the recipes, which are small.

    Args:
        packing: Puts them into packs that are counted.
        blobs: What the remote lacks.
    """
    packs = sent = content = 0
    for draft in packing.packs(blobs):
        packs += 1
        sent += draft.writer.size
        content += draft.content
    return Packed(content + packing.reused_size, sent, packs, packing.reused, packing.reused_size)
