import io

import pytest

from dvclite.errors import UnknownAlgorithmError
from dvclite.hashing import (
    BLAKE3,
    MD5,
    READ_SIZE,
    XXH128,
    algorithm,
    hash_bytes,
    hash_stream,
    is_oid,
    is_tree,
)

ALL = pytest.mark.parametrize("algorithm", [BLAKE3, XXH128, MD5], ids=lambda value: value.name)


@pytest.mark.parametrize(
    ("algorithm", "empty", "abc"),
    [
        (
            BLAKE3,
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
            "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
        ),
        (XXH128, "99aa06d3014798d86001c324468d497f", "06b05ab6733a618578af5f94892f3950"),
        (MD5, "d41d8cd98f00b204e9800998ecf8427e", "900150983cd24fb0d6963f7d28e17f72"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_oids_are_those_that_the_algorithm_is_known_for(algorithm, empty, abc):
    assert hash_bytes(b"", algorithm) == empty
    assert hash_bytes(b"abc", algorithm) == abc


@ALL
def test_an_oid_is_as_long_as_its_algorithm_says(algorithm):
    oid = hash_bytes(b"some bytes", algorithm)

    assert len(oid) == algorithm.digits
    assert is_oid(oid, algorithm)
    assert not is_tree(oid)


@ALL
@pytest.mark.parametrize("size", [0, 1, READ_SIZE - 1, READ_SIZE, READ_SIZE + 1, 2 * READ_SIZE])
def test_a_stream_has_the_oid_of_its_bytes(algorithm, size):
    data = (b"0123456789abcdef" * (size // 16 + 1))[:size]

    ref = hash_stream(io.BytesIO(data), algorithm)

    assert ref.oid == hash_bytes(data, algorithm)
    assert ref.size == size


def test_a_stream_that_gives_little_at_a_time_has_the_same_oid():
    class Trickle(io.RawIOBase):
        left = 1000

        def readable(self):
            return True

        def readinto(self, buffer):
            count = min(7, self.left)
            buffer[:count] = b"x" * count
            self.left -= count
            return count

    ref = hash_stream(Trickle(), BLAKE3)

    assert (ref.oid, ref.size) == (hash_bytes(b"x" * 1000, BLAKE3), 1000)


@pytest.mark.parametrize("name", ["blake3", "xxh128", "md5"])
def test_an_algorithm_is_found_by_its_name(name):
    assert algorithm(name).name == name


@pytest.mark.parametrize("name", ["", "sha256", "BLAKE3", "md5 "])
def test_an_unknown_algorithm_is_an_error_that_names_the_known_ones(name):
    with pytest.raises(UnknownAlgorithmError) as unknown:
        algorithm(name)

    assert "blake3, md5, xxh128" in unknown.value.hint


def test_only_blake3_can_be_trusted_against_forgery():
    assert [one.name for one in (BLAKE3, XXH128, MD5) if one.cryptographic] == ["blake3"]


def test_a_tree_is_told_by_its_suffix():
    oid = "0" * 32 + ".dir"

    assert is_oid(oid, MD5)
    assert is_tree(oid)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".dir",
        "0" * 31,
        "0" * 33,
        "0" * 32 + ".dir.dir",
        "0" * 32 + ".DIR",
        "0" * 28 + ".dir",
        "A" * 32,
        "g" * 32,
        "0" * 31 + "g",
        "g" + "0" * 31,
        "0" * 15 + "g" + "0" * 16,
        "0" * 31 + "\n",
        "../" + "0" * 29,
        "0" * 16 + "/" + "0" * 15,
        "\u0660" * 32,
    ],
)
def test_what_is_no_oid_never_becomes_part_of_a_path(text):
    assert not is_oid(text, MD5)
