import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from dvclite import database
from dvclite.hashing import Oid
from dvclite.statcache.rows import UNSETTLED, Row, Whole, row, signature
from dvclite.statcache.statcache import StatCache
from dvclite.tree import Entry

OID = Oid("0123456789abcdef" * 4)
OTHER = Oid("f" * 64)
SIGNED = b"s" * 36

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX only")


@pytest.fixture
def path(tmp_path):
    """Where the stat cache is."""
    return tmp_path / "stat.db"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Do not wait ten seconds for a lock that the test itself holds."""
    monkeypatch.setattr(database, "PATIENCE", 0.1)


def file(path, size=1):
    return row(path, SIGNED, Entry(path, OID, size))


def remember(path, output, *rows, oid=OID, afresh=False, gone=()):
    with StatCache(path).updating() as update:
        for one in rows:
            update.put(one)
        for name in gone:
            update.drop(name)
        update.commit({output: oid}, afresh=[output] if afresh else [])


def recall(path, output):
    with StatCache(path) as cache:
        return list(cache.below(output)), cache.whole_at(output)


def names(path, output):
    return [one.path for one in recall(path, output)[0]]


def test_what_was_remembered_comes_back(path):
    rows = [
        file("data/a"),
        file("data/b/c", 10**18 - 1),
        row("data/d/", UNSETTLED, Entry("data/d/")),
    ]

    remember(path, "data", *rows)

    assert recall(path, "data") == (rows, Whole("data", OID, 3))


@pytest.mark.parametrize(
    "entry",
    [
        Entry("x", OID, 0),
        Entry("x", OID, -1),
        Entry("x", OID, 10**18 - 1, executable=True),
        Entry("x", Oid("ab" * 16 + ".dir"), 5),
        Entry("x", link="target\udcff/é"),
        Entry("x/"),
    ],
)
def test_every_kind_of_entry_comes_back(path, entry):
    remember(path, "data", row("data/x", SIGNED, entry))

    ((one,), _) = recall(path, "data")
    assert one.entry(entry.path) == entry
    assert one.entry("other") == entry._replace(path="other")


@pytest.mark.parametrize("name", ["a\nb", "\udcff", "é", "\U0001f600", "a'b\"c", "%", "a?b#c"])
def test_every_kind_of_name_comes_back(path, name):
    remember(path, f"data/{name}", file(f"data/{name}/{name}"))

    assert names(path, f"data/{name}") == [f"data/{name}/{name}"]
    assert recall(path, f"data/{name}")[1].path == f"data/{name}"


def test_below_is_the_path_itself_and_what_follows_its_slash_in_the_order_of_trees(path):
    ours = ["data", "data/a", "data/b-c", "data/b/c", "data/é", "data/\udcff", "data/\U0001f600"]
    others = ["dat", "data ", "data!", "data-old/x", "data.csv", "data0", "datb", "é"]
    remember(path, "", *(file(name) for name in [*ours, *others]))

    assert names(path, "data") == sorted(ours)
    assert names(path, "data/b") == ["data/b/c"]
    assert names(path, "data/b/c") == ["data/b/c"]
    assert names(path, "nothing") == []


def test_an_update_adds_replaces_and_drops(path):
    remember(path, "data", file("data/a"), file("data/b"), file("data/c"))

    remember(path, "data", file("data/b", 2), file("data/d"), gone=["data/a", "data/x"], oid=OTHER)

    rows, whole = recall(path, "data")
    assert rows == [file("data/b", 2), file("data/c"), file("data/d")]
    assert whole == Whole("data", OTHER, 3)


def test_an_update_afresh_forgets_what_was_and_touches_no_other_output(path):
    remember(path, "data", file("data/a"), file("data/b"))
    remember(path, "data-old", file("data-old/a"), oid=OTHER)

    remember(path, "data", file("data/c"), afresh=True)

    assert names(path, "data") == ["data/c"]
    assert recall(path, "data-old") == ([file("data-old/a")], Whole("data-old", OTHER, 1))


def test_without_a_known_whole_the_rows_stay_and_the_whole_goes(path):
    remember(path, "data", file("data/a"))

    remember(path, "data", file("data/b"), oid=None)

    assert recall(path, "data") == ([file("data/a"), file("data/b")], None)


def test_several_outputs_are_remembered_together(path):
    remember(path, "model", file("model"))
    with StatCache(path).updating() as update:
        for name in ("a/x", "b/x", "b/y", "c"):
            update.put(file(name))
        update.commit({"a": OID, "b": OTHER, "c": None, "model": None}, afresh=["model"])

    with StatCache(path) as cache:
        assert cache.outputs() == [
            *(Whole("a", OID, 1), Whole("b", OTHER, 2), Whole("c", "", 1), Whole("model", "", 0))
        ]
        assert cache.whole_at("c") is None
        assert list(cache.below("c")) == [file("c")]
        assert list(cache.below("model")) == []


def test_an_update_that_is_not_committed_changes_nothing(path):
    remember(path, "data", file("data/a"))

    with StatCache(path).updating() as update:
        update.put(file("data/b"))

    assert names(path, "data") == ["data/a"]


def test_the_contents_below_a_path_are_those_of_its_files(path):
    rows = [file("data/a"), row("data/b", SIGNED, Entry("x", OTHER, 1, executable=True))]
    rows += [row("data/c", SIGNED, Entry("x", link="a")), row("data/d/", SIGNED, Entry("d/"))]
    remember(path, "data", *rows)

    with StatCache(path) as cache:
        assert list(cache.oids_below("data")) == [OID, OTHER]
        assert list(cache.oids_below("other")) == []
    path.write_bytes(b"no database" * 1000)
    with StatCache(path) as cache:
        assert list(cache.oids_below("data")) == []


def test_an_output_is_forgotten_and_others_are_not(path):
    remember(path, "data", file("data/a"))
    remember(path, "data.b", file("data.b"))
    remember(path, "model", file("model"), oid=OTHER)

    with StatCache(path) as cache:
        assert cache.outputs() == [
            *(Whole("data", OID, 1), Whole("data.b", OID, 1), Whole("model", OTHER, 1))
        ]
        cache.forget("data")
        assert list(cache.below("data")) == []
        assert cache.outputs() == [Whole("data.b", OID, 1), Whole("model", OTHER, 1)]


def test_no_whole_is_remembered_when_another_process_wrote_meanwhile(path):
    remember(path, "data", file("data/a"))
    remember(path, "model", file("model"))
    with StatCache(path) as cache:
        ours = cache.updating()
    remember(path, "data", file("data/b"))
    with ours:
        ours.put(file("data/c"))
        ours.commit({"data": OTHER, "model": OTHER})

    assert recall(path, "data") == ([file("data/a"), file("data/b"), file("data/c")], None)
    assert recall(path, "model")[1] == Whole("model", OTHER, 1)


def test_no_whole_is_remembered_when_the_database_went_away_meanwhile(path):
    remember(path, "data", file("data/a"))
    with StatCache(path).updating() as update:
        path.unlink()
        update.put(file("data/b"))
        update.commit({"data": OTHER})

    assert recall(path, "data") == ([file("data/b")], None)


def test_no_whole_is_remembered_beside_rows_that_could_not_be_read(path):
    remember(path, "data", file("data/a"))
    path.write_bytes(b"no database" * 1000)

    remember(path, "data", file("data/b"))

    assert recall(path, "data") == ([file("data/b")], None)


def test_an_output_above_or_below_another_takes_its_whole_away(path):
    remember(path, "data", file("data/a"), file("data/in/x"))
    remember(path, "data-old", file("data-old"))
    remember(path, "data/in", file("data/in/x", 2))

    assert recall(path, "data")[1] is None
    assert recall(path, "data/in")[1] == Whole("data/in", OID, 1)

    remember(path, "data", file("data/in/x"))

    assert recall(path, "data")[1] == Whole("data", OID, 2)
    assert recall(path, "data/in")[1] is None
    assert recall(path, "data-old")[1] == Whole("data-old", OID, 1)


def test_more_rows_than_wait_together_are_remembered_in_order(path):
    rows = [file(f"data/{number:06}", number) for number in range(2 * database.TOGETHER + 17)]

    remember(path, "data", *reversed(rows))

    assert recall(path, "data") == (rows, Whole("data", OID, len(rows)))


def test_a_signature_tells_what_changes_whenever_a_file_does(tmp_path):
    target = tmp_path / "file"
    target.write_bytes(b"one")
    first = signature(os.lstat(target))
    assert signature(os.lstat(target)) == first

    os.utime(target, ns=(1, 1))
    second = signature(os.lstat(target))
    os.chmod(target, 0o755)
    third = signature(os.lstat(target))
    os.rename(target, tmp_path / "old")
    target.write_bytes(b"one")

    assert len({first, second, third, signature(os.lstat(target)), UNSETTLED}) == 5


@pytest.mark.parametrize("year", [1, 1901, 1969, 2038, 2262, 2300, 2446, 9999])
def test_a_file_of_any_time_has_a_signature(year):
    nanoseconds = (year - 1970) * 365 * 24 * 3600 * 10**9 + 1
    times = {"st_mtime_ns": nanoseconds, "st_ctime_ns": nanoseconds}
    stat = os.stat_result((0o100644, 2**64 - 1, *[0] * 8), times)

    assert len(signature(stat)) == 36


def test_reading_makes_nothing(tmp_path, path):
    with StatCache(path) as cache:
        assert list(cache.below("data")) == []
        assert cache.outputs() == []
        assert cache.whole_at("data") is None
        cache.forget("data")

    assert os.listdir(tmp_path) == []


def test_reading_changes_nothing(tmp_path, path):
    remember(path, "data", file("data/a"))
    before = {name: os.stat(tmp_path / name) for name in os.listdir(tmp_path)}

    recall(path, "data")

    after = {name: os.stat(tmp_path / name) for name in os.listdir(tmp_path)}
    assert {name: (stat.st_mtime_ns, stat.st_size) for name, stat in before.items()} == {
        name: (stat.st_mtime_ns, stat.st_size) for name, stat in after.items()
    }


def test_one_reader_sees_what_another_process_wrote_since(path):
    remember(path, "data", file("data/a"))
    with StatCache(path) as cache:
        assert len(list(cache.below("data"))) == 1
        remember(path, "data", file("data/b"))
        assert len(list(cache.below("data"))) == 2


def test_a_stat_cache_in_a_folder_that_is_absent_is_not_written(tmp_path):
    remember(tmp_path / "absent/stat.db", "data", file("data/a"))

    assert os.listdir(tmp_path) == []


@posix
@pytest.mark.parametrize("name", ["caf\udce9", "a?b#c%20d", "file:x", " ", "é\n"])
def test_the_folders_name_may_be_anything(tmp_path, name):
    (tmp_path / name).mkdir()
    path = tmp_path / name / "stat.db"

    remember(path, "data", file("data/a"))

    assert names(path, "data") == ["data/a"]
    assert os.listdir(tmp_path) == [name]


DAMAGE = {
    "text": lambda path: path.write_bytes(b"not a database " * 1000),
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "a byte less": lambda path: os.truncate(path, path.stat().st_size - 1),
    "the header alone": lambda path: os.truncate(path, 100),
    "other tables": lambda path: run(path, "DROP TABLE files", "CREATE TABLE files (x)"),
    "no tables": lambda path: run(path, "DROP TABLE files", "DROP TABLE outputs"),
    "a later version": lambda path: run(path, "PRAGMA user_version = 99"),
    "schema of bytes that are no text": lambda path: path.write_bytes(
        path.read_bytes().replace(b"CREATE TABLE outputs", b"CREATE \xff\xfe\xff\xfe outputs")
    ),
}


def run(path, *statements):
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_stat_cache_says_nothing_and_is_made_anew(path, damage):
    remember(path, "data", *(file(f"data/{number}") for number in range(200)))
    damage(path)

    rows, whole = recall(path, "data")
    assert whole is None or len(rows) != whole.rows or len(rows) == 200
    with StatCache(path) as cache:
        cache.forget("other")
    remember(path, "data", file("data/new"), afresh=True)

    assert recall(path, "data") == ([file("data/new")], Whole("data", OID, 1))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE files SET signature = zeroblob(36) WHERE path = CAST('data/b' AS BLOB)",
        "UPDATE files SET content = content || x'00' WHERE path = CAST('data/b' AS BLOB)",
        "UPDATE files SET seal = seal + 1 WHERE path = CAST('data/b' AS BLOB)",
        "UPDATE files SET seal = NULL WHERE path = CAST('data/b' AS BLOB)",
        "UPDATE files SET path = CAST('data/bb' AS BLOB) WHERE path = CAST('data/b' AS BLOB)",
        "UPDATE files SET path = CAST(path || substr(signature, 1, 1) AS BLOB),"
        " signature = CAST(substr(signature, 2) || substr(content, 1, 1) AS BLOB),"
        " content = substr(content, 2) WHERE path = CAST('data/b' AS BLOB)",
        "DELETE FROM files WHERE path = CAST('data/b' AS BLOB)",
    ],
)
def test_a_row_that_was_never_written_is_not_told_and_the_whole_is_seen_to_be_broken(
    path, statement
):
    rows = [file("data/a"), file("data/b"), file("data/c")]
    remember(path, "data", *rows)
    run(path, statement)

    told, whole = recall(path, "data")

    assert [one for one in told if one not in rows] == []
    assert len(told) != whole.rows


@pytest.mark.parametrize("value", ["NULL", "'text'", "1", "1.5", "CAST(x'ff' AS TEXT)"])
@pytest.mark.parametrize("column", ["signature", "content"])
def test_values_of_other_types_are_borne(path, column, value):
    remember(path, "data", file("data/a"), file("data/b"))
    run(path, f"UPDATE files SET {column} = {value} WHERE path = CAST('data/b' AS BLOB)")

    told, whole = recall(path, "data")

    assert told == [file("data/a")]
    assert whole.rows == 2


@pytest.mark.parametrize("value", ["CAST(x'ff' AS TEXT)", "x'ff'", "'data'", "7"])
def test_an_output_of_another_type_is_borne(path, value):
    remember(path, "data", file("data/a"))
    run(path, f"UPDATE outputs SET path = {value}")

    assert recall(path, "data") == ([file("data/a")], None)


def test_a_stat_cache_that_is_locked_is_left_as_it_is(path):
    remember(path, "data", file("data/a"))
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        remember(path, "data", file("data/b"))
        with StatCache(path) as cache:
            cache.forget("data")
        holder.execute("ROLLBACK")

    assert names(path, "data") == ["data/a"]


def test_a_stat_cache_that_is_locked_for_reading_too_says_nothing(path):
    remember(path, "data", file("data/a"))
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        assert recall(path, "data") == ([], None)
        holder.execute("ROLLBACK")

    assert names(path, "data") == ["data/a"]


def in_a_child_without_privileges(work):
    """Run `work` as a user that permissions bind; root's own tests would prove nothing."""
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            work()
        except BaseException as error:  # noqa: BLE001
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@posix
@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize(
    ("file_mode", "folder_mode"), [(0o444, 0o755), (0o666, 0o555), (0o444, 0o555)]
)
def test_a_stat_cache_that_may_not_be_written_is_left_as_it_is(
    tmp_path, path, file_mode, folder_mode, damaged
):
    if damaged and folder_mode == 0o755 and os.getuid() != 0:
        pytest.skip("a folder of one's own lets one replace what is damaged")
    remember(path, "data", file("data/a"))
    if damaged:
        path.write_bytes(b"not a database" * 1000)
    before = path.read_bytes()
    os.chmod(path, file_mode)
    os.chmod(tmp_path, folder_mode)
    for folder in tmp_path.parents:
        if not folder.name.startswith(("pytest-", "popen-")):
            break  # Folders above those of pytest are everybody's.
        os.chmod(folder, 0o755)

    def work():
        remember(path, "data", file("data/b"))
        with StatCache(path) as cache:
            cache.forget("data")
            assert len(list(cache.below("data"))) == (0 if damaged else 1)

    try:
        assert in_a_child_without_privileges(work) == 0
    finally:
        os.chmod(tmp_path, 0o755)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["stat.db"]


