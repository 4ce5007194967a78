"""What goes to a remote of packs, in how many requests, and what never does."""

import os
import subprocess
import sys
import threading

import pytest

from dvclite.errors import (
    AccessDeniedError,
    BlobCorruptError,
    BlobMissingError,
    FileAccessError,
    RemoteUnavailableError,
)
from dvclite.files.owners import own_name
from dvclite.formats.native import native
from dvclite.hashing import XXH128, BlobRef, hash_bytes
from dvclite.pack.layout import Kind as Entry
from dvclite.pack.layout import key_of, pack_at
from dvclite.progress import SILENT
from dvclite.remotestore.packs.store import PackStore
from dvclite.testing.faults import Fault, Kind, Plan
from dvclite.transfer.moved import Moved
from dvclite.transfer.push import pushable
from dvclite.transfer.wanted import Wanted

FILES = {"a": b"one", "b/c": b"two", "b/d": b"three"}
MIB = 1 << 20


def test_small_files_go_in_one_pack_in_the_order_of_their_paths(here, store, packs, format):
    data = here.add("data", FILES)

    moved = here.push(store, data)

    leaves, tree = packs().values()
    if len(leaves) == 1:
        leaves, tree = tree, leaves
    assert [(entry.kind, entry.size) for entry in leaves] == [
        (Entry.BLOB, len(content)) for content in FILES.values()
    ]
    assert [entry.kind for entry in tree] == [Entry.TREE]
    assert (moved.files, moved.trees, moved.packed.packs) == (3, 1, 2)
    moved.check("pushed")


def test_a_tree_arrives_when_all_that_it_names_is_there(
    here, store, remote, holders, noise, small_packs
):
    files = {f"{number:02}": noise(number, 300_000) for number in range(20)} | {"z": noise(0, MIB)}
    data = here.add("data", files | {"large": noise(1, 3 * MIB)})
    order = []
    put = remote.put

    def watched(key, source, **options):
        put(key, source, **options)
        if pack_at(key) is not None:
            order.append(key)

    remote.put = watched
    here.push(store, data).check("pushed")

    ((pack, _entry),) = holders(data.ref.oid)
    assert order.index(key_of(pack)) == len(order) - 1
    assert len(order) > 5


def test_a_large_file_goes_in_chunks_and_its_recipe_after_them(here, store, remote, packs, noise):
    content = noise(1, 5 * MIB)
    order = []
    put = remote.put

    def watched(key, source, **options):
        put(key, source, **options)
        order.append({entry.kind for entry in packs()[key[9:]]})

    remote.put = watched
    moved = here.push(store, here.add_file("model.bin", content))

    assert order == [{Entry.CHUNK}, {Entry.BLOB_RECIPE}]
    assert (moved.files, moved.size) == (1, len(content))
    assert len(content) < moved.packed.sent < len(content) * 1.01


