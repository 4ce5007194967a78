"""What goes wrong with DVC, in the same repositories, and does not here.

Each test first shows DVC's own behaviour: it fails where a later DVC has mended it.
"""

import os
import signal

import pytest

A = "files/md5/0c/c175b9c0f1b6a831c399e269772661"


@pytest.fixture
def pushed(shared, tmp_path):
    """A repository whose data DVC has pushed: a directory with two files, and a file."""
    shared.dvc("remote", "add", "-d", "store", tmp_path / "store")
    shared.write("data/a", "a")
    shared.write("data/b", "b")
    shared.write("single", "single")
    shared.dvc("add", "data", "single")
    shared.dvc("push")
    shared.commit()
    return shared


def spoil(path, data=b"x"):
    path.chmod(0o644)
    path.write_bytes(data)
    path.chmod(0o444)


def test_damage_on_the_remote_is_noticed(pushed, tmp_path):
    spoil(tmp_path / "store" / A)
    theirs, ours = pushed.clone(tmp_path / "theirs"), pushed.clone(tmp_path / "ours")
    theirs.dvc("pull")
    assert theirs.read("data/a") == b"x"
    done = ours.invoke("pull")
    assert done.exit_code == 8
    assert "data/a" in done.stderr
    assert ours.data("data", "single") == {"data/b": b"b", "single": b"single"}


def test_damage_in_the_cache_is_noticed(pushed):
    (pushed.root / "data/a").unlink()
    spoil(pushed.root / ".dvc/cache" / A)
    done = pushed.invoke("checkout")
    assert done.exit_code != 0
    assert "data/a" in done.stderr
    assert not (pushed.root / "data/a").exists()
    pushed.lite("pull")
    assert pushed.read("data/a") == b"a"
    assert "up to date" in pushed.dvc("status")


def test_one_file_that_the_remote_has_lost_is_pushed_again(pushed, tmp_path):
    (tmp_path / "store" / A).unlink()
    assert "up to date" in pushed.dvc("push").lower()
    assert "in sync" in pushed.dvc("status", "-c")
    assert "1 blob to push" in pushed.lite("status", "-c")
    assert pushed.lite("push").startswith("1 file")
    assert (tmp_path / "store" / A).exists()


def test_one_missing_file_does_not_take_its_directory_along(pushed, tmp_path):
    (tmp_path / "store" / A).unlink()
    theirs, ours = pushed.clone(tmp_path / "theirs"), pushed.clone(tmp_path / "ours")
    assert theirs.try_dvc("pull").exit_code != 0
    assert not theirs.data("data")
    done = ours.invoke("pull")
    assert done.exit_code == 5
    assert ours.data("data", "single") == {"data/b": b"b", "single": b"single"}


def test_a_fetch_that_brings_nothing_fails(pushed, tmp_path):
    (tmp_path / "store").rename(tmp_path / "lost")
    (tmp_path / "store").mkdir()
    theirs, ours = pushed.clone(tmp_path / "theirs"), pushed.clone(tmp_path / "ours")
    assert theirs.try_dvc("fetch").exit_code == 0
    assert ours.invoke("fetch").exit_code == 5


def test_a_push_of_what_is_missing_fails(pushed, tmp_path):
    (tmp_path / "store").rename(tmp_path / "lost")
    (tmp_path / "store").mkdir()
    (pushed.root / ".dvc/cache" / A).unlink()
    assert pushed.try_dvc("push").exit_code == 0
    done = pushed.invoke("push")
    assert done.exit_code == 5
    assert "data/a" in done.stderr


@pytest.mark.parametrize("inner", ["", "sub/"])
def test_data_beside_another_repository_is_not_left_out(shared, inner):
    shared.write(f"data/{inner}.dvc/config", "")
    shared.write(f"data/{inner}a", "a")
    done = shared.invoke("add", "data")
    assert done.exit_code == 1
    assert "data" in done.stderr
    shared.dvc("add", "data")
    assert b"nfiles: 0" in shared.read("data.dvc")


@pytest.fixture
def branched(pushed):
    """Another branch, checked out before, with data that was never pushed."""
    pushed.git("checkout", "--quiet", "-b", "other")
    pushed.write("data/a", "not pushed")
    pushed.dvc("add", "data")
    pushed.commit()
    pushed.git("checkout", "--quiet", "main")
    pushed.dvc("checkout")
    return pushed


@pytest.mark.parametrize("words", [["gc", "--force", "--now"], ["gc", "-w", "--force", "--now"]])
def test_gc_keeps_what_other_branches_need(branched, words):
    branched.lite(*words)
    branched.git("checkout", "--quiet", "other")
    branched.lite("checkout")
    assert branched.read("data/a") == b"not pushed"


def test_gc_of_dvc_does_not(branched):
    branched.dvc("gc", "-w", "-f")
    branched.git("checkout", "--quiet", "other")
    assert branched.try_dvc("checkout").exit_code != 0


def test_gc_stops_where_a_tree_is_missing(pushed, tmp_path):
    (tmp_path / "store").rename(tmp_path / "lost")
    (tmp_path / "store").mkdir()
    (tree,) = (pushed.root / ".dvc/cache/files/md5").glob("*/*.dir")
    tree.unlink()
    before = pushed.cached()
    done = pushed.invoke("gc", "--force", "--now")
    assert done.exit_code == 1
    assert "data" in done.stderr
    assert pushed.cached() == before


def test_a_pointer_that_git_ignores_is_not_passed_over(shared):
    shared.write("a", "a")
    shared.dvc("add", "a")
    shared.write(".gitignore", "/a\n*.dvc\n")
    assert "no data" in shared.dvc("status")
    done = shared.invoke("status")
    assert "git ignores a.dvc" in done.stderr


def test_looking_waits_for_nobody(pushed):
    import fcntl

    with open(pushed.root / ".dvc/tmp/lock", "a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for words in (["status"], ["diff"], ["status", "-c"], ["push", "--dry"]):
            pushed.lite(*words)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX only")
@pytest.mark.parametrize("name", ["pipe", "data/pipe"])
def test_a_pipe_is_refused_at_once(shared, name):
    shared.write("data/a", "a")
    os.mkfifo(shared.root / name)
    signal.alarm(20)
    try:
        done = shared.invoke("add", name.partition("/")[0])
    finally:
        signal.alarm(0)
    assert done.exit_code == 1
    assert name in done.stderr


def test_a_hash_of_digits_alone_is_text(shared):
    """Here DVC ends with an exception; dvclite takes it as it is meant, and writes it quoted."""
    text = "outs:\n- md5: 11111111111111111111111111111111\n  size: 1\n  hash: md5\n  path: a\n"
    shared.write("a.dvc", text)
    assert shared.try_dvc("status").exit_code != 0
    done = shared.invoke("status")
    assert done.exit_code == 0
    assert "a" in done.stdout
    shared.write("a", "a")
    shared.lite("add", "a")
    assert "up to date" in shared.dvc("status")
