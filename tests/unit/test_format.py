import pytest

from dvclite.formats.native import native
from dvclite.hashing import BLAKE3, MD5, XXH128, Oid, hash_bytes
from dvclite.tree import Entry


@pytest.mark.parametrize("algorithm", [BLAKE3, XXH128, MD5], ids=lambda value: value.name)
@pytest.mark.parametrize("suffix", ["", ".dir"])
def test_a_loose_blobs_key_leads_back_to_its_oid(algorithm, suffix):
    format = native(algorithm)
    oid = Oid(hash_bytes(b"content", algorithm) + suffix)

    key = format.loose_key(oid)

    assert key == f"files/{algorithm.name}/{oid[:2]}/{oid[2:]}"
    assert key.startswith(format.loose_prefix)
    assert format.oid_at(key) == oid


@pytest.mark.parametrize(
    "key",
    [
        "",
        "files/md5/",
        "files/md5/ab",
        "files/md5/ab/",
        "files/md5/ab/cdef",
        "files/md5/ab/" + "0" * 31,
        "files/md5/a/b" + "0" * 30,
        "files/md5/abc/" + "0" * 29,
        "files/md5/ab/0/" + "0" * 29,
        "files/md5/AB/" + "0" * 30,
        "files/md5/ab/" + "0" * 30 + ".tmp",
        "files/md5/ab/" + "0" * 30 + ".dir/x",
        "files/blake3/ab/" + "0" * 30,
        "/files/md5/ab/" + "0" * 30,
        "ab/" + "0" * 30,
        "x/files/md5/ab/" + "0" * 30,
        "../files/md5/ab/" + "0" * 30,
    ],
)
def test_a_key_that_no_loose_blob_has_leads_to_none(key):
    assert native(MD5).oid_at(key) is None


def test_a_size_that_one_file_lacks_the_tree_lacks_too():
    oid = Oid("0" * 32)
    entries = [Entry("a", oid, 1), Entry("b", oid, -1), Entry("c", oid, 1)]

    assert native(MD5).make_tree(entries).size == -1
    assert native(MD5).make_tree(entries[:1]).size == 1
    assert native(MD5).make_tree([]).size == 0
