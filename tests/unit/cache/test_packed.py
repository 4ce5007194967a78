"""Packs of a cache that come and go, and what is known of them."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from dvclite.cache import packed
from dvclite.hashing import XXH128, BlobRef, Oid
from dvclite.pack.index import Entries
from dvclite.pack.layout import RECORD_SIZE
from dvclite.pack.reader import PackFile

DAY = "2026-01-02"
CONTENTS = [b"blob %d" % number for number in range(5)]


def test_small_blobs_are_in_one_pack_and_come_back(caches):
    oids = caches.add(*CONTENTS)

    assert len(caches.packs()) == 1
    assert [caches.content(oid) for oid in oids] == CONTENTS
    assert not (caches.root / "files").exists()


def test_a_blob_is_written_once_however_often_it_comes(caches):
    # More than wait for each other in one group, so that the first is in an unnamed pack already.
    others = [b"%d" % number for number in range(1500)]
    (oid, *_rest) = caches.add(b"again", *others, b"again")

    assert caches.copies(oid) == 1
    caches.add(b"again", b"new")
    assert caches.copies(oid) == 1


def test_blobs_are_found_by_their_records_in_whatever_order(caches):
    first = caches.add(*(b"first %d" % number for number in range(30)))
    second = caches.add(*(b"second %d" % number for number in range(30)), b"first 7")
    nowhere = caches.oid(b"nowhere")
    known = {
        (path.name, Entries(record, caches.algorithm)[0].digest.hex()): record
        for path in caches.packs().values()
        for record in split(records_in(path))
    }
    cache = caches.open()

    for asked in (
        [*first, *second],
        [*second, *first],
        [*first[10:20], nowhere, *second[5:], *first[20:], nowhere],
        [*first[::-1], first[3], first[3], *second[::2]],
        [nowhere],
        [],
    ):
        found = cache.packed.records(asked)
        assert found.keys() == {*asked} - {nowhere}
        assert all(known[pack, oid] == record for oid, (pack, record) in found.items())


@pytest.mark.parametrize("many", [1, 10, 10_000])
def test_what_lies_beside_each_other_and_what_does_not_is_found(caches, monkeypatch, many):
    monkeypatch.setattr(packed, "_MANY", many)
    first = caches.add(*(b"first %d" % number for number in range(60)))
    alone = [caches.add(b"alone %d" % number)[0] for number in range(15)]
    gone = caches.add(*(b"gone %d" % number for number in range(30)))
    (pack,) = [path for path in caches.packs().values() if is_in(path, gone[0])]
    pack.unlink()
    nowhere = [caches.oid(b"nowhere %d" % number) for number in range(40)]

    for asked in ([*nowhere, *first, *gone], [*gone, *alone, *first], [*first, *gone, *nowhere]):
        assert caches.open().absent(asked) == {*asked} & {*nowhere, *gone}


def is_in(path, oid):
    with PackFile(path, path.name) as pack:
        return oid in set(pack.entries().oids())


def records_in(path):
    with PackFile(path, path.name) as pack:
        return pack.entries().records


def split(records):
    return [records[begin : begin + RECORD_SIZE] for begin in range(0, len(records), RECORD_SIZE)]


def test_what_lies_loose_is_not_packed_too(caches):
    many = [b"%d" % number for number in range(20)]
    caches.add(*many, cache=caches.open(largest_packed=0))
    caches.add(*many, b"new")

    (pack,) = caches.packs().values()
    assert [entry.digest.hex() for entry in caches.entries(pack)] == [caches.oid(b"new")]


@pytest.mark.parametrize("how", ["deleted", "damaged", "empty", "a folder", "of another cache"])
def test_whatever_happens_to_the_index_the_packs_are_the_truth(caches, tmp_path, how):
    oids = caches.add(*CONTENTS)
    (tmp_path / "other").mkdir()
    other = type(caches)(tmp_path / "other")
    other.add(b"of the other", CONTENTS[0])
    caches.index.unlink()
    if how == "damaged":
        caches.index.write_bytes(b"SQLite format 3\0" + os.urandom(5000))
    elif how == "empty":
        caches.index.touch()
    elif how == "a folder":
        caches.index.mkdir()
    elif how == "of another cache":
        shutil.copy(other.index, caches.index)

    assert [caches.content(oid) for oid in oids] == CONTENTS
    assert caches.open().absent([*oids, caches.oid(b"of the other")]) == {
        caches.oid(b"of the other")
    }
    caches.add(*CONTENTS, b"of the other")
    assert [caches.copies(oid) for oid in oids] == [1] * 5
    assert caches.content(caches.oid(b"of the other")) == b"of the other"


def test_a_bit_of_the_index_that_flips_does_no_harm(caches):
    oids = caches.add(*CONTENTS, b"last")
    whole = caches.index.read_bytes()
    used = [place for place, byte in enumerate(whole) if byte or place % 997 == 0]
    for place in used[:: max(1, len(used) // 300)]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        caches.index.write_bytes(damaged)
        cache = caches.open()

        with cache.lease() as lease, cache.writer(lease) as writer:
            absent = writer.keep([BlobRef(Oid("ab" * 32), -1)])
        assert absent == [BlobRef(Oid("ab" * 32), -1)]
        assert [caches.content(oid, cache) for oid in oids] == [*CONTENTS, b"last"]


def test_a_pack_that_appears_is_found_by_a_cache_that_is_open(caches):
    cache = caches.open()
    assert cache.absent([caches.oid(b"later")]) == {caches.oid(b"later")}

    (oid,) = caches.add(b"later")

    assert cache.absent([oid]) == set()
    assert cache.read(oid) == b"later"


def test_a_pack_that_vanishes_takes_its_blobs_with_it(caches):
    oids = caches.add(*CONTENTS)
    cache = caches.open()
    assert cache.absent(oids) == set()
    (pack,) = caches.packs().values()
    pack.unlink()

    assert cache.absent(oids) == set(oids)
    caches.add(*CONTENTS, cache=cache)
    assert [caches.content(oid) for oid in oids] == CONTENTS


def test_a_pack_that_was_rewritten_meanwhile_is_not_missed(caches):
    oids = caches.add(*CONTENTS)
    cache = caches.open()
    with cache.lease():
        assert cache.read(oids[0]) == CONTENTS[0]
        cache.packed.close()  # As it is after other packs were read.
        other = caches.open()
        (pack,) = caches.packs()
        other.repack([pack], lambda oid: oid != oids[0])
        other.packed.throw_away(pack, DAY)
        shutil.rmtree(caches.root / "trash")

        assert [caches.content(oid, cache) for oid in oids[1:]] == CONTENTS[1:]


@pytest.mark.parametrize("length", [0, 1, 63, 200, -1])
def test_a_pack_that_was_cut_short_is_not_relied_upon(caches, length):
    oids = caches.add(*CONTENTS)
    (pack,) = caches.packs().values()
    pack.chmod(0o644)
    os.truncate(pack, length if length >= 0 else pack.stat().st_size - 1)

    assert caches.open().absent(oids) == set(oids)
    caches.add(*CONTENTS)
    assert [caches.content(oid) for oid in oids] == CONTENTS
    assert not pack.exists() or pack.stat().st_size > length


def test_packs_in_the_trash_are_read_and_brought_back_by_who_relies_on_them(caches):
    oids = caches.add(*CONTENTS)
    (pack,) = caches.packs()
    caches.open().packed.throw_away(pack, DAY)
    assert not caches.packs()

    cache = caches.open()
    assert cache.absent(oids) == set()
    assert [caches.content(oid, cache) for oid in oids] == CONTENTS
    assert [caches.laid_out(oid, cache) for oid in oids] == CONTENTS
    with cache.lease() as lease, cache.writer(lease) as writer:
        assert writer.keep([BlobRef(oid, -1) for oid in oids]) == []
    assert list(caches.packs()) == [pack]


def test_a_damaged_pack_in_the_trash_is_passed_over(caches):
    (oid,) = caches.add(b"content")
    (pack,) = caches.packs()
    caches.open().packed.throw_away(pack, DAY)
    (path,) = (caches.root / "trash").rglob(pack)
    caches.damage(path, caches.entries(path)[0].offset)

    assert not isinstance(caches.content(oid), bytes)


def test_two_formats_in_one_folder_leave_each_other_alone(caches, caches_of):
    ours, theirs = caches, caches_of(XXH128)
    (mine,) = ours.add(b"content")
    (its,) = theirs.add(b"content")

    assert [[ref.oid for ref in one.blobs] for one in ours.open().packed] == [[mine]]
    assert [[ref.oid for ref in one.blobs] for one in theirs.open().packed] == [[its]]


def test_no_more_files_are_open_than_a_few_however_many_packs_there_are(caches):
    oids = [caches.add(b"%d" % number)[0] for number in range(40)]
    assert len(caches.packs()) == 40
    cache = caches.open()
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else None
    for oid in oids * 2:
        cache.read(oid)
    if before is not None:
        assert len(os.listdir("/proc/self/fd")) - before <= 20
    cache.packed.close()


def test_looking_does_not_write(caches):
    oids = caches.add(*CONTENTS)
    caches.index.unlink()
    cache = caches.open()
    cache.absent([*oids, Oid("ab" * 32)])
    cache.read(oids[0])

    assert not caches.index.exists()


def test_a_pack_that_another_process_entered_into_the_database_is_found(caches):
    (first,) = caches.add(b"first")
    cache = caches.open()
    assert cache.read(first) == b"first"
    (second,) = caches.add(b"second")

    assert cache.absent([second]) == set()
    assert cache.read(second) == b"second"


def test_many_threads_read_from_packs_that_are_rewritten_meanwhile(caches):
    contents = [b"%d" % number for number in range(200)]
    oids = caches.add(*contents)
    cache = caches.open()

    def read(number):
        return cache.read(oids[number % 200]) == contents[number % 200]

    with ThreadPoolExecutor(8) as pool:
        found = pool.map(read, range(2000))
        for kept in (150, 100, 50):
            other = caches.open()
            (pack,) = caches.packs()
            other.repack([pack], lambda oid, kept=kept: oid in oids[:kept])
            other.packed.throw_away(pack, DAY)
        assert all(found)
