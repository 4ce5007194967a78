"""Caches that several repositories use, some of which only DVC works in."""

import os
import subprocess
import sys

import pytest

from dvclite.repo.project import Project


@pytest.fixture
def sharing(make_shared, tmp_path):
    """Two repositories with one cache: only DVC works in the second."""
    benches = make_shared("ours"), make_shared("theirs")
    for bench in benches:
        bench.dvc("cache", "dir", tmp_path / "cache")
        bench.write("own", bench.root.name)
        bench.write("same", "same")
        bench.dvc("add", "own", "same")
        bench.commit()
    benches[0].write("gone", "garbage")
    benches[0].lite("add", "gone")
    benches[0].lite("remove", "--outs", "gone")
    return benches


def contents(folder):
    return {path.read_bytes() for path in folder.glob("files/md5/*/*")}


def test_gc_needs_to_know_who_uses_the_cache(sharing, tmp_path):
    ours, theirs = sharing
    before = contents(tmp_path / "cache")
    done = ours.invoke("gc", "--force", "--now")
    assert done.exit_code == 1
    assert "-p" in done.stderr
    assert contents(tmp_path / "cache") == before
    ours.lite("gc", "--force", "--now", "-p", theirs.root)
    assert contents(tmp_path / "cache") == {b"ours", b"theirs", b"same"}
    for bench in sharing:
        assert "up to date" in bench.dvc("status")
        assert "up to date" in bench.lite("status")


def test_gc_keeps_what_the_history_of_others_needs(sharing, tmp_path):
    ours, theirs = sharing
    theirs.git("checkout", "--quiet", "-b", "other")
    theirs.write("own", "of a branch")
    theirs.dvc("add", "own")
    theirs.commit()
    theirs.git("checkout", "--quiet", "main")
    theirs.dvc("checkout")
    ours.lite("gc", "--workspace", "--force", "--now", "-p", "../theirs")
    assert contents(tmp_path / "cache") == {b"ours", b"theirs", b"same", b"of a branch"}


def test_gc_of_a_cache_that_is_elsewhere_and_ours_alone(shared, tmp_path):
    shared.dvc("cache", "dir", tmp_path / "cache")
    for text in ("old", "new"):
        shared.write("a", text)
        shared.lite("add", "a")
    shared.lite("gc", "--force", "--now", "-p", ".")
    assert contents(tmp_path / "cache") == {b"new"}


def test_a_repository_with_another_cache_is_no_user_of_this_one(sharing, make_shared):
    ours, _theirs = sharing
    other = make_shared("other")
    done = ours.invoke("gc", "--force", "-p", other.root)
    assert done.exit_code == 1
    assert "another cache" in done.stderr


def test_what_other_branches_have_not_pushed_survives_gc(shared, tmp_path):
    shared.dvc("remote", "add", "-d", "store", tmp_path / "store")
    shared.write("data/a", "pushed")
    shared.dvc("add", "data")
    shared.dvc("push")
    shared.commit()
    shared.git("checkout", "--quiet", "-b", "other")
    shared.write("data/a", "not pushed")
    shared.dvc("add", "data")
    shared.commit()
    shared.git("checkout", "--quiet", "main")
    shared.dvc("checkout")
    shared.lite("gc", "--workspace", "--force", "--now")
    assert b"not pushed" in contents(shared.root / ".dvc/cache")
    shared.git("checkout", "--quiet", "other")
    shared.dvc("checkout")
    assert shared.read("data/a") == b"not pushed"


def test_locks_of_hard_links(shared):
    """DVC locks so where `core.hardlink_lock` is set, on network drives for instance."""
    shared.dvc("config", "core.hardlink_lock", "true")
    shared.write("a", "a")
    with Project.open(shared.root, os.environ).exclusive():
        assert shared.try_dvc("add", "a").exit_code != 0
    shared.dvc("add", "a")
    lock = shared.root / ".dvc/tmp/lock"
    assert not lock.exists()
    claim = lock.with_name("claim")
    claim.write_text(str(claim))
    os.utime(claim, (2**32, 2**32))
    lock.hardlink_to(claim)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dvclite.repo.project.PATIENCE", 0.05)
        assert shared.invoke("add", "a").exit_code == 4
        assert "up to date" in shared.lite("status")
        os.utime(claim, (1, 1))  # As DVC does, with what its holder has given up.
        shared.lite("add", "a")
    assert not lock.exists()
    assert [path.name for path in lock.parent.glob("*lock*")] in (
        [],
        ["rwlock"],
        ["rwlock.lock"],
    ) or (not lock.exists())


@pytest.mark.skipif(os.name == "nt", reason="processes end otherwise there")
def test_a_lock_of_hard_links_does_not_outlive_its_process(shared):
    shared.dvc("config", "core.hardlink_lock", "true")
    program = (
        "import os; from dvclite.repo.project import Project\n"
        "with Project.open('.', os.environ).exclusive(): os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=shared.root)
    assert (shared.root / ".dvc/tmp/lock").exists()
    shared.write("a", "a")
    shared.lite("add", "a")
    shared.dvc("status")
