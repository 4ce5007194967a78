"""The end of a pack: its index and its trailer."""

from collections.abc import Iterable, Iterator, Sequence
from struct import Struct
from typing import Final, NamedTuple, overload

from blake3 import blake3

from dvclite.errors import PackDamagedError, PackVersionError
from dvclite.hashing import Algorithm, Oid
from dvclite.pack.layout import (
    ALGORITHMS,
    BOUNDS,
    DIGEST_SIZE,
    ENTRY_HEADER_SIZE,
    HEADER_SIZE,
    MAGIC,
    MOST_BYTES,
    MOST_ENTRIES,
    RECORD_SIZE,
    TRAILER_SIZE,
    VERSION,
    Codec,
    Kind,
    PackEntry,
    digest_length,
    header,
    oid_of,
)

FIRST_READ: Final = 64 << 10
"""How much of a pack's end is worth reading before it is known how long its index is."""

# Offset, kind and codec and two zero bytes in one number, lengths, digest, checksum.
_RECORD = Struct("<IIII32s16s")
_KIND_AT = 4
_DIGEST_AT = 16

# Of a record the kind, and the first half of the digest.
_SHORT_NAME = Struct("<4xB11x16s32x")

# Index offset, number of entries, zeros, id, version, algorithm, zeros, magic.
_TRAILER = Struct("<QI4x32sBB6x8s")

_WHATS = {kind | codec << 8: (kind, codec) for kind in Kind for codec in Codec}
_KINDS = {
    algorithm.name: {
        what: (kind, codec, digest_length(kind, algorithm))
        for what, (kind, codec) in _WHATS.items()
    }
    for algorithm in ALGORITHMS.values()
}
_LARGEST = {what: BOUNDS[kind] for what, (kind, _codec) in _WHATS.items()}
_ZSTD = Codec.ZSTD << 8


class Entries(Sequence[PackEntry]):
    """The entries of a pack in the order in which they lie, made from its index as they are used.

    An index that was not written by this process goes through `read_end`, which checks it.

    Attributes:
        algorithm: What its blobs are named by.
    """

    __slots__ = ("_records", "algorithm")

    def __init__(self, records: bytes, algorithm: Algorithm) -> None:
        """Read entries from the records of an index."""
        self._records = records
        self.algorithm = algorithm

    @property
    def end(self) -> int:
        """Where the last entry ends, and the index begins."""
        return self[-1].end if self._records else HEADER_SIZE

    @property
    def records(self) -> bytes:
        """The written form."""
        return self._records

    @property
    def kinds(self) -> set[int]:
        """Which kinds of entries there are."""
        return set(self._records[_KIND_AT::RECORD_SIZE])

    def oids(self) -> Iterator[Oid]:
        """Yield the names of blobs and trees, where there is nothing else."""
        if self.kinds == {Kind.BLOB}:
            return (Oid(digest.hex()) for _size, digest in self.sizes_and_digests())
        return map(oid_of, self)

    def digests(self, kind: Kind) -> Iterable[bytes]:
        """Return the digests of the entries of a kind."""
        if self.kinds == {kind} and kind in (Kind.BLOB, Kind.TREE):
            return [digest for _size, digest in self.sizes_and_digests()]
        return [entry.digest for entry in self if entry.kind == kind]

    def sizes_and_digests(self) -> Iterator[tuple[int, bytes]]:
        """Yield what blobs and trees are known by, where there is nothing else."""
        length = digest_length(Kind.BLOB, self.algorithm)
        return Struct(f"<12xI{length}s{RECORD_SIZE - 16 - length}x").iter_unpack(self._records)

    def short_names(self) -> Iterator[tuple[int, bytes]]:
        """Yield the kind of each entry, and the first 16 bytes of its digest."""
        return _SHORT_NAME.iter_unpack(self._records)

    def __len__(self) -> int:
        return len(self._records) // RECORD_SIZE

    @overload
    def __getitem__(self, number: int) -> PackEntry: ...

    @overload
    def __getitem__(self, number: slice) -> "Entries": ...

    def __getitem__(self, number: int | slice) -> "PackEntry | Entries":
        if isinstance(number, slice):
            start, stop, step = number.indices(len(self))
            if step != 1:
                raise ValueError("entries are taken one after the other")
            records = self._records[start * RECORD_SIZE : max(start, stop) * RECORD_SIZE]
            return Entries(records, self.algorithm)
        place = range(len(self))[number] * RECORD_SIZE
        offset, what, stored, size, digest, checksum = _RECORD.unpack_from(self._records, place)
        kind, codec, length = _KINDS[self.algorithm.name][what]
        values = kind, digest[:length], codec, offset, stored, size, checksum
        return tuple.__new__(PackEntry, values)

    def records_of(self, kind: Kind, digests: Sequence[bytes], number: int) -> list[bytes]:
        """Return the written forms of entries from `number` on, as far as they are what is asked."""
        found = []
        begin = number * RECORD_SIZE
        part = self._records[begin : begin + len(digests) * RECORD_SIZE]
        for place, digest in zip(range(0, len(part), RECORD_SIZE), digests, strict=False):
            if part[place + _KIND_AT] != kind or not part.startswith(digest, place + _DIGEST_AT):
                break
            found.append(part[place : place + RECORD_SIZE])
        return found

    def __iter__(self) -> Iterator[PackEntry]:
        make, kinds = tuple.__new__, _KINDS[self.algorithm.name]
        for offset, what, stored, size, digest, checksum in _RECORD.iter_unpack(self._records):
            kind, codec, length = kinds[what]
            yield make(PackEntry, (kind, digest[:length], codec, offset, stored, size, checksum))


