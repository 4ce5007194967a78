import pytest

from dvclite.errors import PackDamagedError
from dvclite.hashing import BLAKE3, XXH128
from dvclite.pack.coding import checksum, decode, describe
from dvclite.pack.layout import Codec, Kind
from dvclite.pack.reader import PackFile


@pytest.fixture
def read(make):
    """Returns the stored bytes of the entries of a pack: `read(pack) -> [(entry, bytes)]`."""

    def read(pack):
        with PackFile(pack.path, pack.id) as file:
            return [(entry, bytes(stored)) for entry, stored in file.scan(pack.entries)]

    return read


@pytest.mark.parametrize("trusted", [False, True])
def test_content_comes_back_from_any_buffer(make, read, contents, trusted):
    for (entry, stored), (_kind, content) in zip(read(make()), contents, strict=True):
        assert decode(entry, stored, BLAKE3, trusted=trusted) == content
        assert decode(entry, memoryview(stored), BLAKE3, trusted=trusted) == content


@pytest.mark.parametrize("trusted", [False, True])
def test_one_flipped_bit_is_found_in_every_kind_and_codec(make, read, trusted):
    for entry, stored in read(make()):
        for place in {0, len(stored) // 2, len(stored) - 1} & set(range(len(stored))):
            flipped = bytearray(stored)
            flipped[place] ^= 1
            with pytest.raises(PackDamagedError, match="checksum"):
                decode(entry, bytes(flipped), BLAKE3, trusted=trusted)


def test_more_or_fewer_bytes_are_refused(make, read):
    for entry, stored in read(make()):
        for other in (stored + b"\0", stored[:-1] or b"\0"):
            with pytest.raises(PackDamagedError, match="checksum"):
                decode(entry, other, BLAKE3, trusted=True)


def test_the_checksum_covers_what_the_entry_says_of_itself(make, read):
    others = {
        "kind": Kind.BLOB_RECIPE,
        "codec": Codec.ZSTD,
        "size": 7,
        "digest": bytes(32),
    }
    entry, stored = read(make([(Kind.BLOB, b"hello\n")]))[0]

    for name, value in others.items():
        with pytest.raises(PackDamagedError, match="checksum"):
            decode(entry._replace(**{name: value}), stored, BLAKE3, trusted=True)


@pytest.mark.parametrize("kind", [Kind.BLOB, Kind.TREE, Kind.CHUNK])
def test_content_under_another_name_is_only_passed_on_where_the_pack_is_trusted(make, read, kind):
    entry, stored = read(make([(kind, b"hello\n")]))[0]
    lying = entry._replace(digest=bytes(32))
    lying = lying._replace(checksum=checksum(describe(lying), stored))

    assert decode(lying, stored, BLAKE3, trusted=True) == b"hello\n"
    with pytest.raises(PackDamagedError, match=r"at byte 80 does not match its name"):
        decode(lying, stored, BLAKE3)


def test_chunks_are_named_by_blake3_whatever_blobs_are_named_by(make, read):
    blob, chunk = read(make([(Kind.BLOB, b"hello\n"), (Kind.CHUNK, b"hello\n")], XXH128))

    assert (len(blob[0].digest), len(chunk[0].digest)) == (16, 32)
    assert decode(*blob, XXH128) == decode(*chunk, XXH128) == b"hello\n"


def test_damage_says_where_it_was_found(make, read):
    entry, _stored = read(make([(Kind.BLOB, b"hello\n")]))[0]

    with pytest.raises(PackDamagedError, match="pack origin/packs/ab: the blob "):
        decode(entry, b"hallo\n", BLAKE3, where="origin/packs/ab")
