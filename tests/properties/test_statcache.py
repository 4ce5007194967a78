"""The stat cache beside a dict, whatever happens to its database."""

import os
import random
import shutil
import sqlite3
import tempfile
from contextlib import closing

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from dvclite import database
from dvclite.hashing import Oid
from dvclite.statcache.rows import Whole, row
from dvclite.statcache.statcache import StatCache
from dvclite.tree import Entry

outputs = st.sampled_from(["data", "data-old", "data.csv", "data/in", "model", "\udcff"])
names = st.sampled_from(["", "/a", "/b", "/b/c", "/b-c", "/b.d/e", "/é", "/in", "/in/x", "/\udcff"])
oids = st.sampled_from([Oid(digit * 64) for digit in "0123"])
signatures = st.sampled_from([b"", b"1" * 36, b"2" * 36])


class Remembering(RuleBasedStateMachine):
    """Updates, refusals and accidents; a dict says what may be told at most."""

    @initialize()
    def begin(self):
        self.folder = tempfile.mkdtemp()
        self.path = os.path.join(self.folder, "stat.db")
        self.rows = {}
        self.wholes = {}
        self.is_sound = True
        self.patience, database.PATIENCE = database.PATIENCE, 0.0

    def teardown(self):
        shutil.rmtree(self.folder)
        database.PATIENCE = self.patience

    @rule(
        output=outputs,
        put=st.dictionaries(names, st.tuples(signatures, oids), max_size=5),
        gone=st.sets(names, max_size=3),
        oid=st.none() | oids,
        afresh=st.booleans(),
        locked=st.sampled_from([False, False, False, True]),
    )
    def update(self, output, put, gone, oid, afresh, locked):
        rows = {
            output + name: row(output + name, signed, Entry("x", content, 1))
            for name, (signed, content) in put.items()
        }
        locked = locked and self.is_sound
        with closing(sqlite3.connect(self.path, isolation_level=None)) as holder:
            if locked:
                holder.execute("BEGIN IMMEDIATE")
            with StatCache(self.path).updating() as update:
                for one in rows.values():
                    update.put(one)
                for name in gone - put.keys():
                    update.drop(output + name)
                update.commit({output: oid}, afresh=[output] if afresh else [])
        if locked:
            return
        # Nobody can tell what a damaged database held when the update began.
        known = oid if self.is_sound or afresh else None
        self.is_sound = True
        if afresh:
            self.drop_output(output)
        for name in gone - put.keys():
            self.rows.pop(output + name, None)
        self.rows |= rows
        for other in self.wholes:
            if other.startswith(output + "/") or output.startswith(other + "/"):
                self.wholes[other] = self.wholes[other]._replace(oid="")
        self.wholes[output] = Whole(output, known or "", len(self.below(output)))

    @rule(output=outputs)
    def forget(self, output):
        with StatCache(self.path) as cache:
            cache.forget(output)
        self.is_sound = True
        self.drop_output(output)

    @rule()
    def delete_the_file(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.is_sound = True
        self.rows, self.wholes = {}, {}

    @rule(content=st.binary(max_size=20).map(lambda piece: piece * 300))
    def overwrite_the_file(self, content):
        with open(self.path, "wb") as stream:
            stream.write(b"no database" + content)
        self.is_sound = False
        self.rows, self.wholes = {}, {}

    def below(self, output):
        found = [name for name in self.rows if name == output or name.startswith(output + "/")]
        return [self.rows[name] for name in sorted(found)]

    def drop_output(self, output):
        for one in self.below(output):
            del self.rows[one.path]
        self.wholes.pop(output, None)

    @invariant()
    def everything_is_told_as_the_dict_has_it(self):
        with StatCache(self.path) as cache:
            for output in ("data", "data-old", "data/in", "model", "\udcff"):
                assert list(cache.below(output)) == self.below(output)
            assert cache.outputs() == [self.wholes[path] for path in sorted(self.wholes)]
        assert set(os.listdir(self.folder)) <= {"stat.db"}


TestRemembering = Remembering.TestCase
TestRemembering.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)


def written(folder, count):
    """Make a stat cache of two generations, so that pages with old rows lie around in it."""
    path = os.path.join(folder, "sound.db")
    told = set()
    for generation in range(2):
        for output in ("data", "model"):
            with StatCache(path).updating() as update:
                for number in range(generation, count, 1 + generation):
                    name = f"{output}/folder{number % 7}/file{number:04}"
                    entry = Entry(name, Oid(f"{number:032x}{generation:032x}"), number)
                    one = row(name, bytes([generation]) * 36, entry)
                    told.add(one)
                    update.put(one)
                update.commit({output: Oid(f"{generation}" * 64)}, afresh=[output] * generation)
    return path, told


def damage(data, chance):
    """Flip bits, overwrite runs, swap and repeat pieces, cut off or add."""
    for _ in range(chance.choice([1, 1, 1, 2, 5, 50])):
        place, length = chance.randrange(len(data)), chance.choice([1, 1, 1, 2, 8, 64, 4096])
        if chance.random() < 0.3:
            place = chance.randrange(min(len(data), 200))  # Where the header and the schema are.
        match chance.randrange(6):
            case 0:
                data[place] ^= 1 << chance.randrange(8)
            case 1:
                data[place : place + length] = chance.randbytes(length)
            case 2:
                data[place : place + length] = bytes(length)
            case 3:
                source = chance.randrange(len(data))
                data[place : place + length] = data[source : source + length]
            case 4:
                page, other = (4096 * chance.randrange(1 + len(data) // 4096) for _ in range(2))
                data[page : page + 4096], data[other : other + 4096] = (
                    data[other : other + 4096],
                    data[page : page + 4096],
                )
            case 5 if chance.random() < 0.2:
                del data[place + 1 :]
                data += bytes(chance.choice([0, 0, 1, 4096]))
    return data


def assert_damage_costs_only_time(tmp_path, rounds, count):
    sound, told = written(tmp_path, count)
    with open(sound, "rb") as stream:
        original = stream.read()
    path = os.path.join(tmp_path, "damaged.db")
    noticed = 0
    for number in range(rounds):
        chance = random.Random(number)
        with open(path, "wb") as stream:
            stream.write(damage(bytearray(original), chance))
        with StatCache(path) as cache:
            rows = list(cache.below("data"))
            assert set(rows) <= told, number
            assert all(one.path.startswith("data/") for one in rows), number
            list(cache.below("model"))
            noticed += len(rows) != count // 2
        with StatCache(path).updating() as update:
            update.put(row("other/x", b"", Entry("x", Oid("0" * 64), 1)))
            update.commit({"other": Oid("0" * 64)})
        with StatCache(path) as cache:
            assert set(cache.below("data")) <= told, number
    assert noticed > rounds // 10


def test_damage_never_makes_it_tell_a_row_that_was_not_written(tmp_path):
    assert_damage_costs_only_time(tmp_path, rounds=500, count=120)


@pytest.mark.thorough
def test_much_damage_never_makes_it_tell_a_row_that_was_not_written(tmp_path):
    assert_damage_costs_only_time(tmp_path, rounds=10_000, count=600)