def write_end(records: bytes, index_offset: int, algorithm: Algorithm) -> tuple[str, bytes]:
    """Return the id of a pack, and the trailer that follows its index.

    Args:
        records: The index.
        index_offset: Where it begins in the pack.
        algorithm: What the blobs of the pack are named by.
    """
    digest = _digest(header(algorithm), records)
    number = header(algorithm)[9]
    count = len(records) // RECORD_SIZE
    return digest.hex(), _TRAILER.pack(index_offset, count, digest, VERSION, number, MAGIC)


def tail_length(end: bytes, pack_size: int, pack_id: str) -> int:
    """Return how many bytes at the end of a pack `read_end` needs.

    Args:
        end: The last bytes of the pack, at least the last 64.
        pack_size: How long the whole pack is.
        pack_id: Its name.

    Raises:
        PackVersionError: A newer dvclite wrote the pack.
        PackDamagedError: These are not the last bytes of that pack.
    """
    return _read_trailer(end, pack_size, pack_id).length + TRAILER_SIZE


def read_end(end: bytes, pack_size: int, pack_id: str) -> Entries:
    """Read the entries of a pack, which its name vouches for.

    Args:
        end: The last bytes of the pack, at least as many as `tail_length` says.
        pack_size: How long the whole pack is.
        pack_id: Its name.

    Raises:
        PackVersionError: A newer dvclite wrote the pack.
        PackDamagedError: They are not the end of that pack, or the pack is not as it should be.
    """
    trailer = _read_trailer(end, pack_size, pack_id)
    length = trailer.length
    if len(end) < length + TRAILER_SIZE:
        raise PackDamagedError(pack_id, "its index is cut short")
    begin = len(end) - TRAILER_SIZE - length
    records = bytes(memoryview(end)[begin : begin + length])
    if _digest(header(trailer.algorithm), records).hex() != pack_id:
        raise PackDamagedError(pack_id, "its index is not what its name says")
    if fault := find_fault(records, HEADER_SIZE, trailer.index_offset, trailer.algorithm):
        raise PackDamagedError(pack_id, fault)
    return Entries(records, trailer.algorithm)


def trailer_id(end: bytes) -> str:
    """Return the name that a pack gives itself in its last 64 bytes."""
    return end[-TRAILER_SIZE:][16:48].hex()


def find_fault(records: bytes, begin: int, end: int, algorithm: Algorithm) -> str:
    """Return what is wrong with records; nothing if they fill the place that they are given.

    Args:
        records: Whole records, from any source.
        begin: Where the header of the first entry has to begin.
        end: Where the last entry has to end.
        algorithm: What the blobs of the pack are named by.
    """
    number = 0
    largest = _LARGEST
    expected = begin + ENTRY_HEADER_SIZE
    for offset, what, stored, size, _digest, _checksum in _RECORD.iter_unpack(records):
        if (
            offset != expected
            or size > largest.get(what, -1)
            or (stored >= size if what >= _ZSTD else stored != size)
        ):
            return f"entry {number} {_fault(offset - expected, what, size)}"
        expected = offset + stored + ENTRY_HEADER_SIZE
        number += 1  # noqa: SIM113  enumerating a million takes longer
    if expected - ENTRY_HEADER_SIZE != end:
        return "its entries do not end where its index begins"
    return _find_padding(records, algorithm)


def _fault(distance: int, what: int, size: int) -> str:
    if distance:
        return "leaves a gap after the one before it" if distance > 0 else "overlaps with another"
    if what not in _WHATS:
        return f"is of an unknown kind or codec: {what:#010x}"
    if size > _LARGEST[what]:
        return f"claims to hold {size:,} bytes"
    return "has lengths that do not fit together"


def _find_padding(records: bytes, algorithm: Algorithm) -> str:
    """Return which digest is longer than its algorithm makes them."""
    if digest_length(Kind.BLOB, algorithm) == DIGEST_SIZE:
        return ""
    kinds = _KINDS[algorithm.name]
    for number, record in enumerate(_RECORD.iter_unpack(records)):
        if any(record[4][kinds[record[1]][2] :]):
            return f"entry {number} has a digest that is too long"
    return ""


class _Trailer(NamedTuple):
    index_offset: int
    length: int
    algorithm: Algorithm


def _read_trailer(end: bytes, pack_size: int, pack_id: str) -> _Trailer:
    data = bytes(end[-TRAILER_SIZE:])
    if len(data) < TRAILER_SIZE:
        raise PackDamagedError(pack_id, "it is cut short")
    index_offset, count, digest, version, number, magic = _TRAILER.unpack(data)
    if magic != MAGIC:
        raise PackDamagedError(pack_id, "it does not end as a pack does")
    if version > VERSION:
        raise PackVersionError(pack_id, version)
    if _TRAILER.pack(index_offset, count, digest, VERSION, number, magic) != data:
        raise PackDamagedError(pack_id, "its trailer is malformed")
    if digest.hex() != pack_id:
        raise PackDamagedError(pack_id, "it says that it is another pack")
    if number not in ALGORITHMS:
        raise PackDamagedError(pack_id, f"its hash algorithm is unknown: {number}")
    if pack_size > MOST_BYTES or count > MOST_ENTRIES:
        raise PackDamagedError(pack_id, "it is too large")
    if index_offset + count * RECORD_SIZE + TRAILER_SIZE != pack_size:
        raise PackDamagedError(pack_id, f"it is not the {pack_size:,} bytes long that it should be")
    return _Trailer(index_offset, count * RECORD_SIZE, ALGORITHMS[number])


def _digest(first: bytes, second: bytes) -> bytes:
    hasher = blake3(first)
    hasher.update(second)
    return hasher.digest()
