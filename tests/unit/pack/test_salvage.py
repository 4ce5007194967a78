import errno
import os

import pytest

import dvclite.pack.salvage
from dvclite.errors import PackUnreadableError
from dvclite.hashing import BLAKE3, XXH128, hash_bytes
from dvclite.pack.coding import decode
from dvclite.pack.layout import (
    ENTRY_HEADER_SIZE,
    ENTRY_MAGIC,
    LARGEST,
    Kind,
    digest_of,
    header,
)
from dvclite.pack.proof import entry_header
from dvclite.pack.reader import PackFile
from dvclite.pack.salvage import salvage
from dvclite.pack.writer import PackWriter


def content_of(pack):
    with open(pack.path, "rb") as file:
        return bytearray(file.read())


@pytest.fixture
def rescue(tmp_path):
    """Salvages bytes: `rescue(data) -> [(entry, stored bytes)]`."""

    def rescue(data, algorithm=BLAKE3):
        path = tmp_path / "damaged"
        path.unlink(missing_ok=True)  # Emptying it would wait for the disk.
        path.write_bytes(data)
        return list(salvage(path, algorithm))

    return rescue


def numbers(pack, rescued):
    """Which entries of a pack were rescued, in order, and nothing else."""
    entries = list(pack.entries)
    return [entries.index(entry) for entry, _stored in rescued]


def test_all_of_a_whole_pack_is_rescued(make, rescue, contents):
    pack = make()

    rescued = rescue(content_of(pack))

    assert numbers(pack, rescued) == list(range(len(contents)))
    assert [decode(*one, BLAKE3) for one in rescued] == [content for _kind, content in contents]


def test_what_is_rescued_makes_the_same_pack_again(make, rescue, tmp_path):
    pack = make()
    writer = PackWriter(tmp_path / "again", BLAKE3)

    for entry, stored in rescue(content_of(pack)[:-1]):
        writer.add(entry.kind, entry.digest, stored, codec=entry.codec, size=entry.size)

    assert writer.finish().id == pack.id


@pytest.mark.parametrize("algorithm", [BLAKE3, XXH128], ids=lambda one: one.name)
def test_all_before_a_cut_is_rescued(make, rescue, algorithm):
    pack = make(algorithm=algorithm)
    data = content_of(pack)
    ends = [entry.end for entry in pack.entries]
    places = {place + near for place in ends for near in (-1, 0, 1)} | {0, 1, 16, 17, 79}

    for cut in sorted(places):
        rescued = rescue(data[:cut], algorithm)
        assert numbers(pack, rescued) == list(range(sum(end <= cut for end in ends)))


def test_all_behind_a_loss_is_rescued(make, rescue, contents):
    pack = make()
    data = content_of(pack)

    for number, (entry, stored) in enumerate(rescue(b"lost" + data[pack.entries[2].end :])):
        assert entry.digest == pack.entries[number + 3].digest
        assert len(stored) == entry.stored
    assert number == len(contents) - 4