@pytest.mark.parametrize("kind", ["folder", "link to a folder"])
def test_something_else_in_its_place_is_left_as_it_is(tmp_path, path, kind):
    target = path if kind == "folder" else tmp_path / "there"
    target.mkdir()
    (target / "file").touch()
    if target != path:
        path.symlink_to(target)

    remember(path, "data", file("data/a"))

    assert recall(path, "data") == ([], None)
    assert os.listdir(target) == ["file"]


def test_more_rows_than_memory_is_meant_for_are_remembered_like_any(path, monkeypatch):
    monkeypatch.setattr("dvclite.statcache.update._MOST_IN_MEMORY", 10)
    remember(path, "data", *(file(f"data/{number:02}") for number in range(95)))
    with StatCache(path).updating() as update:
        for number in range(5, 95):
            update.drop(f"data/{number:02}")
        update.put(file("data/07"))
        update.put(file("data/new"))
        update.commit({"data": OTHER})

    left = [f"data/{number:02}" for number in (*range(5), 7)]
    assert recall(path, "data") == (
        [file(one) for one in [*left, "data/new"]],
        Whole("data", OTHER, 7),
    )


def test_an_update_with_no_room_to_wait_in_is_lost_and_nothing_else(path, monkeypatch):
    monkeypatch.setattr("dvclite.statcache.update._MOST_IN_MEMORY", database.TOGETHER)
    remember(path, "data", file("data/a"))
    with StatCache(path).updating() as update:
        update._waiting.execute("PRAGMA max_page_count = 1")
        for number in range(3 * database.TOGETHER):
            update.put(file(f"data/{number}"))
        update.commit({"data": OTHER}, afresh=["data"])

    assert recall(path, "data") == ([file("data/a")], Whole("data", OID, 1))


