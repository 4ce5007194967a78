"""Long streams in pieces that fit into memory."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

_Blob = TypeVar("_Blob")

_GROUP = 500


def groups(blobs: Iterable[_Blob]) -> Iterator[list[_Blob]]:
    """Yield blobs a few hundred at a time, of which the cache looks for each by itself."""
    rest = iter(blobs)
    while group := list(islice(rest, _GROUP)):
        yield group
