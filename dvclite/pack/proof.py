"""Proving a whole pack, wherever it is, by few and large reads."""

from collections.abc import Callable, Iterable, Iterator

from dvclite.errors import PackDamagedError, PackUnreadableError
from dvclite.pack.coding import describe, verified
from dvclite.pack.index import Entries
from dvclite.pack.layout import ENTRY_HEADER_SIZE, ENTRY_MAGIC, HEADER_SIZE, PackEntry, header

Read = Callable[[int, int], bytes]
"""Returns bytes of a pack: from where on, and how many.

Raises:
    PackDamagedError: It ends before that.
"""

_NOTHING = memoryview(b"")
_TOGETHER = 1 << 20
"""How many bytes are read at a time where nobody says."""


def has_header(read: Read, entries: Entries) -> bool:
    """Say whether a pack begins as its index says."""
    return read(0, HEADER_SIZE) == header(entries.algorithm)


def find_damage(
    read: Read, entries: Entries, where: str, *, trusted: bool = False, together: int = _TOGETHER
) -> Iterator[tuple[PackEntry | None, PackDamagedError]]:
    """Read a whole pack, and yield what is not as its index says.

    Args:
        read: Reads it.
        entries: All that is in it.
        where: Its name or path, for messages.
        trusted: Whether checksums are proof enough.
        together: How many bytes to read at a time, where no entry is larger.

    Yields:
        The entry, or None where it is the pack's first bytes, and what is wrong.
    """
    try:
        if not has_header(read, entries):
            yield None, PackDamagedError(where, "its first bytes are damaged")
    except PackUnreadableError as error:
        yield None, error
    for entry, found, stored in walk(read, entries, together):
        if not found:
            what = f"{entry.kind.name.lower().replace('_', ' ')} {entry.digest.hex()}"
            reason = f"the {what} at byte {entry.offset:,} cannot be read"
            yield entry, PackDamagedError(where, reason)
            continue
        try:
            verified(entry, stored, entries.algorithm, trusted=trusted, where=where)
        except PackDamagedError as error:
            yield entry, error
        else:
            if found != entry_header(entry):
                reason = f"the header before byte {entry.offset:,} is damaged"
                yield entry, PackDamagedError(where, reason)


def walk(
    read: Read, entries: Iterable[PackEntry], together: int = _TOGETHER
) -> Iterator[tuple[PackEntry, memoryview, memoryview]]:
    """Yield entries with their headers and their stored bytes, unverified; empty if unreadable."""
    for begin, group in _groups(entries, together):
        try:
            data = memoryview(read(begin, group[-1].end - begin))
        except PackUnreadableError:
            if len(group) > 1:
                yield from walk(read, group, together=0)
            else:
                yield group[0], _NOTHING, _NOTHING
            continue
        for entry in group:
            place = entry.offset - begin
            before = data[place - ENTRY_HEADER_SIZE : place]
            yield entry, before, data[place : place + entry.stored]


def entry_header(entry: PackEntry) -> bytes:
    """Return what stands before an entry's stored bytes."""
    return ENTRY_MAGIC + describe(entry) + entry.checksum


def _groups(entries: Iterable[PackEntry], together: int) -> Iterator[tuple[int, list[PackEntry]]]:
    """Yield entries that are read together, with where the header of the first begins."""
    group: list[PackEntry] = []
    begin = end = 0
    for entry in entries:
        first = entry.offset - ENTRY_HEADER_SIZE
        if group and (first < end or entry.end - begin > together):
            yield begin, group
            group = []
        if not group:
            begin = first
        group.append(entry)
        end = entry.end
    if group:
        yield begin, group
