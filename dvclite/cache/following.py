"""Blobs that are asked for one after the other, which is how they lie in packs as a rule."""

from collections.abc import Iterable

from dvclite.hashing import Oid
from dvclite.pack.layout import Kind, digest_of
from dvclite.packindex import Location, PackIndex


class Following:
    """Finds what is asked for behind what was asked for last, before the whole index is asked."""

    def __init__(self, index: PackIndex) -> None:
        """Look into the packs of `index`."""
        self._index = index
        self._last: Location | None = None

    def found(self, location: Location) -> None:
        """Take note of where the last blob was."""
        self._last = location

    def next(self) -> Location | None:
        """Return what lies behind the last blob: likely the next to be asked for."""
        if self._last is None:
            return None
        pack, number, _entry = self._last
        entries = self._index.entries(pack)
        if entries is None or number + 1 >= len(entries):
            return None
        return Location(pack, number + 1, entries[number + 1])

    def records(self, oids: Iterable[Oid]) -> dict[Oid, tuple[str, bytes]]:
        """Return where blobs that are no trees seem to be: packs, and records of their indexes.

        What is not among them may be elsewhere; a pack that is named may be gone.
        """
        found: dict[Oid, tuple[str, bytes]] = {}
        waiting = list(oids)
        digests = list(map(digest_of, waiting))
        indexed: dict[bytes, Location] | None = None
        following = self.next()
        place = 0
        while place < len(waiting):
            some = self._records(following, digests[place:])
            if not some:
                if indexed is None:
                    rest = digests[place:]
                    indexed = {at.entry.digest: at for at in self._index.find(Kind.BLOB, rest)}
                following = indexed.get(digests[place])
                some = self._records(following, digests[place:])
            if following is not None and some:
                for oid, record in zip(waiting[place:], some, strict=False):
                    found[oid] = following.pack, record
                last = following.number + len(some) - 1
                self._last = following._replace(number=last)
                following = following._replace(number=last + 1)
            place += max(len(some), 1)
        return found

    def _records(self, location: Location | None, digests: list[bytes]) -> list[bytes]:
        """Return records from a place on, as far as they are those of some blobs."""
        entries = self._index.entries(location.pack) if location is not None else None
        if location is None or entries is None:
            return []
        return entries.records_of(Kind.BLOB, digests, location.number)