@pytest.mark.parametrize("index_is_whole", [True, False])
def test_one_damaged_entry_costs_only_itself(make, rescue, contents, index_is_whole):
    pack = make()
    for number, entry in enumerate(pack.entries):
        if entry.stored:
            data = content_of(pack)
            data[entry.offset + entry.stored // 2] ^= 0x10
            rescued = rescue(data if index_is_whole else data[:-1])
            assert numbers(pack, rescued) == [
                other for other in range(len(contents)) if other != number
            ]


def test_the_index_rescues_entries_with_damaged_headers(make, rescue, contents):
    pack = make()
    data = content_of(pack)
    for entry in pack.entries:
        data[entry.offset - ENTRY_HEADER_SIZE] ^= 1

    assert numbers(pack, rescue(data)) == list(range(len(contents)))
    assert numbers(pack, rescue(data[:-1])) == []


def test_an_entry_with_anything_changed_in_its_header_is_not_passed_on(make, rescue):
    pack = make([(Kind.BLOB_RECIPE, b"a recipe")])
    data = content_of(pack)[:-64]

    for place in range(16, 16 + ENTRY_HEADER_SIZE):
        for bit in range(8):
            data[place] ^= 1 << bit
            assert rescue(data) == []
            data[place] ^= 1 << bit
    assert len(rescue(data)) == 1


def test_a_pack_inside_a_whole_blob_is_only_that_blob(make, rescue, tmp_path):
    inner = bytes(content_of(make(name="inner")))
    writer = PackWriter(tmp_path / "outer", BLAKE3)
    writer.add(Kind.BLOB, digest_of(hash_bytes(b"before", BLAKE3)), b"before")
    writer.add(Kind.BLOB, digest_of(hash_bytes(inner, BLAKE3)), inner)
    outer = writer.finish()

    assert numbers(outer, rescue(content_of(outer))) == [0, 1]
    assert numbers(outer, rescue(content_of(outer)[:-1])) == [0, 1]


def test_a_lying_index_is_searched_past(make, rescue, contents):
    """As if a trailer had been made for it: the search takes over where the index is not sound."""
    pack = make()
    data = content_of(pack)
    data[-64 - 64 * len(contents)] ^= 1

    assert numbers(pack, rescue(data)) == list(range(len(contents)))


def test_nothing_is_rescued_for_a_repository_with_another_algorithm(make, rescue):
    pack = make(algorithm=XXH128)

    assert rescue(content_of(pack), BLAKE3) == []


def test_a_name_that_the_content_does_not_have_is_not_passed_on(rescue, tmp_path):
    writer = PackWriter(tmp_path / "pack", BLAKE3)
    writer.add(Kind.BLOB, bytes(32), b"hello\n")
    pack = writer.finish()

    assert rescue(content_of(pack)) == rescue(content_of(pack)[:-1]) == []


def test_entries_across_the_pieces_in_which_it_is_read_are_found(make, rescue):
    sizes = [1 << 20, 700_000, 1, 400_000, 1 << 20, 90, 0, (1 << 20) - 64]
    pack = make([(Kind.BLOB, os.urandom(size)) for size in sizes])

    for lost in (1, 64 * len(sizes) + 64):
        assert numbers(pack, rescue(content_of(pack)[:-lost])) == list(range(len(sizes)))


def test_magic_across_the_pieces_in_which_it_is_read_is_found(make, rescue):
    pack = make([(Kind.BLOB, b"hello\n")])
    entry = content_of(pack)[16:-128]

    for place in range((1 << 20) - 70, (1 << 20) + 3):
        found = rescue(bytes(place) + entry)
        assert [one.offset for one, _stored in found] == [place + ENTRY_HEADER_SIZE]


@pytest.mark.parametrize("data", [b"", b"\x9a", ENTRY_MAGIC, ENTRY_MAGIC * 1000, bytes(100)])
def test_nothing_is_rescued_from_nothing(rescue, data):
    assert rescue(data) == []


def test_a_trap_does_not_hold_the_search_for_ever(rescue, make, monkeypatch):
    """Every header claims all that follows, so that to look into each would take hours."""
    entry = make([(Kind.CHUNK, bytes(range(256)) * (LARGEST // 256))]).entries[0]
    lie = entry_header(entry._replace(stored=LARGEST, size=LARGEST, codec=0))
    trap = header(BLAKE3) + lie * (3 * LARGEST // len(lie))
    lengths = []
    decode = dvclite.pack.salvage.decode
    monkeypatch.setattr(
        dvclite.pack.salvage,
        "decode",
        lambda entry, stored, algorithm: (
            lengths.append(len(stored)),
            decode(entry, stored, algorithm),
        ),
    )

    assert rescue(trap) == []

    assert 10 * len(trap) < sum(lengths) < 100 * len(trap)


def test_lengths_are_believed_only_within_bounds(make, rescue):
    data = content_of(make([(Kind.BLOB, b"hello\n")]))[:-64]
    honest = bytes(data)
    for lengths in (b"\xff" * 8, b"\xff\xff\xff\x03" * 2, bytes(8)):
        data[24:32] = lengths
        assert rescue(data) == []

    assert len(rescue(honest)) == 1
    assert digest_of(hash_bytes(b"hello\n", BLAKE3)) == rescue(honest)[0][0].digest


@pytest.fixture
def bad_sector(monkeypatch):
    """Let the disk give nothing back that overlaps with a place in a file."""

    def bad_sector(path, place):
        def pread(fd, length, offset):
            bad = os.path.samestat(os.fstat(fd), os.stat(path))
            if bad and offset < place + 512 and offset + length > place:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return read(fd, length, offset)

        read = os.pread
        monkeypatch.setattr(os, "pread", pread)

    return bad_sector


posix_only = pytest.mark.skipif(os.name == "nt", reason="files are read in another way there")


@pytest.fixture
def many(make):
    return make([(Kind.BLOB, bytes([number]) * 100 + os.urandom(5000)) for number in range(100)])


@posix_only
def test_what_the_disk_does_not_give_back_takes_no_other_entry_with_it(many, bad_sector):
    place = many.entries[50].offset + 1000
    bad_sector(many.path, place)

    rescued = list(salvage(many.path, BLAKE3))

    assert numbers(many, rescued) == [number for number in range(100) if number != 50]


@posix_only
@pytest.mark.parametrize("offset", [64, 1000])
def test_with_a_part_of_the_index_unreadable_all_entries_are_rescued(many, bad_sector, offset):
    bad_sector(many.path, many.entries.end + offset)

    assert numbers(many, salvage(many.path, BLAKE3)) == list(range(100))


@posix_only
def test_with_index_and_an_entry_unreadable_the_others_are_rescued(many, bad_sector, tmp_path):
    place = many.entries[50].offset + 1000
    os.truncate(many.path, many.size - 64)
    bad_sector(many.path, place)

    rescued = salvage(many.path, BLAKE3)

    assert numbers(many, rescued) == [number for number in range(100) if number != 50]


@posix_only
def test_what_cannot_be_read_is_named(many, bad_sector):
    entry = many.entries[50]
    bad_sector(many.path, entry.offset + 1000)

    with PackFile(many.path, many.id) as pack:
        ((found, error),) = pack.find_damage(pack.entries())
        with pytest.raises(PackUnreadableError, match=f"byte {entry.offset:,} cannot be read"):
            pack.content(entry, BLAKE3)

    assert found == entry
    assert error.reason == f"the blob {entry.digest.hex()} at byte {entry.offset:,} cannot be read"


@posix_only
def test_a_header_that_cannot_be_read_is_named_and_the_rest_is_looked_at(many, bad_sector):
    bad_sector(many.path, -500)

    with PackFile(many.path, many.id) as pack:
        found = [entry for entry, _error in pack.find_damage(many.entries)]

    assert found == [None]