def test_a_full_disk_loses_the_update_and_nothing_else(path, monkeypatch):
    remember(path, "data", file("data/a"))
    attach = database._attach

    def attach_full(path, schema, connection):
        attach(path, schema, connection)
        (pages,) = connection.execute("PRAGMA kept.page_count").fetchone()
        connection.execute(f"PRAGMA kept.max_page_count = {pages}")

    monkeypatch.setattr(database, "_attach", attach_full)
    remember(path, "data", *(file(f"data/{number}") for number in range(5000)))

    assert recall(path, "data") == ([file("data/a")], Whole("data", OID, 1))


KILLED = """
import os, sys
from dvclite.hashing import Oid
from dvclite.statcache.rows import row
from dvclite.statcache.statcache import StatCache
from dvclite.tree import Entry
class Dying:
    def __init__(self, real): self.real = real
    def __getattr__(self, name): return getattr(self.real, name)
    def execute(self, *args):
        if args[0] == "COMMIT":
            # Larger than SQLite's memory: the database has been changed in part.
            os._exit(9)
        return self.real.execute(*args)
with StatCache(sys.argv[1]).updating() as update:
    for number in range(100_000):
        path = f"data/{number:06}"
        update.put(row(path, b"s" * 36, Entry(path, Oid("f" * 64), number)))
    update._spill()
    update._waiting = Dying(update._waiting)
    update.commit({"data": Oid("f" * 64)}, afresh=["data"])
"""


