"""The collector and packs, with commands at work at the same time."""

import shutil
from datetime import UTC, datetime

import pytest

from dvclite.cache.cache import Cache
from dvclite.formats.native import native
from dvclite.hashing import BLAKE3, BlobRef
from dvclite.maintenance.collect import Needed, collect

TODAY = datetime.now(UTC).date().isoformat()
LIVES = b"needed"
GARBAGE = [b"garbage %d" % number for number in range(3)]


def gc(cache, *wanted, days=30, now=False):
    needed = Needed(frozenset(wanted), lambda _refs: set())
    return collect(cache, lambda: needed, days=days, now=now)


def keep(cache, lease, oids):
    """Rely on blobs as `add` does on those of unchanged files; return which it has to write."""
    with cache.writer(lease) as writer:
        return {ref.oid for ref in writer.keep([BlobRef(oid, -1) for oid in oids])}


def test_garbage_leaves_its_pack_and_what_lives_stays(caches):
    lives, *garbage = caches.add(LIVES, *GARBAGE)
    (old,) = caches.packs()

    collected = gc(caches.open(), lives)

    assert collected.blobs == 3
    (new,) = caches.packs()
    assert new != old
    assert caches.copies(lives) == 1
    assert [caches.copies(oid) for oid in garbage] == [0, 0, 0]
    assert [caches.content(oid) for oid in garbage] == GARBAGE, "from the trash"
    assert gc(caches.open(), lives).blobs == 0
    assert list(caches.packs()) == [new]


def test_trash_is_deleted_after_its_time_and_not_before(caches):
    lives, *garbage = caches.add(LIVES, *GARBAGE)
    gc(caches.open(), lives)
    assert gc(caches.open(), lives).deleted == 0
    (caches.root / "trash" / TODAY).rename(caches.root / "trash" / "2020-01-01")

    assert gc(caches.open(), lives).deleted == 3
    assert caches.open().absent([lives, *garbage]) == set(garbage)
    assert list((caches.root / "trash").iterdir()) == []


def test_a_pack_in_the_trash_that_somebody_needs_again_comes_back(caches):
    lives, *garbage = caches.add(LIVES, *GARBAGE)
    gc(caches.open(), lives)
    (caches.root / "trash" / TODAY).rename(caches.root / "trash" / "2020-01-01")

    assert gc(caches.open(), lives, garbage[0]).deleted == 0
    assert caches.copies(garbage[0]) == 1
    gc(caches.open(), lives, garbage[0])
    assert [caches.copies(oid) for oid in garbage] == [1, 0, 0]
    assert caches.content(lives) == LIVES


def test_what_an_add_relied_on_before_is_no_garbage(caches):
    lives, *garbage = caches.add(LIVES, *GARBAGE)
    cache = caches.open()
    with cache.lease() as lease:
        assert keep(cache, lease, garbage[:1]) == set()
        gc(caches.open(), lives, now=True)

    assert [caches.content(oid) for oid in [lives, garbage[0]]] == [LIVES, GARBAGE[0]]
    assert caches.copies(garbage[1]) == 0


class Busy(Cache):
    """A cache in which something happens at a certain moment of a collection."""

    at = ""
    happens = None

    def _now(self, moment):
        if moment == self.at and self.happens is not None:
            happens, self.happens = self.happens, None
            happens()

    def repack(self, packs, lives):
        self._now("before it is rewritten")
        done = super().repack(packs, lives)
        self._now("after it was rewritten")
        self._rewritten = True
        return done

    def leased(self):
        if getattr(self, "_rewritten", False):
            self._now("after it went to the trash")
        return super().leased()


