import random
import struct
import tracemalloc

import pytest

from dvclite.errors import PackDamagedError, PackVersionError
from dvclite.hashing import BLAKE3, XXH128
from dvclite.pack.index import FIRST_READ, read_end, tail_length, write_end
from dvclite.pack.layout import LARGEST_RECIPE, MAGIC, MOST_BYTES, MOST_ENTRIES, Kind, oid_of
from dvclite.pack.reader import PackFile
from dvclite.pack.writer import PackWriter


@pytest.fixture
def written(make):
    """A pack and its bytes."""
    pack = make()
    with open(pack.path, "rb") as file:
        return pack, file.read()


def test_the_last_bytes_tell_how_many_are_needed(written):
    pack, data = written

    needed = tail_length(data[-64:], pack.size, pack.id)

    assert needed == 64 * (len(pack.entries) + 1)
    assert list(read_end(data[-needed:], pack.size, pack.id)) == list(pack.entries)
    assert list(read_end(data, pack.size, pack.id)) == list(pack.entries)


def test_an_end_that_is_too_short_is_refused(written):
    pack, data = written
    needed = tail_length(data, pack.size, pack.id)

    with pytest.raises(PackDamagedError, match="cut short"):
        tail_length(data[-63:], pack.size, pack.id)
    with pytest.raises(PackDamagedError, match="cut short"):
        read_end(data[-needed + 1 :], pack.size, pack.id)


def test_the_end_of_another_pack_is_refused(written, make, contents):
    pack, data = written
    other = make(contents[:2], name="other")

    with pytest.raises(PackDamagedError, match="another pack"):
        tail_length(data, pack.size, other.id)
    with pytest.raises(PackDamagedError, match="another pack"):
        read_end(data, pack.size, other.id)


@pytest.mark.parametrize("difference", [-64, -1, 1, 64, 1 << 32])
def test_an_end_does_not_fit_a_pack_of_another_length(written, difference):
    pack, data = written

    with pytest.raises(PackDamagedError):
        read_end(data, pack.size + difference, pack.id)


def test_a_pack_of_a_later_version_asks_for_a_newer_dvclite(written):
    pack, data = written
    later = data[:-16] + b"\2" + data[-15:]

    with pytest.raises(PackVersionError) as caught:
        tail_length(later, pack.size, pack.id)

    assert caught.value.version == 2
    assert "newer" in caught.value.hint


def test_an_index_that_would_fill_the_memory_is_not_asked_for():
    count = MOST_ENTRIES + 1
    place = MOST_BYTES - 64 * (count + 1)
    trailer = struct.pack("<QI4x32sBB6x", place, count, bytes(32), 1, 1) + MAGIC

    with pytest.raises(PackDamagedError, match="too large"):
        tail_length(trailer, MOST_BYTES, bytes(32).hex())


@pytest.mark.parametrize(("count", "is_sound"), [(63, True), (64, False)])
def test_a_pack_of_more_bytes_than_offsets_can_tell_is_refused(count, is_sound):
    """The last entry begins within bounds, and ends beyond them."""
    records = b"".join(
        struct.pack("<IBBHII48x", 80 + at * (LARGEST_RECIPE + 64), 4, 0, 0, *[LARGEST_RECIPE] * 2)
        for at in range(count)
    )
    place = 16 + count * (LARGEST_RECIPE + 64)
    pack_id, trailer = write_end(records, place, BLAKE3)
    end = records + trailer

    if is_sound:
        assert len(read_end(end, place + len(end), pack_id)) == count
    else:
        with pytest.raises(PackDamagedError, match="too large"):
            read_end(end, place + len(end), pack_id)


def test_damage_says_which_pack_and_what_to_do(written):
    pack, data = written

    with pytest.raises(PackDamagedError) as caught:
        read_end(data[:-1] + b"x", pack.size, pack.id)

    assert pack.id in str(caught.value)
    assert "fsck --repair" in caught.value.hint


def test_entries_are_a_sequence(make):
    entries = make().entries
    everything = list(entries)

    assert entries[0] == everything[0]
    assert entries[-1] == everything[-1]
    assert list(entries[2:4]) == everything[2:4]
    assert list(entries[4:2]) == []
    assert entries.index(everything[3]) == 3
    with pytest.raises(IndexError):
        entries[len(everything)]
    with pytest.raises(ValueError, match="one after the other"):
        entries[::2]


def test_blobs_and_trees_have_their_names_in_order(make, contents):
    entries = make(contents[:4]).entries

    assert list(entries.oids()) == [oid_of(entry) for entry in entries]
    assert list(entries[:2].oids()) == [oid_of(entry) for entry in entries[:2]]
    assert list(entries.sizes_and_digests()) == [(entry.size, entry.digest) for entry in entries]
    assert entries.kinds == {Kind.BLOB, Kind.TREE}
    assert entries[:2].kinds == {Kind.BLOB}


def test_names_are_as_long_as_their_algorithm_makes_them(make, contents):
    entries = make(contents[:4], XXH128).entries

    assert list(entries.oids()) == [oid_of(entry) for entry in entries]
    assert list(entries.sizes_and_digests()) == [(entry.size, entry.digest) for entry in entries]


def test_a_long_index_takes_a_second_read_and_little_memory(tmp_path):
    count = 20_000
    random.seed(1)
    writer = PackWriter(tmp_path / "pack", BLAKE3)
    for _ in range(count):
        writer.add(Kind.BLOB_RECIPE, random.randbytes(32), b"data")
    pack = writer.finish()
    assert count * 64 > FIRST_READ
    tracemalloc.start()

    with PackFile(pack.path, pack.id) as file:
        entries = file.entries()
        total = sum(entry.size for entry in entries)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (len(entries), total) == (count, 4 * count)
    assert peak < 200 * count
