"""Progress told in bytes of content, while others move."""

from collections.abc import Sequence
from typing import NamedTuple

from dvclite.progress import UNWATCHED, Progress, Transfer


class Share(NamedTuple):
    """Which bytes of a pack's content belong to a large blob whose transfer somebody watches."""

    transfer: Transfer
    begin: int
    end: int


def add_share(shares: list[Share], transfer: Transfer, begin: int, end: int) -> None:
    """Take note of another share, which may go on where the last one ends."""
    if transfer is UNWATCHED:
        return
    if shares and shares[-1].transfer is transfer and shares[-1].end == begin:
        begin = shares.pop().begin
    shares.append(Share(transfer, begin, end))


class Gauge:
    """Turns the bytes of one pack into those of the content that it carries. For one thread."""

    def __init__(
        self,
        progress: Progress,
        content: int,
        size: int,
        shares: Sequence[Share] = (),
    ) -> None:
        """Tell `progress` of `content` bytes while `size` bytes move.

        Of the content, `shares` belong to large blobs, whose transfers are told.
        """
        self._shares = shares
        self._progress = progress
        self._content = content
        self._size = max(size, 1)
        self._moved = self._told = 0

    def move(self, count: int) -> None:
        """Take note of bytes that moved; fewer than nothing where they move again."""
        self._moved += count
        self._tell(min(self._content * self._moved // self._size, self._content))

    def finish(self) -> None:
        """Tell of all that is left."""
        self._tell(self._content)

    def take_back(self, size: int | None = None) -> None:
        """Take back what was told: so many bytes, if they were told of, or all."""
        self._tell(0 if size is None else max(self._told - size, 0))

    def _tell(self, whole: int) -> None:
        told, self._told = self._told, whole
        self._progress.advance(size=whole - told)
        for transfer, begin, end in self._shares:
            before, after = (min(max(at, begin), end) for at in (told, whole))
            if after != before:
                transfer.advance(after - before)
