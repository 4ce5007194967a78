"""What comes from a remote of packs: verified, resumed, and with little asking."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from dvclite.cache import foreigndoor
from dvclite.errors import BlobCorruptError, BlobMissingError, RemoteUnavailableError
from dvclite.files.locks import hold
from dvclite.hashing import BLAKE3, BlobRef, hash_bytes
from dvclite.pack.layout import Kind as EntryKind
from dvclite.pack.layout import key_of
from dvclite.testing.faults import Fault, Kind, Plan
from dvclite.transfer.wanted import Wanted
from dvclite.tree import Entry

FILES = {"a": b"one", "b/c": b"two", "b/d": b"three"}
MIB = 1 << 20
_SAME = hash_bytes(b"sam", BLAKE3)


@pytest.fixture
def remote(far_or_near):
    return far_or_near


@pytest.fixture
def pushed(here, open_store):
    """Bring a directory, or a file's bytes, to the remote."""

    def pushed(content, name="data"):
        add = here.add if isinstance(content, dict) else here.add_file
        wanted = add(name, content)
        with open_store("here") as store:
            here.push(store, wanted).check("pushed")
        return wanted

    return pushed


def test_one_file_of_a_large_directory_takes_a_few_requests_and_bytes(
    there, open_store, remote, pushed, noise, small_packs
):
    data = pushed({f"{n:03}": noise(n, 20_000) for n in range(400)})
    remote.forget_traffic()

    with open_store("there") as store:
        there.fetch(store, data._replace(part="123")).check("fetched")

    assert remote.traffic.calls["get" if "get" in remote.traffic.calls else "list"] == 1
    assert remote.traffic.requests <= 5  # list, catalogue, recipe or tree, file
    assert remote.traffic.received < 12 * (64 << 10)
    assert there.files(data) == {"123": noise(123, 20_000)}


def test_packs_that_are_wanted_as_a_whole_come_with_one_request_each(
    there, open_store, remote, pushed, noise, recorder
):
    content = {f"{n:03}": noise(n, 400_000) for n in range(100)}
    data = pushed(content)
    remote.forget_traffic()

    with open_store("there") as store:
        there.fetch(store, data, progress=recorder).check("fetched")

    assert recorder.works[-1] == ["Fetching", 100, 40_000_000, 100, 40_000_000]
    assert remote.traffic.calls["get"] == 1
    assert remote.traffic.requests <= 10
    assert there.files(data) == content


def test_what_a_tree_of_another_version_holds_is_not_fetched(
    here, there, open_store, remote, noise
):
    names = [f"{number:05}-{noise(number, 100).hex()}" for number in range(20_000)]
    trees = []
    for oid in (hash_bytes(b"one", BLAKE3), hash_bytes(b"two", BLAKE3)):
        entries = [Entry(name, oid if n == 12_345 else _SAME, 3) for n, name in enumerate(names)]
        trees.append(here.format.make_tree(entries))
    with open_store("here") as store:
        for content, tree in zip((b"one", b"two"), trees, strict=True):
            here.add("leaves", {"same": b"sam", "other": content})
            with here.cache.lease() as lease, here.cache.writer(lease) as writer:
                writer.save_tree(tree)
            here.push(store, Wanted("data", BlobRef(tree.oid, -1))).check("pushed")
    with open_store("there") as store:
        there.fetch(store, Wanted("data", BlobRef(trees[0].oid, -1))).check("fetched")
    remote.forget_traffic()

    with open_store("there") as store:
        there.fetch(store, Wanted("data", BlobRef(trees[1].oid, -1))).check("fetched")

    assert len(trees[1].data) > 5 * MIB
    assert remote.traffic.received < MIB


def test_most_is_fetched_side_by_side_and_little_is_held_at_once(
    there, open_store, remote, pushed, noise, small_packs
):
    content = {f"{n:03}": noise(n, 400_000) for n in range(50)}
    data = pushed(content)
    remote.plan = Plan(latency=0.02)
    remote.forget_traffic()

    with open_store("there", jobs=8) as store:
        there.fetch(store, data).check("fetched")

    assert 3 <= remote.traffic.at_once <= 8
    assert there.files(data) == content


