import hashlib
import os

import pytest

from dvclite.pack.layout import Codec, Kind, PackEntry
from dvclite.packindex import PackIndex


def digest(name):
    return hashlib.sha256(str(name).encode()).digest()


def pack_id(name):
    return digest(f"pack {name}").hex()


def entries(*names, kind=Kind.BLOB):
    return [
        PackEntry(kind, digest(name), Codec.PLAIN, 80 + 100 * number, 36, 36, b"c" * 16)
        for number, name in enumerate(names)
    ]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "packs.db"


def made(path, **packs):
    index = PackIndex(path)
    for name, held in packs.items():
        index.learn(pack_id(name), 1000, held)
    return index


def found(index, *names, kind=Kind.BLOB):
    return sorted((one.pack, one.number) for one in index.find(kind, map(digest, names)))


def test_what_was_learned_is_found_before_it_is_saved_and_after(path):
    index = made(path, one=entries("a", "b"), two=entries("b", "c"))
    there = sorted([(pack_id("one"), 1), (pack_id("two"), 0)])
    assert found(index, "b") == there
    assert not path.exists()

    index.save()

    assert found(index, "b") == there
    again = PackIndex(path)
    assert found(again, "b") == there
    assert next(again.find(Kind.BLOB, [digest("c")])).entry == entries("b", "c")[1]
    assert again.packs == {pack_id("one"): 1000, pack_id("two"): 1000}


def test_kinds_are_told_apart(path):
    index = made(path, one=entries("a"), two=entries("a", kind=Kind.TREE))

    assert index.present(Kind.TREE, [digest("a")]) == {digest("a")}
    assert found(index, "a", kind=Kind.TREE) == [(pack_id("two"), 0)]
    assert index.present(Kind.CHUNK, [digest("a")]) == set()


def test_packs_that_are_gone_are_not_found_any_more(path):
    made(path, one=entries("a"), two=entries("a", "b")).save()
    index = PackIndex(path)

    assert index.sync({pack_id("one"): 1000, pack_id("new"): 5}) == [pack_id("new")]

    assert found(index, "a") == [(pack_id("one"), 0)]
    assert index.present(Kind.BLOB, map(digest, "ab")) == {digest("a")}
    index.save()
    assert PackIndex(path).packs == {pack_id("one"): 1000}


def test_a_pack_whose_size_changed_is_not_known(path):
    made(path, one=entries("a")).save()

    assert PackIndex(path).sync({pack_id("one"): 1001}) == [pack_id("one")]


def test_chunks_are_found_by_their_numbers(path):
    index = made(path, one=entries(*range(20), kind=Kind.CHUNK), two=entries(*range(20)))
    index.save()

    assert [one.number for one in index.chunks(pack_id("one"), 3, 4)] == [3, 4, 5, 6]
    assert [one.number for one in index.chunks(pack_id("one"), 18, 9)] == [18, 19]
    assert index.chunks(pack_id("two"), 0, 9) == []


def test_many_digests_are_asked_for_at_once(path):
    index = made(path, one=entries(*range(3000)))

    assert len(index.present(Kind.BLOB, map(digest, range(1000, 5000)))) == 2000


def test_two_processes_may_learn_at_the_same_time(path):
    one, two = made(path, one=entries("a")), made(path, two=entries("b"))
    one.save()
    two.save()

    assert found(PackIndex(path), "a", "b") == sorted([(pack_id("one"), 0), (pack_id("two"), 0)])


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"no database" * 1000,
        lambda data: data[: len(data) // 2],
        lambda data: data[:4096] + os.urandom(len(data) - 4096),
        lambda data: b"",
    ],
)
def test_a_damaged_database_is_made_anew(path, damage):
    made(path, one=entries(*range(2000))).save()
    path.write_bytes(damage(path.read_bytes()))
    index = PackIndex(path)

    held = index.present(Kind.BLOB, map(digest, range(2000)))
    if index.sync({pack_id("one"): 1000}):
        index.learn(pack_id("one"), 1000, entries(*range(2000)))
    assert held <= set(map(digest, range(2000)))
    assert index.present(Kind.BLOB, map(digest, range(2000))) == set(map(digest, range(2000)))
    index.save()
    assert PackIndex(path).present(Kind.BLOB, [digest(7)]) == {digest(7)}
    assert len(PackIndex(path).present(Kind.BLOB, map(digest, range(2000)))) == 2000


def test_asking_changes_nothing(path):
    made(path, one=entries("a")).save()
    before = path.read_bytes(), os.listdir(path.parent)
    path.parent.chmod(0o555)
    try:
        index = PackIndex(path)
        index.sync({})
        assert index.present(Kind.BLOB, [digest("a")]) == set()
        index.close()
    finally:
        path.parent.chmod(0o755)
    assert (path.read_bytes(), os.listdir(path.parent)) == before
