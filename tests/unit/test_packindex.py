import hashlib
import os

import pytest

from dvclite.hashing import BLAKE3
from dvclite.pack.layout import Kind
from dvclite.pack.writer import PackWriter
from dvclite.packindex import PackIndex


def digest(name):
    return hashlib.sha256(str(name).encode()).digest()


class Packs:
    """Packs, and indexes of them."""

    def __init__(self, folder):
        self.folder = folder
        self.path = folder / "packs.db"
        self.made = {}

    def make(self, *names, kind=Kind.BLOB):
        writer = PackWriter(self.folder / f"{len(self.made)}.pack", BLAKE3)
        for name in names:
            writer.add(kind, digest(name), str(name).encode())
        pack = writer.finish()
        self.made[pack.id] = pack
        return pack.id

    def index(self, *learned):
        index = PackIndex(self.path, lambda pack: self.made[pack].entries)
        for pack in learned:
            index.learn(pack, self.made[pack].size, self.made[pack].entries)
        return index

    def sizes(self, *packs):
        return {pack: self.made[pack].size for pack in packs}


@pytest.fixture
def packs(tmp_path):
    return Packs(tmp_path)


def found(index, *names, kind=Kind.BLOB):
    return sorted((one.pack, one.number) for one in index.find(kind, map(digest, names)))


def test_what_was_learned_is_found_before_it_is_saved_and_after(packs):
    one, two = packs.make("a", "b"), packs.make("b", "c")
    index = packs.index(one, two)
    there = sorted([(one, 1), (two, 0)])
    assert found(index, "b") == there
    assert not packs.path.exists()

    index.save()

    assert found(index, "b") == there
    again = packs.index()
    assert found(again, "b") == there
    assert next(again.find(Kind.BLOB, [digest("c")])).entry == packs.made[two].entries[1]
    assert again.packs == packs.sizes(one, two)


def test_kinds_are_told_apart(packs):
    one, two = packs.make("a"), packs.make("a", kind=Kind.TREE)
    index = packs.index(one, two)

    assert index.present(Kind.TREE, [digest("a")]) == {digest("a")}
    assert found(index, "a", kind=Kind.TREE) == [(two, 0)]
    assert index.present(Kind.CHUNK, [digest("a")]) == set()


def test_packs_that_are_gone_are_not_found_any_more(packs):
    one, two = packs.make("a"), packs.make("a", "b")
    packs.index(one, two).save()
    index = packs.index()

    assert index.sync({**packs.sizes(one), "ab" * 32: 5}) == ["ab" * 32]

    assert found(index, "a") == [(one, 0)]
    assert index.present(Kind.BLOB, map(digest, "ab")) == {digest("a")}
    index.save()
    assert packs.index().packs == packs.sizes(one)


def test_a_pack_whose_size_changed_is_not_known(packs):
    one = packs.make("a")
    packs.index(one).save()

    assert packs.index().sync({one: 1001}) == [one]


def test_a_pack_whose_index_cannot_be_read_is_left_out(packs):
    one, two = packs.make("a", "b"), packs.make("b")
    packs.index(one, two).save()

    def read(pack):
        if pack == one:
            raise FileNotFoundError
        return packs.made[pack].entries

    assert found(PackIndex(packs.path, read), "a", "b") == [(two, 0)]


def test_many_digests_are_asked_for_at_once(packs):
    index = packs.index(packs.make(*range(3000)))

    assert len(index.present(Kind.BLOB, map(digest, range(1000, 5000)))) == 2000


def test_two_processes_may_learn_at_the_same_time(packs):
    one, two = packs.make("a"), packs.make("b")
    first, second = packs.index(one), packs.index(two)
    first.save()
    second.save()

    assert found(packs.index(), "a", "b") == sorted([(one, 0), (two, 0)])


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"no database" * 1000,
        lambda data: data[: len(data) // 2],
        lambda data: data[:4096] + os.urandom(len(data) - 4096),
        lambda data: b"",
    ],
)
def test_a_damaged_database_is_made_anew(packs, damage):
    one = packs.make(*range(5000))
    packs.index(one).save()
    packs.path.write_bytes(damage(packs.path.read_bytes()))
    index = packs.index()
    every = set(map(digest, range(5000)))

    held = index.present(Kind.BLOB, every)
    if index.sync(packs.sizes(one)):
        index.learn(one, packs.made[one].size, packs.made[one].entries)
    assert held <= every
    assert index.present(Kind.BLOB, every) == every
    index.save()
    assert packs.index().present(Kind.BLOB, every) == every


def test_asking_changes_nothing(packs):
    packs.index(packs.make("a")).save()
    before = packs.path.read_bytes(), os.listdir(packs.folder)

    index = packs.index()
    index.sync({})
    assert index.present(Kind.BLOB, [digest("a")]) == set()
    index.close()

    assert (packs.path.read_bytes(), os.listdir(packs.folder)) == before


def test_a_pack_that_left_the_database_meanwhile_is_to_be_learned_again(packs):
    one = packs.make("a")
    packs.index(one).save()
    index = packs.index()
    assert found(index, "a") == [(one, 0)]
    other = packs.index()
    other.drop(one)
    other.save()

    assert index.sync(packs.sizes(one)) == [one]
    index.learn(one, packs.made[one].size, packs.made[one].entries)
    assert found(index, "a") == [(one, 0)]


def test_without_a_path_nothing_is_saved(packs, tmp_path):
    one = packs.make("a")
    index = PackIndex(None, lambda pack: packs.made[pack].entries)
    index.learn(one, packs.made[one].size, packs.made[one].entries)
    before = sorted(tmp_path.iterdir())
    index.save()

    assert found(index, "a") == [(one, 0)]
    assert sorted(tmp_path.iterdir()) == before