@pytest.mark.parametrize(
    "moment", ["before it is rewritten", "after it was rewritten", "after it went to the trash"]
)
@pytest.mark.parametrize("now", [False, True])
def test_an_add_that_begins_meanwhile_loses_nothing(caches, moment, now):
    lives, *garbage = caches.add(LIVES, *GARBAGE)
    adder = caches.open()
    busy = Busy(caches.root, native(BLAKE3), caches.index)
    with adder.lease() as lease:

        def add():
            assert adder.absent(garbage) == set() or moment == "after it went to the trash"
            caches.add(GARBAGE[0], cache=adder, lease=lease)
            assert keep(adder, lease, [garbage[1], lives]) <= {garbage[1]}
            caches.add(GARBAGE[1], cache=adder, lease=lease)

        busy.at, busy.happens = moment, add
        gc(busy, lives, days=0, now=now)
        assert busy.happens is None

        cache = caches.open()
        shutil.rmtree(caches.root / "trash", ignore_errors=True)
        found = [caches.content(oid, cache) for oid in [lives, *garbage[:2]]]
        assert found == [LIVES, *GARBAGE[:2]]


def test_one_collector_does_not_delete_the_pack_that_another_moved_too_soon(caches):
    caches.add(b"garbage")
    moved = []

    class Other(Cache):
        """A cache in which much happens just after a collector asked what is relied on."""

        asked = 0

        def leased(self):
            found = super().leased()
            self.asked += 1
            if self.asked == 4:
                caches.add(b"added at this moment", lease=lease)
                (pack,) = caches.packs()
                moved.append(pack)
                assert caches.open().packed.throw_away(pack, TODAY)
            return found

    cache = Other(caches.root, native(BLAKE3), caches.index)
    with caches.open().lease() as lease:
        gc(cache, days=0, now=True)
        assert cache.asked == 4
        assert caches.open().packed.trash.restore(moved[0], TODAY)
    assert caches.content(caches.oid(b"added at this moment")) == b"added at this moment"


def test_many_small_packs_are_put_together(caches):
    contents = [b"%d" % number for number in range(40)]
    oids = [caches.add(data)[0] for data in contents]
    gc(caches.open(), *oids[:35])
    assert len(caches.packs()) == 1
    assert gc(caches.open(), *oids[:35]).blobs == 0

    assert len(caches.packs()) == 1
    assert [caches.content(oid) for oid in oids[:35]] == contents[:35]
    assert [caches.copies(oid) for oid in oids[:35]] == [1] * 35


def test_a_few_small_packs_stay_as_they_are(caches):
    oids = [caches.add(b"%d" % number)[0] for number in range(20)]
    before = caches.packs()
    gc(caches.open(), *oids)

    assert caches.packs() == before


def test_copies_leave_when_packs_are_put_together(caches, tmp_path):
    """The pack that has all of it is what the result would be: it must not go to the trash."""
    contents = [b"%d" % number for number in range(40)]
    for number, data in enumerate(contents):
        other = tmp_path / f"other {number}"
        other.mkdir()
        caches_of_others = type(caches)(other)
        caches_of_others.add(data)
        _move_packs(caches_of_others, caches)
    every = tmp_path / "every"
    every.mkdir()
    one = type(caches)(every)
    oids = one.add(*contents)
    _move_packs(one, caches)
    assert len(caches.packs()) == 41
    assert [caches.copies(oid) for oid in oids] == [2] * 40

    gc(caches.open(), *oids)

    assert [caches.copies(oid) for oid in oids] == [1] * 40
    shutil.rmtree(caches.root / "trash")
    assert [caches.content(oid) for oid in oids] == contents
    (last,) = caches.packs().values()
    in_order = sorted(caches.packs())
    assert in_order == [last.name]


def test_rewriting_just_what_is_there_throws_nothing_away(caches):
    oids = caches.add(*GARBAGE)
    (pack,) = caches.packs()

    assert caches.open().repack([pack], lambda _oid: True) == set()
    assert list(caches.packs()) == [pack]
    assert [caches.content(oid) for oid in oids] == GARBAGE


def _move_packs(source, target):
    for name, path in source.packs().items():
        place = target.root / "packs" / name[:2] / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, place)