@pytest.mark.parametrize("far_or_near", ["near"], indirect=True)
def test_what_is_near_is_not_copied_before_it_is_looked_at(
    there, open_store, remote, pushed, noise, small_packs, monkeypatch
):
    large = noise(1, 10 * MIB)
    data = pushed(large)

    def refuse(*_args, **_options):
        raise AssertionError("a pack is copied")

    monkeypatch.setattr(remote, "get", refuse)
    with open_store("there") as store:
        there.fetch(store, data).check("fetched")

    assert there.cache.read(data.ref.oid) == large


def test_a_large_file_is_not_read_again_when_it_is_complete(
    there, open_store, pushed, noise, small_packs, monkeypatch
):
    large = noise(1, 10 * MIB)
    data = pushed(large)

    def refuse(*_args):
        raise AssertionError("it is read")

    with monkeypatch.context() as patched, open_store("there") as store:
        patched.setattr(foreigndoor, "read", refuse)
        there.fetch(store, data).check("fetched")

    assert there.cache.read(data.ref.oid) == large


# Damage on the remote


def test_a_bad_entry_is_named_with_its_pack_and_the_rest_comes(
    there, open_store, pushed, flip, holders, failed, format
):
    data = pushed(FILES)
    oid = hash_bytes(b"two", format.algorithm)
    ((pack, entry),) = holders(oid)
    flip(pack, entry.offset + 1)

    with open_store("there") as store:
        moved = there.fetch(store, data)

    assert failed(moved) == {"data/b/c": BlobCorruptError}
    (failure,) = moved.failures
    assert str(failure.error).startswith(f"corrupt blob {oid} in memory://remote/{key_of(pack)}")
    assert there.files(data) == {"a": b"one", "b/d": b"three"}


def test_a_bad_entry_is_looked_for_in_other_packs(
    here, there, open_store, flip, holders, noise, format
):
    content = {"a": noise(1, 1000), "large": noise(2, 3 * MIB)}
    one, two = here.add("one", content), here.add("two", {**content, "b": b"more"})
    with open_store("first") as first, open_store("second") as second:
        first.missing([])
        second.missing([])
        here.push(first, one).check("pushed")
        here.push(second, two).check("pushed")
    twice = holders(hash_bytes(content["a"], format.algorithm))
    assert len(twice) == 2
    recipes = holders(hash_bytes(content["large"], format.algorithm))

    for pack, entry in twice:
        flip(pack, entry.offset)
        with open_store(f"there{pack}") as store:
            site = type(there)(there.root / pack, format)
            site.fetch(store, one, two).check("fetched")
        assert site.files(one) == content
        flip(pack, entry.offset)
    for pack, entry in recipes:
        flip(pack, entry.offset + 20)
        with open_store(f"there{pack}") as store:
            site = type(there)(there.root / pack, format)
            site.fetch(store, one, two).check("fetched")
        assert site.files(one) == content
        flip(pack, entry.offset + 20)


def test_a_bad_chunk_is_looked_for_in_other_packs(here, there, open_store, packs, flip, noise):
    content = noise(2, 3 * MIB)
    one, two = here.add_file("one", content), here.add_file("two", content + b"!")
    with open_store("first") as first, open_store("second") as second:
        first.missing([])
        second.missing([])
        here.push(first, one).check("pushed")
        here.push(second, two).check("pushed")
    chunky = [pack for pack, found in packs().items() if found[0].kind == EntryKind.CHUNK]
    assert len(chunky) == 2
    for number, pack in enumerate(chunky):
        flip(pack, packs()[pack][number].offset)

    with open_store("there") as store:
        there.fetch(store, one).check("fetched")

    assert there.cache.read(one.ref.oid) == content


