import hashlib
import os
import sqlite3
from contextlib import closing

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


def rows(path):
    with closing(sqlite3.connect(path)) as connection:
        return [
            connection.execute(f"SELECT * FROM {table}").fetchall()
            for table in ("packs", "entries")
        ]


def beside(packs, *learned):
    """Return the path of another database that tells of packs."""
    own, packs.path = packs.path, packs.folder / "beside.db"
    packs.index(*learned).save()
    other, packs.path = packs.path, own
    return other


def test_rows_are_copied_from_a_database_of_the_same_packs(packs):
    one, two, three = packs.make(*range(500)), packs.make("a", "b"), packs.make("b", "c")
    other = beside(packs, one, two)
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("UPDATE entries SET number = number + 1000")  # Shows who made them.
    index = packs.index(two, one, three)
    index.copy_from(other)
    index.save()

    copied = sum(row[4] >= 1000 for row in rows(packs.path)[1])
    assert copied == 502
    assert len(rows(packs.path)[1]) == 504
    assert found(packs.index(), "b") == [(three, 0)]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"no database" * 1000),
        lambda path: path.write_bytes(path.read_bytes()[:-5000]),
        lambda path: path.write_bytes(path.read_bytes()[:4096] + os.urandom(70_000)),
        lambda path: change(path, "DELETE FROM entries WHERE number = 17"),
        lambda path: change(path, "UPDATE packs SET size = 'much'"),
        lambda path: change(path, "PRAGMA user_version = 99"),
        lambda path: change(path, "DROP TABLE packs"),
    ],
)
def test_rows_that_cannot_be_copied_are_made(packs, spoil):
    one = packs.make(*range(5000))
    other = beside(packs, one)
    whole = rows(other)
    spoil(other)
    index = packs.index(one)
    index.copy_from(other)

    index.save()

    assert rows(packs.path) == whole


def change(path, statement):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_what_is_not_believed_is_not_copied(packs):
    one = packs.make("a", "b")
    other = beside(packs, one)
    change(other, "UPDATE entries SET number = number + 1000")
    index = packs.index()
    index.copy_from(other)
    index.distrust()
    index.learn(one, packs.made[one].size, packs.made[one].entries)

    index.save()

    assert found(packs.index(), "a", "b") == [(one, 0), (one, 1)]


def test_few_rows_are_not_looked_for_among_many(packs):
    many = [packs.make(number) for number in range(5)]
    other = beside(packs, *many)
    change(other, "UPDATE entries SET number = number + 1000")
    index = packs.index(many[0])
    index.copy_from(other)

    index.save()

    assert found(packs.index(), 0) == [(many[0], 0)]


def test_asking_changes_nothing(packs):
    packs.index(packs.make("a")).save()
    before = packs.path.read_bytes(), os.listdir(packs.folder)

    index = packs.index()
    index.sync({})
    assert index.present(Kind.BLOB, [digest("a")]) == set()
    index.close()

    assert (packs.path.read_bytes(), os.listdir(packs.folder)) == before


def test_what_was_learned_and_is_gone_again_is_not_saved(packs):
    one, two = packs.make("a"), packs.make("b")
    index = packs.index(one, two)
    index.drop(one)

    index.save()

    assert packs.index().packs == packs.sizes(two)
    assert packs.index().present(Kind.BLOB, map(digest, "ab")) == {digest("b")}


def test_a_pack_that_is_gone_does_not_come_back_when_others_change_the_database(packs):
    one, two = packs.make("a"), packs.make("b")
    packs.index(two).save()
    index = packs.index()
    assert found(index, "b") == [(two, 0)]
    index.learn(one, packs.made[one].size, packs.made[one].entries)
    index.drop(one)
    three = packs.make("c")
    packs.index(three).save()

    assert index.sync(packs.sizes(one, two)) == [one]


def test_a_pack_that_came_back_is_saved(packs):
    one = packs.make("a")
    index = packs.index(one)
    index.drop(one)
    index.learn(one, packs.made[one].size, packs.made[one].entries)

    index.save()

    assert found(packs.index(), "a") == [(one, 0)]


def test_nothing_that_was_saved_is_said_by_an_index_that_is_distrustful(packs):
    one = packs.make("a")
    packs.index(one).save()
    index = packs.index()
    index.distrust()

    assert (index.packs, found(index, "a")) == ({}, [])
    assert index.sync(packs.sizes(one)) == [one]


LIES = (
    "UPDATE entries SET number = number + 1 WHERE number = 1",
    "UPDATE entries SET first = first + 1 WHERE number = 0",
    "DELETE FROM entries WHERE number = 0",
    "INSERT INTO entries SELECT first, second, kind, pack, 7 FROM entries",
    "UPDATE packs SET size = size + 1",
    "UPDATE packs SET id = 'ff' || id",
)


@pytest.mark.parametrize("lie", LIES)
def test_a_database_that_lies_is_contradicted_and_made_anew(packs, lie):
    one = packs.make("a", "b")
    packs.index(one).save()
    with closing(sqlite3.connect(packs.path)) as connection:
        connection.execute(lie)
        connection.commit()
    index = packs.index()
    index.distrust()
    index.learn(one, packs.made[one].size, packs.made[one].entries)

    assert index.is_contradicted()

    index.save()
    assert not contradicted(packs, one)
    assert found(packs.index(), "a", "b") == [(one, 0), (one, 1)]


def contradicted(packs, *there):
    index = packs.index()
    index.distrust()
    for pack in there:
        index.learn(pack, packs.made[pack].size, packs.made[pack].entries)
    return index.is_contradicted()


def test_no_database_and_one_that_knows_more_or_less_are_not_contradicted(packs):
    one, two = packs.make("a"), packs.make("b")
    assert not contradicted(packs, one)
    packs.index(one).save()

    assert not contradicted(packs, one, two)
    assert not contradicted(packs, two)


@pytest.mark.parametrize("data", [b"", b"no database", bytes(5000)])
def test_what_is_no_database_is_contradicted(packs, data):
    one = packs.make("a")
    packs.path.write_bytes(data)

    assert contradicted(packs, one)


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
