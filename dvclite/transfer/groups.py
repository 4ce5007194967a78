"""Long streams in pieces that fit into memory."""

from collections.abc import Iterable, Iterator
from itertools import islice

from dvclite.remotestore.named import Named

_GROUP = 500


def groups(blobs: Iterable[Named]) -> Iterator[list[Named]]:
    """Yield blobs a few hundred at a time, of which the cache looks for each by itself."""
    rest = iter(blobs)
    while group := list(islice(rest, _GROUP)):
        yield group