def test_a_bad_chunk_that_is_nowhere_else_fails_its_file_alone(
    there, open_store, packs, flip, pushed, noise, failed
):
    large, data = pushed(noise(1, 3 * MIB), "model.bin"), pushed(FILES)
    (pack,) = (pack for pack, found in packs().items() if found[0].kind == EntryKind.CHUNK)
    flip(pack, packs()[pack][2].offset)

    with open_store("there") as store:
        moved = there.fetch(store, large, data)

    assert failed(moved) == {"model.bin": BlobCorruptError}
    assert key_of(pack) in str(moved.failures[0].error)
    assert there.files(data) == FILES
    assert large.ref.oid not in there.cache


def test_a_bad_recipe_is_named_with_its_pack(there, open_store, packs, flip, pushed, noise, failed):
    large = pushed(noise(1, 3 * MIB), "model.bin")
    (pack,) = (pack for pack, found in packs().items() if found[0].kind == EntryKind.BLOB_RECIPE)
    flip(pack, packs()[pack][0].offset)

    with open_store("there") as store:
        moved = there.fetch(store, large)

    assert failed(moved) == {"model.bin": BlobMissingError}
    assert f"damaged there: pack {pack}" in str(moved.failures[0].error)


def test_a_pack_that_vanishes_while_it_is_used_is_named(
    there, open_store, remote, packs, pushed, noise, failed
):
    content = {f"{n:03}": noise(n, 40_000) for n in range(10)}
    data = pushed(content)
    (pack,) = (pack for pack, found in packs().items() if len(found) == 10)
    with open_store("there") as store:
        there.fetch(store, data._replace(part="003")).check("fetched")
        remote.delete([key_of(pack)])
        moved = there.fetch(store, data)

    assert set(failed(moved).values()) == {BlobMissingError}
    assert len(moved.failures) == 9
    assert key_of(pack) in str(moved.failures[0].error)


@pytest.mark.parametrize("kind", [Kind.TRUNCATE, Kind.CORRUPT])
@pytest.mark.parametrize("method", ["get", "read"])
def test_a_line_that_lies_is_never_believed(there, open_store, remote, pushed, noise, method, kind):
    content = {f"{n:03}": noise(n, 100_000) for n in range(20)} | {"large": noise(99, 20 * MIB)}
    data = pushed(content)
    remote.plan = Plan((Fault(kind, method),))

    with open_store("there") as store:
        moved = there.fetch(store, data)
    assert moved.failures
    for name, found in (there.files(data) if data.ref.oid in there.cache else {}).items():
        assert found == content[name]

    remote.plan = Plan()
    with open_store("there") as store:
        there.fetch(store, data).check("fetched")
    assert there.files(data) == content


def test_a_line_that_breaks_fails_what_it_carried_and_the_same_again_completes(
    there, open_store, remote, pushed, noise, failed, small_packs
):
    content = {f"{n:03}": noise(n, 400_000) for n in range(20)}
    data = pushed(content)
    with open_store("there") as store:
        there.fetch(store, data._replace(part="000")).check("fetched")
    remote.plan = Plan((Fault(Kind.BREAK, "read", skip=2, times=1),))
    with open_store("there", jobs=1) as store:
        moved = there.fetch(store, data)

    assert set(failed(moved).values()) == {RemoteUnavailableError}
    assert 1 <= len(moved.failures) <= 4
    with open_store("there") as store:
        there.fetch(store, data).check("fetched")
    assert there.files(data) == content


@pytest.fixture
def whole_packs(monkeypatch):
    """Have packs got as a whole that are larger than 1 MiB."""
    monkeypatch.setattr("dvclite.remotestore.packs.plan.LONGEST", 1 << 20)


@pytest.mark.parametrize("far_or_near", ["far"], indirect=True)
def test_what_had_come_of_a_pack_that_broke_off_does_not_come_again(
    there, open_store, remote, pushed, noise, failed, whole_packs
):
    content = {f"{number}": noise(number, 3 << 20) for number in range(2)}
    data = pushed(content)
    remote.plan = Plan((Fault(Kind.BREAK, "get", times=1),))
    with open_store("there", jobs=1) as store:
        moved = there.fetch(store, data)
    assert remote.traffic.calls["get"] == 1
    assert failed(moved)

    before = remote.traffic.received
    with open_store("there") as store:
        there.fetch(store, data).check("fetched")

    assert there.files(data) == content
    assert remote.traffic.received - before < 0.7 * (6 << 20)


