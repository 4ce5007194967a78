"""The ends of many packs in one piece."""

from random import randbytes
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dvclite.errors import PackError
from dvclite.hashing import BLAKE3, MD5, hash_bytes
from dvclite.pack import catalogue
from dvclite.pack.catalogue import read_catalogue, write_catalogues
from dvclite.pack.index import Entries
from dvclite.pack.layout import Kind
from dvclite.pack.writer import PackWriter


@pytest.fixture
def packs(make):
    """Some packs as (name, size, entries)."""
    made = [
        make([(Kind.BLOB, bytes([number]) * count) for count in range(number)], name=str(number))
        for number in range(5)
    ]
    return [(pack.id, pack.size, pack.entries) for pack in made]


def listed(data):
    return [(pack, size, entries.records) for pack, size, entries in read_catalogue(data)]


def test_what_is_written_is_read(packs):
    (data,) = write_catalogues(packs)

    assert sorted(listed(data)) == sorted(
        (pack, size, entries.records) for pack, size, entries in packs
    )
    assert data.startswith(b"dvcends\n\1" + bytes(7))
    assert len(data) == 16 + sum(len(entries) * 64 + 64 for _pack, _size, entries in packs)


def test_of_no_packs_there_is_none():
    assert list(write_catalogues([])) == []


def test_none_is_larger_than_one_may_be(packs, monkeypatch):
    monkeypatch.setattr(catalogue, "LARGEST", 500)

    written = list(write_catalogues(packs))

    assert max(map(len, written)) <= 500
    assert sum(len(listed(data)) for data in written) == len(packs)


def test_an_index_that_is_much_of_its_pack_is_left_out(make, monkeypatch):
    monkeypatch.setattr(catalogue, "FIRST_READ", 200)
    small = make([(Kind.BLOB, bytes([number])) for number in range(10)], name="small")
    large = make([(Kind.BLOB, randbytes(5000)) for _ in range(10)], name="large")

    (data,) = write_catalogues([(pack.id, pack.size, pack.entries) for pack in (small, large)])

    assert [pack for pack, _size, _entries in read_catalogue(data)] == [large.id]


def test_packs_whose_entries_are_not_known_are_left_out(make):
    pack = make(algorithm=MD5)

    assert not list(write_catalogues([(pack.id, pack.size, Entries(b"", BLAKE3))]))


@given(some.data())
def test_nothing_comes_out_that_its_name_does_not_vouch_for(data):
    bits = data.draw(some.lists(some.integers(0, 8 * len(WHOLE) - 1), max_size=3))
    damaged = bytearray(WHOLE)
    for bit in bits:
        damaged[bit // 8] ^= 1 << bit % 8
    damaged = damaged[data.draw(some.integers(0, 40)) :][: data.draw(some.integers(0, len(WHOLE)))]
    right = listed(WHOLE)
    found = []
    try:
        for one in read_catalogue(bytes(damaged)):
            found.append((one[0], one[1], one[2].records))
    except PackError:
        pass
    assert set(found) <= set(right)


def _whole():
    packs = []
    with TemporaryDirectory() as folder:
        for number in range(3):
            writer = PackWriter(f"{folder}/{number}", BLAKE3)
            for length in range(number + 1):
                content = bytes([number]) * length
                writer.add(Kind.BLOB, bytes.fromhex(hash_bytes(content, BLAKE3)), content)
            pack = writer.finish()
            packs.append((pack.id, pack.size, pack.entries))
    return next(iter(write_catalogues(packs)))


WHOLE = _whole()
