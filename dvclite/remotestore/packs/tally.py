"""Packs that are counted instead of written."""

from dvclite.pack.layout import (
    ENTRY_HEADER_SIZE,
    HEADER_SIZE,
    MOST_ENTRIES,
    RECORD_SIZE,
    TARGET,
    TRAILER_SIZE,
    Codec,
    Kind,
)


class Tally:
    """Counts what a `PackWriter` would write."""

    def __init__(self) -> None:
        self.count = 0
        self.size = HEADER_SIZE + TRAILER_SIZE

    @property
    def is_full(self) -> bool:
        """Whether it would be time to begin another pack."""
        return self.size >= TARGET or self.count >= MOST_ENTRIES

    def add(
        self,
        kind: Kind,  # noqa: ARG002 - what a pack takes does not depend on it
        digest: bytes,  # noqa: ARG002
        data: bytes | memoryview,
        *,
        codec: Codec = Codec.PLAIN,  # noqa: ARG002
        size: int | None = None,  # noqa: ARG002
    ) -> int:
        """Count an entry, and return its number."""
        self.size += ENTRY_HEADER_SIZE + len(data) + RECORD_SIZE
        self.count += 1
        return self.count - 1

    def finish(self, *, to_be_flushed: bool = True) -> None:
        """Do nothing: there is no pack."""

    def discard(self) -> None:
        """Do nothing: there is no file."""