@pytest.mark.parametrize("far_or_near", ["far"], indirect=True)
def test_a_gap_in_what_had_come_of_a_pack_is_not_taken_for_content(
    there, open_store, remote, pushed, noise, whole_packs, monkeypatch
):
    content = {f"{number}": noise(number, 3 << 20) for number in range(2)}
    data = pushed(content)
    get = remote.get

    def get_with_a_gap(key, target, *, moved):
        get(key, target, moved=moved)
        whole = target.read_bytes()
        target.write_bytes(whole[:100_000] + bytes(3 << 20) + whole[100_000 + (3 << 20) : 5 << 20])
        raise RemoteUnavailableError(remote.url, "made to fail", key=key)

    monkeypatch.setattr(remote, "get", get_with_a_gap)
    with open_store("there", jobs=1) as store:
        assert there.fetch(store, data).failures
    monkeypatch.undo()
    with open_store("there") as store:
        there.fetch(store, data).check("fetched")

    assert there.files(data) == content


# Large files


@pytest.fixture
def partials(there):
    """Where large files are put together."""
    return there.cache.root / "tmp/partial" / str(getattr(os, "getuid", int)())


def test_a_large_file_that_broke_off_goes_on_where_it_stopped(
    there, open_store, remote, pushed, noise, failed, small_packs, partials
):
    content = noise(1, 20 * MIB)
    file = pushed(content, "model.bin")
    remote.plan = Plan((Fault(Kind.FAIL, "read", "packs/*", skip=10),))
    with open_store("there", jobs=1) as store:
        assert failed(there.fetch(store, file)) == {"model.bin": RemoteUnavailableError}
    came = remote.traffic.received
    assert came > 5 * MIB
    remote.plan = Plan()
    remote.forget_traffic()

    with open_store("there") as store:
        there.fetch(store, file).check("fetched")

    assert remote.traffic.received < 20 * MIB - came + 4 * MIB
    assert there.cache.read(file.ref.oid) == content
    assert os.listdir(partials) == ["lock"]


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
def test_a_fetch_that_is_killed_goes_on_where_it_stopped(
    here, there, tmp_path, noise, small_packs, format
):
    content = noise(1, 20 * MIB)
    file = here.add_file("model.bin", content)
    script = textwrap.dedent(
        f"""
        import os, signal, sys
        from pathlib import Path
        from dvclite.cache.cache import Cache
        from dvclite.formats.native import native
        from dvclite.hashing import BLAKE3, BlobRef, Oid
        from dvclite.pack import writer
        from dvclite.progress import SILENT
        from dvclite.remotestore.opening import open_remote
        from dvclite.remotestore.packs.store import PackStore
        from dvclite.testing.faults import FaultyRemote
        from dvclite.transfer.fetch import fetch
        from dvclite.transfer.push import push
        from dvclite.transfer.wanted import Wanted
        writer.TARGET = 1 << 20
        root, action, most = Path({str(tmp_path)!r}), sys.argv[1], int(sys.argv[2])
        remote = FaultyRemote(open_remote(str(root / "remote"), {{}}))
        home = root / action
        cache = Cache(home / "cache", native(BLAKE3), home / "packs.db")
        wanted = [Wanted("model.bin", BlobRef(Oid({file.ref.oid!r}), {len(content)}))]

        class Deadly:
            def start(self, label, **totals): ...
            def finish(self): ...
            def advance(self, *, files=0, size=0):
                if remote.traffic.received > most:
                    os.kill(os.getpid(), signal.SIGKILL)

        with PackStore(remote, cache.format, root / ("known" + action), jobs=2) as store:
            if action == "here":
                push(cache, store, wanted, SILENT).check("pushed")
            else:
                with cache.lease() as lease:
                    fetch(cache, store, wanted, lease, Deadly()).check("fetched")
        print(remote.traffic.received)
        """
    )

    def run(*words):
        return subprocess.run(
            [sys.executable, "-c", script, *words], capture_output=True, text=True, check=False
        )

    assert run("here", "0").returncode == 0
    assert run("there", str(12 * MIB)).returncode == -signal.SIGKILL
    assert file.ref.oid not in there.cache

    done = run("there", str(100 * MIB))

    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) < 20 * MIB - 12 * MIB + 3 * MIB
    assert there.cache.read(file.ref.oid) == content