def test_what_compresses_goes_compressed(here, store):
    moved = here.push(store, here.add_file("table.csv", b"1,2,3,4,5,6,7,8\n" * (MIB // 4)))

    assert moved.packed.content == 4 * MIB
    assert moved.packed.sent < MIB // 4


def test_no_push_with_nothing_new_takes_more_than_one_request(here, open_store, remote, noise):
    data = here.add("data", FILES | {"large": noise(1, 3 * MIB)})
    with open_store("here") as store:
        here.push(store, data)
    remote.forget_traffic()

    with open_store("here") as store:
        assert here.push(store, data) == Moved()

    assert remote.traffic.calls == {"list": 1}


def test_a_clone_knows_after_its_pull_what_the_remote_has(here, there, open_store, remote, noise):
    data = here.add("data", FILES | {"large": noise(1, 3 * MIB)})
    with open_store("here") as store:
        here.push(store, data)
    with open_store("there") as store:
        there.fetch(store, data).check("fetched")
    remote.forget_traffic()

    with open_store("there") as store:
        assert there.push(store, data) == Moved()

    assert remote.traffic.calls == {"list": 1}


def test_an_edited_row_of_a_large_table_costs_its_own_size(here, there, open_store, remote):
    rows = [f"{number},{number * 7919 % 10007},{number % 97}\n" for number in range(2_700_000)]
    old = "".join(rows).encode()
    rows[1_300_000] = "edited," + rows[1_300_000]
    new = "".join(rows).encode()
    assert len(old) > 40_000_000
    before, after = here.add_file("table.csv", old), here.add_file("table.csv", new)
    with open_store("here") as store:
        here.push(store, before).check("pushed")
        there.fetch(store, before).check("fetched")
        remote.forget_traffic()

        moved = here.push(store, after)

        assert moved.packed.sent == remote.traffic.sent < MIB
        assert moved.packed.reused_size > 0.98 * len(new)
    remote.forget_traffic()
    with open_store("there") as store:
        there.fetch(store, after).check("fetched")

    assert remote.traffic.received < MIB
    assert there.cache.read(after.ref.oid) == new


def test_what_a_push_would_take_is_told_without_writing_anything(here, store, remote, noise):
    common = noise(1, 8 * MIB)
    one = here.add("one", {"model": common, "log": b"epoch,loss\n" * 20_000})
    two = here.add_file("two", common + noise(2, MIB))
    before = sorted(here.root.rglob("*"))

    planned = pushable(here.cache, store, [one, two], SILENT)

    assert (remote.traffic.sent, sorted(here.root.rglob("*"))) == (0, before)
    moved = here.push(store, one, two)
    assert planned.packed.content == moved.packed.content
    assert planned.packed.reused_size == moved.packed.reused_size >= 7 * MIB
    assert abs(planned.packed.sent - moved.packed.sent) < 5000
    extent = store.extent()
    assert extent.size == moved.packed.sent
    assert extent.content < moved.packed.content - 7 * MIB


def test_chunks_are_shared_by_files_and_by_people(here, there, open_store, remote, noise):
    common = noise(1, 8 * MIB)
    with open_store("here") as store:
        one = here.add_file("one", common + noise(2, MIB))
        here.push(store, one, here.add_file("two", common)).check("pushed")
        assert remote.traffic.sent < 10 * MIB
    remote.forget_traffic()

    with open_store("there") as store:
        moved = there.push(store, there.add_file("three", noise(3, MIB) + common))

    assert moved.packed.sent < 3 * MIB
    assert moved.packed.reused > 10


@pytest.mark.parametrize("count", [1000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_many_files_go_and_come_in_a_handful_of_requests(
    here, there, open_store, remote, noise, count
):
    content = noise(1, count * 12)
    files = {f"{n:05}": content[n * 12 : n * 12 + 12] * 30 for n in range(count)}
    data = here.add("data", files)
    with open_store("here") as store:
        moved = here.push(store, data)
    moved.check("pushed")
    assert remote.traffic.requests <= moved.size / (16 * MIB) + 10
    remote.forget_traffic()

    with open_store("there") as store:
        there.fetch(store, data).check("fetched")

    assert remote.traffic.requests <= moved.size / (16 * MIB) + 10
    assert there.files(data) == files


def test_two_who_push_the_same_at_once_both_succeed(here, there, open_store, tmp_path, noise):
    files = {f"{number:03}": noise(number, 20_000) for number in range(50)}
    files["large"] = noise(1, 3 * MIB)
    sites = {"here": here.add("data", files), "there": there.add("data", files)}
    barrier = threading.Barrier(2)
    results = {}

    def push(site, name):
        with open_store(name) as store:
            store.missing([])
            barrier.wait()
            results[name] = site.push(store, sites[name])

    threads = [
        threading.Thread(target=push, args=args) for args in ((here, "here"), (there, "there"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 2
    for moved in results.values():
        moved.check("pushed")
    fresh = type(here)(tmp_path / "fresh", here.format)
    with open_store("fresh") as store:
        fresh.fetch(store, sites["here"]).check("fetched")
    assert fresh.files(sites["here"]) == files


# Interrupted, refused, resumed


def test_lost_access_in_the_middle_of_a_large_file_is_no_success(
    here, open_store, remote, noise, failed, small_packs
):
    file, late = here.add_file("model.bin", noise(1, 10 * MIB)), here.add_file("late", b"late")
    remote.plan = Plan((Fault(Kind.FAIL, "put", skip=2, error=AccessDeniedError),))

    with open_store("here", jobs=1) as store:
        moved = here.push(store, file, late)

    assert failed(moved) == {"model.bin": AccessDeniedError}
    assert (moved.files, moved.left) == (0, 1)


@pytest.fixture
def many(here, noise, small_packs):
    """A directory of six packs."""
    return here.add("data", {f"{n:02}": noise(n, 300_000) for n in range(20)})


def test_a_push_that_was_cut_short_goes_on_where_it_stopped(
    here, there, many, open_store, remote, failed
):
    remote.plan = Plan((Fault(Kind.FAIL, "put", skip=3, error=AccessDeniedError),))
    with open_store("here", jobs=1) as store:
        moved = here.push(store, many)
    assert (moved.files, moved.trees) == (12, 0)
    assert len(moved.failures) + moved.left == 8
    remote.plan = Plan()
    remote.forget_traffic()

    with open_store("here") as store:
        again = here.push(store, many)

    assert (again.files, again.trees) == (8, 1)
    assert remote.traffic.sent < 8 * 300_000 * 1.05
    with open_store("there") as store:
        there.fetch(store, many).check("fetched")


def test_an_interrupted_push_keeps_what_arrived(here, many, open_store, remote):
    class Impatient:
        def start(self, label, **totals): ...
        def finish(self): ...

        def advance(self, *, files=0, size=0):
            if remote.traffic.calls.get("put", 0) > 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), open_store("here", jobs=1) as store:
        here.push(store, many, progress=Impatient())

    with open_store("other") as store:
        assert 3 * 4 <= 20 - here.push(store, many).files <= 4 * 4


def test_the_chunks_of_a_large_file_that_arrived_are_not_sent_again(
    here, there, open_store, remote, noise, small_packs
):
    content = noise(1, 10 * MIB)
    file = here.add_file("model.bin", content)
    remote.plan = Plan((Fault(Kind.FAIL, "put", skip=5, times=1),))
    with open_store("here", jobs=1) as store:
        moved = here.push(store, file)
    assert [type(failure.error) for failure in moved.failures] == [RemoteUnavailableError]
    sent = remote.traffic.sent
    remote.forget_traffic()

    with open_store("here") as store:
        here.push(store, file).check("pushed")

    assert remote.traffic.sent < 2.5 * MIB < sent
    with open_store("there") as store:
        there.fetch(store, file).check("fetched")
    assert there.cache.read(file.ref.oid) == content


def test_a_refused_pack_fails_its_own_blobs_and_no_others(here, many, open_store, remote, failed):
    remote.plan = Plan((Fault(Kind.BREAK, "put", skip=1, times=1),))

    with open_store("here", jobs=1) as store:
        moved = here.push(store, many)

    assert failed(moved) == {f"data/{n:02}": RemoteUnavailableError for n in range(4, 8)}
    assert (moved.files, moved.trees, moved.withheld) == (16, 0, ("data",))


def test_a_refused_pack_of_chunks_fails_the_files_that_need_them(
    here, open_store, remote, noise, failed, small_packs
):
    common = noise(1, 2 * MIB)
    one = here.add_file("one", common)
    two = here.add_file("two", common + noise(2, MIB))
    three = here.add_file("three", noise(3, 2 * MIB))
    remote.plan = Plan((Fault(Kind.FAIL, "put", times=1),))

    with open_store("here", jobs=1) as store:
        moved = here.push(store, one, two, three)
        again = here.push(store, one, two, three)

    assert set(failed(moved)) == {"one", "two"} or set(failed(moved)) == {"one"}
    assert moved.files + len(moved.failures) == 3
    again.check("pushed")


def test_a_full_disk_is_said_to_be_the_reason(here, remote, format, tmp_path):
    (tmp_path / "known").write_text("in the way")
    data = here.add("data", FILES)

    store = PackStore(remote, format, tmp_path / "known")
    with store, pytest.raises(FileAccessError, match="packs cannot be made"):
        here.push(store, data)

    assert "put" not in remote.traffic.calls


# What is never published


def test_a_corrupt_small_blob_is_never_sent(here, store, packs, format, failed):
    data = here.add("data", FILES)
    here.damage(hash_bytes(b"two", format.algorithm), b"tw0")

    moved = here.push(store, data)

    assert failed(moved) == {"data/b/c": BlobCorruptError}
    assert [len(entries) for entries in packs().values()] == [2]


def test_a_corrupt_large_blob_never_becomes_reachable(
    here, there, store, open_store, noise, failed, holders
):
    content = bytearray(noise(1, 5 * MIB))
    file = here.add_file("model.bin", bytes(content))
    content[3 * MIB] ^= 1
    here.damage(file.ref.oid, bytes(content))

    assert failed(here.push(store, file)) == {"model.bin": BlobCorruptError}

    assert not holders(file.ref.oid)
    with open_store("there") as fresh:
        assert failed(there.fetch(fresh, file)) == {"model.bin": BlobMissingError}


@pytest.fixture
def edited_while_pushed(here, there, remote, open_store, noise, format, small_packs):
    """Edit a large blob in the cache when the first pack is put; return what was pushed, and how."""
    content = noise(1, 20 * MIB)
    file = here.add_file("model.bin", content)
    path = here.root / "cache" / format.loose_key(file.ref.oid)
    put = remote.put

    def edited_while_pushed(place):
        def edited(key, source, **options):
            path.chmod(0o644)
            with path.open("r+b") as stream:
                stream.seek(place)
                stream.write(b"edited")
            put(key, source, **options)

        remote.put = edited
        with open_store("here", jobs=1) as store:
            return file, content, here.push(store, file)

    return edited_while_pushed


@pytest.mark.skipif(os.name == "nt", reason="Windows does not replace what is open")
def test_a_large_blob_that_changes_before_it_is_read_never_becomes_reachable(
    edited_while_pushed, failed, holders
):
    file, _content, moved = edited_while_pushed(19 * MIB)

    assert failed(moved) == {"model.bin": BlobCorruptError}
    assert not holders(file.ref.oid)


@pytest.mark.skipif(os.name == "nt", reason="Windows does not replace what is open")
def test_of_a_large_blob_that_changes_after_it_was_read_arrives_what_was_read(
    edited_while_pushed, there, open_store
):
    file, content, moved = edited_while_pushed(0)

    moved.check("pushed")
    with open_store("there") as store:
        there.fetch(store, file).check("fetched")
    assert there.cache.read(file.ref.oid) == content


def test_a_blob_of_another_length_than_is_said_is_not_sent(here, store, packs, failed):
    file = here.add_file("model.bin", b"weights")

    moved = here.push(store, Wanted(file.path, BlobRef(file.ref.oid, 8)))

    assert failed(moved) == {"model.bin": BlobCorruptError}
    assert not packs()


# What is known of a remote


def test_asking_writes_nothing(here, open_store, tmp_path):
    data = here.add("data", FILES)
    with open_store("here") as store:
        here.push(store, data)

    with open_store("dry") as store:
        assert pushable(here.cache, store, [data], SILENT) == Moved()

    assert not (tmp_path / "dry").exists()


def _known_files(folder):
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


@pytest.mark.parametrize("harm", ["remove", "empty", "truncate", "flip"])
@pytest.mark.parametrize("which", ["packs.db", "ends", "recipes", ""])
def test_lost_or_damaged_knowledge_is_made_anew(
    here, there, open_store, remote, tmp_path, noise, harm, which
):
    data = here.add("data", FILES | {"large": noise(1, 3 * MIB)})
    with open_store("known") as store:
        here.push(store, data)
    for path in _known_files(tmp_path / "known"):
        if str(path.relative_to(tmp_path / "known")).startswith(which):
            content = bytearray(path.read_bytes())
            if harm == "remove":
                path.unlink()
            elif harm == "empty":
                path.write_bytes(b"")
            elif harm == "truncate":
                path.write_bytes(content[: len(content) // 2])
            else:
                content[len(content) // 2] ^= 1
                path.write_bytes(content)

    with open_store("known") as store:
        assert here.push(store, data) == Moved()
    with open_store("known") as store:
        there.fetch(store, data).check("fetched")
    more = here.add("data", FILES | {"large": noise(1, 3 * MIB) + b"more", "new": b"new"})
    remote.forget_traffic()
    with open_store("known") as store:
        moved = here.push(store, more)
    moved.check("pushed")
    assert moved.packed.sent < MIB


def test_a_pack_that_vanished_is_sent_again(here, there, open_store, remote, packs):
    data = here.add("data", FILES)
    with open_store("here") as store:
        here.push(store, data)
    remote.delete([key_of(pack) for pack, entries in packs().items() if len(entries) == 3])

    with open_store("here") as store:
        moved = here.push(store, data)
    with open_store("there") as store:
        there.fetch(store, data).check("fetched")

    assert (moved.files, moved.trees) == (3, 0)


def test_a_large_file_whose_chunks_vanished_is_sent_again(
    here, there, open_store, remote, packs, noise
):
    file = here.add_file("model.bin", noise(1, 3 * MIB))
    with open_store("here") as store:
        here.push(store, file)
    (chunks,) = (pack for pack, entries in packs().items() if entries[0].kind == Entry.CHUNK)
    remote.delete([key_of(chunks)])

    with open_store("here") as store:
        assert here.push(store, file).files == 1
    with open_store("there") as store:
        there.fetch(store, file).check("fetched")


@pytest.mark.parametrize("place", [-1, -20, -100])
def test_a_pack_with_a_damaged_end_counts_as_absent_and_is_named_and_healed(
    here, there, open_store, packs, flip, failed, error_of, place
):
    data = here.add("data", FILES)
    with open_store("here") as store:
        here.push(store, data)
    (pack,) = (pack for pack, entries in packs().items() if len(entries) == 3)
    flip(pack, place)

    with open_store("there") as store:
        moved = there.fetch(store, data)
    assert set(failed(moved).values()) == {BlobMissingError}
    assert pack in str(error_of(moved, "fetched").tried)

    with open_store("fresh") as store:
        assert here.push(store, data).files == 3
    with open_store("there") as store:
        there.fetch(store, data).check("fetched")


def test_packs_of_blobs_with_other_names_are_left_alone(here, remote, open_store, tmp_path):
    other = type(here)(tmp_path / "other", native(XXH128))
    theirs = other.add("data", FILES)
    ours = here.add("data", FILES)
    for _round in range(2):
        with PackStore(remote, other.format, tmp_path / "theirs") as store:
            other.push(store, theirs).check("pushed")
        with open_store("ours") as store:
            here.push(store, ours).check("pushed")

    assert remote.traffic.calls["put"] == 4
    with open_store("fresh") as store:
        assert not store.missing([BlobRef(ours.ref.oid, -1)])
        assert store.missing([BlobRef(theirs.ref.oid, -1)])


def test_foreign_keys_are_left_alone(here, there, store, overwrite):
    for key in ("packs/ab/cd", "packs/readme", "packs/ab/" + "a" * 64, "other"):
        overwrite(key, b"not a pack")
    data = here.add("data", FILES)

    here.push(store, data).check("pushed")
    there.fetch(store, data).check("fetched")


def test_packs_that_a_killed_push_left_go_though_nothing_is_left_to_push(
    here, open_store, tmp_path
):
    data = here.add("data", FILES)
    with open_store("here") as store:
        here.push(store, data).check("pushed")
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = tmp_path / "here/sending" / own_name().replace(f"-{os.getpid()}-", f"-{dead.pid}-")
    left.mkdir(parents=True)
    (left / "1").write_bytes(b"a pack")

    with open_store("here") as store:
        assert here.push(store, data).files == 0

    assert not left.exists()
