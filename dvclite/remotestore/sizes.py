"""Many blobs by name, with their sizes, in little memory."""

from collections.abc import Callable, Collection, Iterable, Iterator, MutableMapping
from itertools import chain, islice, starmap
from struct import Struct
from typing import Final

from dvclite.hashing import BLAKE3, MD5, XXH128, BlobRef, Oid, is_tree
from dvclite.remotestore.named import Named

_BUCKETS: Final = 1 << 15
_TOGETHER: Final = 50_000
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
        self._digits = self._width = 0
        # Trees and names of an older kind: of another length, and few.
        self._others: dict[Oid, int] = {}
        self.gather(known)

    def gather(self, refs: Iterable[BlobRef]) -> None:
        """Take in blobs; of one that is in already only a size that was not known."""
        find, nothing = self._buckets.get, _NOWHERE
        pack, decoded = _SIZE.pack, bytes.fromhex
        for ref in refs:
            oid = ref.oid
            if len(oid) == self._digits:
                bucket = find(hash(oid) % _BUCKETS, nothing)
                name = decoded(oid)
                if name not in bucket and bucket is not nothing:
                    bucket += name + pack(ref.size)
                    self._count += 1
                    continue
            if self.get(oid, -1) < 0:
                self[oid] = ref.size

    def sift(self, present: Callable[[dict[bytes, int]], Collection[bytes]]) -> None:
        """Take out what is present somewhere, of blobs that are not trees.

        Args:
            present: Is given digests with sizes, some thousands at a time, and returns which to
                take out. Names of an older kind it is not asked about.
        """
        records = Struct(f"<{self._digits // 2}sq")
        for buckets in self._together():
            sizes = dict(chain.from_iterable(map(records.iter_unpack, buckets)))
            gone = present(sizes)
            if not gone:
                continue
            for bucket in buckets:
                kept = (one for one in records.iter_unpack(bytes(bucket)) if one[0] not in gone)
                bucket[:] = b"".join(starmap(records.pack, kept))
            self._count -= len(gone)

    def draw(self, blobs: Iterable[Named]) -> Iterator[Named]:
        """Yield each blob that is in here, once, and take it out; end when there are none left."""
        find, decoded, width = self._buckets.get, bytes.fromhex, self._width
        for blob in blobs:
            if not self:
                return
            oid = blob.ref.oid
            if len(oid) == self._digits:
                bucket = find(hash(oid) % _BUCKETS, _NOWHERE)
                place = bucket.find(decoded(oid))
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
        bucket = self._buckets.setdefault(hash(oid) % _BUCKETS, bytearray())
        bucket += bytes.fromhex(oid) + _SIZE.pack(size)
        self._count += 1

    def __delitem__(self, oid: Oid) -> None:
        bucket, place = self._find(oid)
        if place < 0:
            del self._others[oid]
        else:
            self._remove(bucket, place)

    def _together(self) -> Iterator[list[bytearray]]:
        """Yield what is kept together, some thousands of blobs at a time."""
        rest = iter(self._buckets.values())
        share = max(_TOGETHER * len(self._buckets) // max(self._count, 1), 1)
        while buckets := list(islice(rest, share)):
            yield buckets

    def _find(self, oid: Oid) -> tuple[bytearray, int]:
        """Return where the record of a blob is; -1 if there is none."""
        if len(oid) != self._digits:
            return _NOWHERE, -1
        bucket = self._buckets.get(hash(oid) % _BUCKETS, _NOWHERE)
        name = bytes.fromhex(oid)
        place = bucket.find(name)
        while place > 0 and place % self._width:
            place = bucket.find(name, place + 1)
        return bucket, place

    def _remove(self, bucket: bytearray, place: int) -> None:
        bucket[place : place + self._width] = bucket[-self._width :]
        del bucket[-self._width :]
        self._count -= 1
