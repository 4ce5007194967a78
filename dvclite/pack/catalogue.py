"""The ends of many packs in one piece, so that what is in them can be learned by one request.

A catalogue proves itself: each end in it is that of the pack that the end's own hash names.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from blake3 import blake3

from dvclite.errors import PackDamagedError
from dvclite.pack.index import FIRST_READ, Entries, read_end, tail_length, trailer_id, write_end
from dvclite.pack.layout import PREFIX, RECORD_SIZE, TRAILER_SIZE

LARGEST: Final = 16 << 20
"""How many bytes a catalogue may have."""

_HEADER = b"dvcends\n\1" + bytes(7)
_KEY = re.compile(rf"{PREFIX}ends/([0-9a-f]{{64}})")
_SHARE = 16


def write_catalogues(packs: Iterable[tuple[str, int, Entries]]) -> Iterator[bytes]:
    """Yield catalogues, as few as possible.

    Args:
        packs: Their names, how many bytes they have, and what is in them. Packs of another hash
            algorithm, whose entries are not known, are left out.
    """
    data = bytearray(_HEADER)
    for pack, size, entries in packs:
        records = entries.records
        offset = size - TRAILER_SIZE - len(records)
        found, trailer = write_end(records, offset, entries.algorithm)
        if found != pack or not _is_listed(size, records):
            continue
        if len(data) + len(records) + len(trailer) > LARGEST:
            yield bytes(data)
            data = bytearray(_HEADER)
        data += records + trailer
    if len(data) > len(_HEADER):
        yield bytes(data)


def read_catalogue(data: bytes) -> Iterator[tuple[str, int, Entries]]:
    """Yield the packs of a catalogue: their names, how many bytes they have, and what is in them.

    Raises:
        PackDamagedError, PackVersionError: From some point on it is not one.
    """
    view = memoryview(data)
    if bytes(view[: len(_HEADER)]) != _HEADER:
        raise PackDamagedError("a catalogue of packs", "it does not begin as one does")
    view = view[len(_HEADER) :]
    while view:
        pack = trailer_id(bytes(view[-TRAILER_SIZE:]))
        offset = int.from_bytes(view[-TRAILER_SIZE:][:8], "little")
        count = int.from_bytes(view[-TRAILER_SIZE:][8:12], "little")
        size = offset + count * RECORD_SIZE + TRAILER_SIZE
        length = tail_length(bytes(view[-TRAILER_SIZE:]), size, pack)
        if length > len(view):
            raise PackDamagedError(pack, "its index is cut short")
        yield pack, size, read_end(bytes(view[-length:]), size, pack)
        view = view[:-length]


def key_of_catalogue(data: bytes) -> str:
    """Return where a catalogue lies on a remote."""
    return f"{PREFIX}ends/{blake3(data).hexdigest()}"


def is_catalogue(key: str) -> bool:
    """Say whether a catalogue lies at a key."""
    return _KEY.fullmatch(key) is not None


def _is_listed(size: int, records: bytes) -> bool:
    """Say whether it is worth sending an index twice: not where it is much of its pack."""
    return len(records) <= max(size // _SHARE, FIRST_READ)