def test_a_process_killed_while_it_writes_changes_nothing(tmp_path, path):
    rows = [file(f"data/{number}") for number in range(2000)]
    remember(path, "data", *rows)

    done = subprocess.run([sys.executable, "-c", KILLED, str(path)])
    assert done.returncode == 9
    told, whole = recall(path, "data")
    assert whole is None or len(told) == whole.rows
    with StatCache(path) as cache:
        cache.forget("other")

    told, whole = recall(path, "data")
    assert sorted(told) == sorted(rows)
    assert whole == Whole("data", OID, 2000)
    assert os.listdir(tmp_path) == ["stat.db"]


MANY = """
import json, os, sys, time
from dvclite.hashing import Oid
from dvclite.statcache.rows import row
from dvclite.statcache.statcache import StatCache
from dvclite.tree import Entry
path, count, told = sys.argv[1], int(sys.argv[2]), {}
def measure(what, began):
    told[what + ", s"] = round(time.perf_counter() - began, 2)
    if sys.platform == "linux":  # ru_maxrss would begin with the peak of the process that forked
        peak = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
        told[what + ", peak MiB"] = int(peak[0].split()[1]) // 1024
began = time.perf_counter()
with StatCache(path).updating() as update:
    for number in range(count):
        name = f"data/class_{number // 1000:04}/image_{number:07}.jpg"
        update.put(row(name, b"s" * 36, Entry(name, Oid(f"{number:064x}"), number)))
    update.commit({"data": Oid("f" * 64)}, afresh=["data"])
measure("write", began)
began = time.perf_counter()
with StatCache(path) as cache:
    told["rows"] = sum(1 for _ in cache.below("data"))
    told["whole"] = cache.whole_at("data").rows
measure("read", began)
began = time.perf_counter()
with StatCache(path).updating() as update:
    update.put(row("data/new", b"s" * 36, Entry("data/new", Oid("0" * 64), 1)))
    update.commit({"data": Oid("e" * 64)})
measure("change one", began)
told["bytes a row"] = os.stat(path).st_size // count
print(json.dumps(told))
"""


