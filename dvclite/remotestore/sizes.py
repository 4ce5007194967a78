"""Many blobs by name, with their sizes, in little memory."""

from collections.abc import Callable, Collection, Iterable, Iterator, MutableMapping
from itertools import chain, islice, starmap
from struct import Struct
from typing import Final

from dvclite.hashing import BLAKE3, MD5, XXH128, BlobRef, Oid, is_tree
from dvclite.remotestore.named import Named

_BUCKETS: Final = 1 << 15
_TOGETHER: Final = 50_000
_FEWER_TOGETHER: Final = 10_000
_NOWHERE = bytearray()
_DIGITS = {algorithm.digits for algorithm in (BLAKE3, XXH128, MD5)}
_SIZE = Struct("<q")


class Sizes(MutableMapping[Oid, int]):
    """Blobs and how many bytes they have; -1 where that is not known.

    A million of them take some sixty megabytes, a third of what they take in a dict: names are
    kept as the bytes that their digits stand for, a few of them together in a piece of memory that
    is searched from end to end. Nobody who makes up names can decide which these are, since every
    process has its own hash for that.

    What was yielded may be taken out while the rest is yet to come.
    """

    __slots__ = ("_buckets", "_count", "_digits", "_others", "_width")

    def __init__(self, known: Iterable[BlobRef] = ()) -> None:
        """Begin with what is known."""
        self._buckets: dict[int, bytearray] = {}
        self._count = 0
        self._digits, self._width = 0, _SIZE.size
        # Trees and names of an older kind: of another length, and few.
        self._others: dict[Oid, int] = {}
        self.gather(known)

    def gather(self, refs: Iterable[BlobRef]) -> None:
        """Take in blobs; of one that is in already only a size that was not known."""
        buckets, pack, decoded = self._buckets, _SIZE.pack, bytes.fromhex
        for oid, size in refs:
            if len(oid) == self._digits:
                name = decoded(oid)
                number = hash(name) % _BUCKETS
                bucket = buckets.get(number)
                if bucket is None:
                    bucket = buckets[number] = bytearray()
                if name not in bucket:
                    bucket += name + pack(size)
                    self._count += 1
                    continue
            if self.get(oid, -1) < 0:
                self[oid] = size

    def sift(self, present: Callable[[dict[bytes, int]], Collection[bytes]]) -> None:
        """Take out what is present somewhere, of blobs that are not trees.

        Args:
            present: Is given digests with sizes, some thousands at a time, and returns which to
                take out. Names of an older kind it is not asked about.
        """
        for buckets in self._together(_TOGETHER):
            sizes = self._in(buckets)
            self._take_out(buckets, present(sizes))

    def reduce(self, absent: Callable[[list[BlobRef]], Collection[Oid]]) -> None:
        """Leave in only what is absent from somewhere.

        Args:
            absent: Is given blobs, some thousands at a time, and returns which to leave in.
        """
        others = absent(list(starmap(BlobRef, self._others.items())))
        self._others = {oid: size for oid, size in self._others.items() if oid in others}
        for buckets in self._together(_FEWER_TOGETHER):
            sizes = self._in(buckets)
            oids = map(Oid, map(bytes.hex, sizes))
            left = absent(list(map(BlobRef, oids, sizes.values())))
            if len(left) < len(sizes):
                self._take_out(buckets, sizes.keys() - set(map(bytes.fromhex, left)))

    def matching(self, blobs: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        """Yield those of some blobs, given by size and digest, that are in here with that size."""
        find, length, unpack = self._buckets.get, self._digits // 2, _SIZE.unpack_from
        for size, name in blobs:
            bucket = find(hash(name) % _BUCKETS, _NOWHERE)
            place = bucket.find(name)
            if place % self._width:
                place = self._place(bucket, name)
            if (
                place >= 0
                and len(name) == length
                and unpack(bucket, place + length)[0] in (-1, size)
            ):
                yield size, name

    def discard(self, names: Iterable[bytes]) -> int:
        """Take blobs out, given by their digests; return how many of them were in here."""
        before = self._count
        for name in names:
            bucket = self._buckets.get(hash(name) % _BUCKETS, _NOWHERE)
            place = self._place(bucket, name)
            if place >= 0:
                self._remove(bucket, place)
        return before - self._count

    def draw(self, blobs: Iterable[Named]) -> Iterator[Named]:
        """Yield each blob that is in here, once, and take it out; end when there are none left."""
        find, decoded, width = self._buckets.get, bytes.fromhex, self._width
        for blob in blobs:
            if not self:
                return
            oid = blob.ref.oid
            if len(oid) == self._digits:
                name = decoded(oid)
                bucket = find(hash(name) % _BUCKETS, _NOWHERE)
                place = bucket.find(name)
                if place >= 0 and place % width == 0:
                    self._remove(bucket, place)
                    yield blob
                if place < 0 or place % width == 0:
                    continue
            if self.pop(oid, None) is not None:
                yield blob

    def trees(self) -> Iterator[Oid]:
        """Yield those that are trees."""
        return filter(is_tree, self._others)

    def total(self) -> int:
        """Return how many bytes they hold together, as far as is known."""
        known = sum(size for size in self._others.values() if size > 0)
        sizes = Struct(f"<{self._digits // 2}xq")
        for bucket in self._buckets.values():
            known += sum(size for (size,) in sizes.iter_unpack(bucket) if size > 0)
        return known

    def copy(self) -> "Sizes":
        """Return another one with the same blobs."""
        other = Sizes()
        other._buckets = {number: bucket[:] for number, bucket in self._buckets.items()}
        other._count, other._digits, other._width = self._count, self._digits, self._width
        other._others = self._others.copy()
        return other

    def __len__(self) -> int:
        return self._count + len(self._others)

    def __iter__(self) -> Iterator[Oid]:
        yield from list(self._others)
        names = Struct(f"<{self._digits // 2}s{_SIZE.size}x")
        for bucket in self._buckets.values():
            for (name,) in names.iter_unpack(bytes(bucket)):
                yield Oid(name.hex())

    def __contains__(self, oid: object) -> bool:
        return self._find(Oid(str(oid)))[1] >= 0 or oid in self._others

    def __getitem__(self, oid: Oid) -> int:
        bucket, place = self._find(oid)
        if place < 0:
            return self._others[oid]
        size: int = _SIZE.unpack_from(bucket, place + self._digits // 2)[0]
        return size

    def __setitem__(self, oid: Oid, size: int) -> None:
        bucket, place = self._find(oid)
        if place >= 0:
            _SIZE.pack_into(bucket, place + self._digits // 2, size)
            return
        if not self._digits and len(oid) in _DIGITS:
            self._digits, self._width = len(oid), len(oid) // 2 + _SIZE.size
        if len(oid) != self._digits:
            self._others[oid] = size
            return
        name = bytes.fromhex(oid)
        bucket = self._buckets.setdefault(hash(name) % _BUCKETS, bytearray())
        bucket += name + _SIZE.pack(size)
        self._count += 1

    def __delitem__(self, oid: Oid) -> None:
        bucket, place = self._find(oid)
        if place < 0:
            del self._others[oid]
        else:
            self._remove(bucket, place)

    def _together(self, count: int) -> Iterator[list[bytearray]]:
        """Yield what is kept together, about `count` blobs at a time."""
        rest = iter(self._buckets.values())
        share = max(count * len(self._buckets) // max(self._count, 1), 1)
        while buckets := list(islice(rest, share)):
            yield buckets

    def _in(self, buckets: list[bytearray]) -> dict[bytes, int]:
        records = Struct(f"<{self._digits // 2}sq")
        return dict(chain.from_iterable(map(records.iter_unpack, buckets)))

    def _take_out(self, buckets: list[bytearray], gone: Collection[bytes]) -> None:
        if not gone:
            return
        records = Struct(f"<{self._digits // 2}sq")
        for bucket in buckets:
            kept = (one for one in records.iter_unpack(bytes(bucket)) if one[0] not in gone)
            bucket[:] = b"".join(starmap(records.pack, kept))
        self._count -= len(gone)

    def _find(self, oid: Oid) -> tuple[bytearray, int]:
        """Return where the record of a blob is; -1 if there is none."""
        if len(oid) != self._digits:
            return _NOWHERE, -1
        name = bytes.fromhex(oid)
        bucket = self._buckets.get(hash(name) % _BUCKETS, _NOWHERE)
        return bucket, self._place(bucket, name)

    def _place(self, bucket: bytearray, name: bytes) -> int:
        """Return where a record begins in the piece of memory that it would be in."""
        place = bucket.find(name)
        while place > 0 and place % self._width:
            place = bucket.find(name, place + 1)
        return place

    def _remove(self, bucket: bytearray, place: int) -> None:
        bucket[place : place + self._width] = bucket[-self._width :]
        del bucket[-self._width :]
        self._count -= 1
