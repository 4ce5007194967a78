"""Many small files at once into a directory: one flush for all, and nothing by halves."""

import errno
import os
import stat
from itertools import count

import pytest

import dvclite_local
from dvclite.files import changes, flushing

pytestmark = pytest.mark.skipif(
    not flushing.has_syncfs("."), reason="without syncfs each file is flushed by itself"
)

STAGING = ".dvclite-tmp"


@pytest.fixture
def root(tmp_path):
    return tmp_path / "remote"


@pytest.fixture
def remote(root):
    remote = dvclite_local.open(str(root), {})
    yield remote
    remote.close()


def contents(number):
    """Return as many contents, in folders of three."""
    return {f"files/{i // 3:02x}/{i:030x}": b"%d" % i for i in range(number)}


def put(remote, contents):
    return remote.put_group(iter(contents), contents.get)


def held(remote):
    return {entry.key: remote.read(entry.key, 0, 100) for entry in remote.list("")}


def staged(root):
    return [path for path in (root / STAGING).rglob("*") if path.is_file()]


@pytest.fixture
def observe(monkeypatch):
    """Calls a function with the name of each change, before it is made."""

    def observe(watch):
        for name, change in list(vars(changes).items()):
            if getattr(change, "__module__", "") == changes.__name__ and name[0] != "_":
                monkeypatch.setattr(changes, name, watched(name, change, watch))
        return monkeypatch

    return observe


def watched(name, change, watch):
    def call(*args, **options):
        watch(name)
        return change(*args, **options)

    return call


def test_a_group_is_flushed_before_its_names_and_these_before_the_return(remote, observe):
    made = []
    observe(made.append)

    assert len(put(remote, contents(60))) == 60

    shown = [name for name in made if name in {"write", "flush", "flush_filesystem", "rename"}]
    assert shown == ["write"] * 60 + ["flush_filesystem"] + ["rename"] * 60 + ["flush_filesystem"]


def test_of_a_few_each_is_flushed(remote, observe):
    """Since the whole file system may have much else to write."""
    made = []
    observe(made.append)

    assert len(put(remote, contents(4))) == 4

    shown = [name for name in made if name in {"write", "flush", "flush_filesystem", "rename"}]
    assert shown[:12] == ["write"] * 4 + ["flush"] * 4 + ["rename"] * 4
    assert set(shown[12:]) == {"flush"}


def test_a_flush_that_fails_leaves_nothing_of_the_group(root, remote, monkeypatch):
    def fail(fd):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(changes, "flush_filesystem", fail)
    wanted, moved = contents(60), []

    assert not remote.put_group(iter(wanted), wanted.get, moved=moved.append)
    assert sum(moved) == 0
    assert held(remote) == {}
    assert staged(root) == []


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EACCES])
def test_an_error_at_any_change_is_told_by_what_is_left_out(tmp_path, observe, code):
    wanted, made = contents(12), []
    context = observe(made.append)
    whole = dvclite_local.open(str(tmp_path / "whole"), {})
    put(whole, wanted)
    whole.close()
    context.undo()

    for strike, change in enumerate(made):
        root = tmp_path / str(strike)
        numbers = count()

        def watch(name, strike=strike, numbers=numbers):
            if next(numbers) == strike:
                raise OSError(code, os.strerror(code))

        context = observe(watch)
        remote = dvclite_local.open(str(root), {})
        stored = put(remote, wanted)
        remote.close()
        context.undo()

        there = held(remote)
        assert there.items() <= wanted.items()
        assert set(stored) <= there.keys()
        assert len(stored) < 12 or change in {"unlink", "remove_folder"}
        assert set(put(remote, wanted)) == wanted.keys()
        remote.close()
        assert staged(root) == []


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_that_dies_at_any_change_leaves_each_key_absent_or_whole(tmp_path, observe):
    wanted, made = contents(12), []
    context = observe(made.append)
    whole = dvclite_local.open(str(tmp_path / "whole"), {})
    put(whole, wanted)
    whole.close()
    context.undo()

    for strike in range(len(made)):
        root = tmp_path / str(strike)
        child = os.fork()
        if child == 0:
            numbers = count()
            observe(lambda _, strike=strike, numbers=numbers: next(numbers) < strike or os._exit(9))
            remote = dvclite_local.open(str(root), {})
            put(remote, wanted)
            remote.close()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9

        remote = dvclite_local.open(str(root), {})
        assert held(remote).items() <= wanted.items()
        assert set(put(remote, wanted)) == wanted.keys()
        remote.close()
        assert staged(root) == []


@pytest.mark.parametrize("key", ["../outside", "/etc/x", "a//b", ".dvclite-tmp/x", "a/../b", "A"])
def test_a_hostile_key_is_left_out_and_the_others_are_stored(tmp_path, remote, key):
    wanted = contents(20)

    stored = put(remote, {key: b"evil"} | wanted)

    assert set(stored) == wanted.keys()
    assert held(remote) == wanted
    assert [path.name for path in tmp_path.iterdir()] == ["remote"]


def test_a_link_in_place_of_a_folder_is_not_followed(tmp_path, root, remote):
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "files").mkdir(parents=True)
    (root / "files/02").symlink_to(outside)
    wanted = contents(20)

    stored = put(remote, wanted)

    assert not [key for key in stored if key.startswith("files/02/")]
    assert list(outside.iterdir()) == []
    assert staged(root) == []


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_files_of_a_group_are_read_only_for_all_whatever_the_umask(root, remote, mask):
    before = os.umask(mask)
    try:
        (key, *_) = put(remote, contents(20))
    finally:
        os.umask(before)

    assert stat.S_IMODE((root / key).stat().st_mode) == 0o444


def test_what_cannot_be_written_to_takes_nothing(tmp_path, root, remote):
    root.write_bytes(b"a file")

    assert not put(remote, contents(20))


def test_a_root_that_vanished_is_not_made_again(root, remote):
    put(remote, contents(20))
    root.rename(root.with_name("elsewhere"))

    assert not put(remote, contents(20))
    assert not root.exists()
    root.with_name("elsewhere").rename(root)


def test_without_syncfs_nothing_is_even_drawn(remote, monkeypatch):
    monkeypatch.setattr(flushing, "_filesystem_type", lambda place: "nfs4")

    assert not remote.put_group((1 / 0 for _ in range(1)), {}.get)
