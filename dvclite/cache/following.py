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
        waiting = [(oid, digest_of(oid)) for oid in oids]
        indexed: dict[bytes, Location] | None = None
        following = self.next()
        for place, (oid, digest) in enumerate(waiting):
            record = self._record(following, digest)
            if record is None:
                if indexed is None:
                    rest = [other for _, other in waiting[place:]]
                    indexed = {at.entry.digest: at for at in self._index.find(Kind.BLOB, rest)}
                following = indexed.get(digest)
                record = self._record(following, digest)
            if following is not None and record is not None:
                found[oid] = following.pack, record
                self._last = following
                following = following._replace(number=following.number + 1)
        return found

    def _record(self, location: Location | None, digest: bytes) -> bytes | None:
        entries = self._index.entries(location.pack) if location is not None else None
        if location is None or entries is None or location.number >= len(entries):
            return None
        return entries.record(location.number, Kind.BLOB, digest)