def test_what_nobody_goes_on_with_is_removed_by_a_fetch_of_something_else(
    there, open_store, pushed, noise, partials
):
    came_otherwise, small = there.add_file("model.bin", noise(1, 3 * MIB)), pushed(FILES)
    old, young = "0" * 64, "1" * 64
    partials.mkdir(parents=True)
    for oid in (came_otherwise.ref.oid, old, young):
        (partials / oid).write_bytes(b"a part of it")
    os.utime(partials / old, (0, 0))

    with open_store("there") as store:
        there.fetch(store, small).check("fetched")

    assert set(os.listdir(partials)) == {"lock", young}


def test_garbage_in_the_file_of_an_earlier_attempt_does_no_harm(
    there, open_store, pushed, noise, partials
):
    content = noise(1, 3 * MIB)
    file = pushed(content, "model.bin")
    partials.mkdir(parents=True)
    (partials / file.ref.oid).write_bytes(content[:MIB] + noise(2, 5 * MIB))
    (partials / file.ref.oid).chmod(0o444)

    with open_store("there") as store:
        there.fetch(store, file).check("fetched")

    assert there.cache.read(file.ref.oid) == content


def test_while_another_process_is_at_it_a_large_file_is_put_together_elsewhere(
    there, open_store, pushed, noise, partials
):
    content = noise(1, 3 * MIB)
    file = pushed(content, "model.bin")
    partials.mkdir(parents=True)
    theirs = partials / file.ref.oid
    theirs.write_bytes(b"theirs")

    with hold(str(partials / "lock")), open_store("there") as store:
        there.fetch(store, file).check("fetched")

    assert theirs.read_bytes() == b"theirs"
    assert there.cache.read(file.ref.oid) == content


def test_a_previous_version_in_the_cache_that_is_damaged_does_no_harm(
    here, there, open_store, remote, pushed, noise
):
    old, new = noise(1, 6 * MIB), noise(1, 6 * MIB) + b"!"
    before, after = pushed(old, "model.bin"), pushed(new, "model.bin")
    with open_store("there") as store:
        there.fetch(store, before).check("fetched")
    there.damage(before.ref.oid, old[: 2 * MIB] + noise(2, MIB) + old[3 * MIB :])
    remote.forget_traffic()

    with open_store("there") as store:
        there.fetch(store, after).check("fetched")

    assert there.cache.read(after.ref.oid) == new
    assert remote.traffic.received < 4 * MIB


@pytest.fixture
def few_files():
    """Let this process open 40 more files at the same time, and no more."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/dev/fd")) + 40, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_many_large_files_come_together_and_few_are_open(
    there, open_store, remote, pushed, noise, few_files
):
    content = {f"{n:03}": noise(n, MIB + 70_000) for n in range(140)}
    data = pushed(content)
    remote.forget_traffic()

    with open_store("there") as store:
        there.fetch(store, data).check("fetched")

    assert there.files(data) == content
    assert remote.traffic.requests <= 140 * 1.07 / 16 + 10


def test_a_file_of_unknown_size_comes(there, open_store, pushed, noise):
    content = noise(1, 3 * MIB)
    file = pushed(content, "model.bin")

    with open_store("there") as store:
        there.fetch(store, Wanted("model.bin", type(file.ref)(file.ref.oid, -1))).check("fetched")

    assert there.cache.read(file.ref.oid) == content


def test_a_large_tree_comes_and_is_read_from_afar(there, open_store, pushed, noise):
    content = {f"{n:05}-{'x' * 240}": b"%d" % n for n in range(3_500)}
    data = pushed(content)
    with open_store("asked") as store:
        assert len(list(store.tree(data.ref.oid))) == 3_500

    with open_store("there") as store:
        there.fetch(store, data).check("fetched")

    assert len(there.files(data)) == 3_500
