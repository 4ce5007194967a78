"""Collectors of one cache that run at the same time."""

from datetime import UTC, datetime

from dvclite.cache.cache import Cache
from dvclite.formats.native import native
from dvclite.hashing import BLAKE3, Oid, hash_bytes
from dvclite.maintenance.collect import Needed, collect

FORMAT = native(BLAKE3)


def store(cache, data):
    """Put a blob into its place."""
    oid = Oid(hash_bytes(data, BLAKE3))
    path = cache.root / FORMAT.loose_key(oid)
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return oid


def test_one_that_begins_leaves_the_other_what_it_has_to_know(tmp_path):
    cache = Cache(tmp_path, FORMAT, tmp_path / "packs.db", largest_packed=0)
    oid = store(cache, b"added at this moment")

    with cache.collecting():
        with cache.lease() as lease:
            lease.rely_on([oid])
        with cache.collecting():
            assert cache.leased() == {oid}
        assert cache.leased() == {oid}
    with cache.collecting():
        assert cache.leased() == set()


def test_one_does_not_delete_what_the_other_moved_too_soon(tmp_path):
    class Busy(Cache):
        """A cache in which much happens just after a collector asked what is relied on."""

        asked = 0

        def leased(self):
            found = super().leased()
            self.asked += 1
            if self.asked == 3:
                added = store(self, b"added at this moment")
                lease.rely_on([added])
                self.loose.trash(added, datetime.now(UTC).date().isoformat())
            return found

    cache = Busy(tmp_path, FORMAT, tmp_path / "packs.db", largest_packed=0)
    garbage = store(cache, b"garbage")
    with cache.lease() as lease:
        collect(cache, lambda: Needed(frozenset(), lambda _refs: set()), days=0, now=True)

    assert cache.asked == 3
    assert garbage not in cache
    assert hash_bytes(b"added at this moment", BLAKE3) in cache