def test_many_rows_take_little_memory(path, record_property, capsys, thoroughly):
    rows, most = (1_000_000, 150) if thoroughly else (100_000, 80)
    done = subprocess.run(
        [sys.executable, "-c", MANY, str(path), str(rows)], capture_output=True, check=True
    )

    told = json.loads(done.stdout)
    for name, value in told.items():
        record_property(name, value)
    with capsys.disabled():
        print(f"\n  {rows:,} rows:", told)
    assert told["rows"] == told["whole"] == rows
    if sys.platform == "linux":
        assert max(value for name, value in told.items() if "MiB" in name) < most


def test_a_row_is_what_it_was_made_of():
    assert row("a", SIGNED, Entry("x", OID, 7)) == Row(
        "a", SIGNED, row("b", b"", Entry("y", OID, 7)).content
    )


def test_what_all_rows_stand_for_is_unknown_after_two_wrote_at_the_same_time(path):
    remember(path, "data", file("data/a"))

    with StatCache(path).updating() as late, StatCache(path).updating() as quick:
        quick.put(file("data/b"))
        quick.commit({"data": OTHER})
        late.put(file("data/c"))
        late.commit({"data": OID})

    with StatCache(path) as cache:
        assert cache.whole_at("data") is None
        assert [row.path for row in cache.below("data")] == ["data/a", "data/b", "data/c"]
