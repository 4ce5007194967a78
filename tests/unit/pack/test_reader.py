import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from dvclite.errors import PackDamagedError
from dvclite.hashing import BLAKE3
from dvclite.pack.layout import ENTRY_HEADER_SIZE, Kind
from dvclite.pack.reader import PackFile


@pytest.fixture
def open_pack():
    """Opens a pack and closes it after the test: `open_pack(pack) -> PackFile`."""
    opened = []

    def open_pack(pack):
        opened.append(PackFile(pack.path, pack.id))
        return opened[-1]

    yield open_pack
    for file in opened:
        file.close()


def change(pack, place, data):
    os.chmod(pack.path, 0o666)
    with open(pack.path, "r+b") as file:
        file.seek(place)
        file.write(data)


def test_an_absent_pack_is_told_as_what_it_is(tmp_path):
    with pytest.raises(FileNotFoundError):
        PackFile(tmp_path / "pack", "0" * 64)


def test_many_threads_read_at_once(make, open_pack):
    contents = [(Kind.BLOB, bytes([number]) * (number * 1000)) for number in range(200)]
    pack = make(contents)
    file = open_pack(pack)

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda entry: file.content(entry, BLAKE3), file.entries()))

    assert found == [content for _kind, content in contents]


@pytest.mark.parametrize("step", [1, 2, 50])
def test_some_entries_are_scanned_as_well_as_all(make, open_pack, step):
    contents = [(Kind.BLOB_RECIPE, os.urandom(30_000)) for _ in range(200)]
    pack = make(contents)
    file = open_pack(pack)
    wanted = list(file.entries())[::step]

    scanned = [(entry, bytes(stored)) for entry, stored in file.scan(wanted)]

    assert scanned == [(entry, file.read(entry.offset, entry.stored)) for entry in wanted]
    assert [data for _entry, data in scanned] == [data for _kind, data in contents[::step]]


def test_entries_may_be_scanned_in_any_order(make, open_pack, contents):
    pack = make(contents)
    file = open_pack(pack)
    wanted = [*reversed(file.entries()), *file.entries(), file.entries()[2], file.entries()[2]]

    scanned = list(file.scan(wanted))

    assert [entry for entry, _stored in scanned] == wanted
    assert all(len(stored) == entry.stored for entry, stored in scanned)
    assert all(file.read(entry.offset, entry.stored) == stored for entry, stored in scanned)


def test_a_scan_reads_little_at_a_time(make, open_pack, monkeypatch):
    pack = make([(Kind.BLOB_RECIPE, os.urandom(300_000)) for _ in range(20)])
    file = open_pack(pack)
    lengths = []
    read = file.read
    monkeypatch.setattr(
        file, "read", lambda at, length: (lengths.append(length), read(at, length))[1]
    )

    assert not list(file.find_damage(pack.entries))

    assert len(lengths) < 10
    assert max(lengths) <= 1 << 20


def test_a_whole_pack_has_no_damage(make, open_pack):
    pack = make()
    file = open_pack(pack)

    assert not list(file.find_damage(file.entries()))
    assert not list(file.find_damage(file.entries(), trusted=True))


@pytest.mark.parametrize("trusted", [False, True])
def test_damage_names_its_entry_and_spares_the_others(make, open_pack, contents, trusted):
    pack = make()
    damaged = [pack.entries[2], pack.entries[4]]
    change(pack, damaged[0].offset + 1, b"\xee")
    change(pack, damaged[1].offset - ENTRY_HEADER_SIZE, b"\xee")
    file = open_pack(pack)

    found = list(file.find_damage(file.entries(), trusted=trusted))

    assert [entry for entry, _error in found] == damaged
    assert "checksum" in str(found[0][1])
    assert "header" in str(found[1][1])
    assert all(pack.path in str(error) for _entry, error in found)


def test_damage_of_the_first_bytes_belongs_to_no_entry(make, open_pack):
    pack = make()
    change(pack, 9, b"\2")
    file = open_pack(pack)

    ((entry, error),) = file.find_damage(file.entries())

    assert entry is None
    assert "first bytes" in str(error)


def test_a_pack_that_becomes_shorter_while_it_is_open_is_damaged(make, open_pack):
    pack = make()
    file = open_pack(pack)
    entries = file.entries()
    os.chmod(pack.path, 0o666)
    os.truncate(pack.path, entries[-1].offset)

    with pytest.raises(PackDamagedError, match="cut short"):
        file.content(entries[-1], BLAKE3)
    with pytest.raises(PackDamagedError, match="cut short"):
        list(file.find_damage(entries))
    with pytest.raises(PackDamagedError, match="cut short"):
        file.entries()
