"""`dvclite gc`."""

import os
import shutil
import subprocess
import sys

import pytest

from dvclite.cli.console import Console
from dvclite.cli.reports.collected import ask, show
from dvclite.errors import DvcliteError
from dvclite.maintenance.collected import Collected


@pytest.fixture
def littered(data):
    """`data`, and a blob of 5000 bytes that was added and never committed."""
    data.write("model.pkl", b"\1" * 5000)
    data.invoke("add", "model.pkl")
    data.git("checkout", "--quiet", "model.pkl.dvc")
    data.invoke("checkout", "--force")
    return data


def test_what_nothing_needs_goes_to_the_trash(littered):
    dry = littered.run("gc", "--dry")
    done = littered.run("gc", "--force")
    again = littered.run("gc", "--force")

    assert (dry.exit_code, dry.stderr) == (0, "")
    assert dry.stdout == "1 blob, 4.9 KiB would be moved to the trash\n"
    assert done.stdout.splitlines() == [
        "In the trash: 1 blob, 4.9 KiB; `dvclite gc --now` empties it",
        "1 blob, 4.9 KiB moved to the trash",
    ]
    assert again.stdout.splitlines()[-1] == "Nothing to delete"


def test_what_a_file_manager_leaves_in_the_cache_is_in_nobody_s_way(littered):
    littered.invoke("gc", "--force")
    for folder in ("", "files", "files/blake3", "trash", "leases", "projects", "tmp"):
        littered.write(f".dvclite/cache/{folder}/.DS_Store", b"\0\xff")

    done = littered.invoke("gc", "--force", "--now")

    assert (done.exit_code, done.stdout) == (0, "1 blob, 4.9 KiB deleted\n")


def test_now_means_now(littered):
    littered.invoke("gc", "--force")

    dry = littered.invoke("gc", "--dry", "--now")
    done = littered.invoke("gc", "--force", "--now")

    assert dry.stdout == "1 blob, 4.9 KiB would be deleted\n"
    assert done.stdout == "1 blob, 4.9 KiB deleted\n"


def test_other_versions_stay_unless_they_are_given_up(two_versions):
    every = two_versions.invoke("gc", "--force")
    workspace = two_versions.invoke("gc", "-w", "--force")
    tags = two_versions.invoke("gc", "-w", "-T", "--force", "--dry")
    unpushed = two_versions.invoke("gc", "-w", "--force", "--unpushed")

    assert every.stdout == "Nothing to delete\n"
    assert workspace.stdout.startswith("Kept 3 blobs, ")
    assert workspace.stdout.splitlines()[-1] == "Nothing to delete"
    assert tags.stdout == "Nothing to delete\n"
    assert unpushed.stdout.splitlines()[-1].startswith("3 blobs, ")


def test_without_a_terminal_it_has_to_be_meant(littered):
    done = littered.run("gc")

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "error: 1 blob, 4.9 KiB would go, and there is no terminal to ask on; nothing was deleted\n"
        "hint: look with --dry, go ahead with --force\n"
    )
    assert littered.invoke("gc", "--dry").stdout.startswith("1 blob, ")


def test_with_nothing_to_delete_nobody_is_asked(data):
    done = data.run("gc")

    assert (done.exit_code, done.stdout) == (0, "Nothing to delete\n")


def test_json_has_numbers(littered, answer):
    collected = answer(littered.invoke("gc", "--dry", "--json"))

    assert (collected["blobs"], collected["size"]) == (1, 5000)


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize(("typed", "code"), [(b"y\n", 0), (b"n\n", 1), (b"\n", 1), (b"\4", 130)])
def test_on_a_terminal_it_asks(littered, typed, code):
    import pty

    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "dvclite", "gc"],
        cwd=littered.root,
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.close(follower)
    os.write(leader, typed)
    out, err = process.communicate(timeout=60)
    os.close(leader)

    assert process.returncode == code
    assert b"Move 1 blob, 4.9 KiB to the trash? [y/N]: " in err
    assert (b"moved to the trash" in out) == (code == 0)


def test_a_repository_that_is_gone_stops_it_until_it_is_forgotten(littered, tmp_path):
    shutil.move(littered.root, tmp_path / "first")
    shutil.copytree(tmp_path / "first", littered.root, symlinks=True)
    shared = tmp_path / "shared"
    for root in (littered.root, tmp_path / "first"):
        bench = type(littered)(root)
        bench.invoke("cache", "dir", "--local", shared)
        bench.invoke("add", "--force", "images", "model.pkl")
    shutil.rmtree(tmp_path / "first")

    stopped = littered.invoke("gc", "--force")
    done = littered.invoke("gc", "--force", "--forget", tmp_path / "first")

    assert stopped.exit_code == 1
    assert f"dvclite gc --forget {tmp_path / 'first'}" in stopped.stderr
    assert done.exit_code == 0, done.stderr


def test_what_a_clone_that_only_checked_out_needs_stays(littered, tmp_path):
    littered.invoke("cache", "dir", tmp_path / "shared")
    littered.invoke("add", "--force", "images", "model.pkl")
    littered.commit("Share")
    littered.git("clone", "--quiet", ".", tmp_path / "clone")
    clone = type(littered)(tmp_path / "clone")
    clone.invoke("checkout")
    shutil.rmtree(clone.root)

    stopped = littered.invoke("gc", "--force")

    assert stopped.exit_code == 1
    assert f"{clone.root} shares this cache" in stopped.stderr


def test_what_the_owner_of_a_borrowed_cache_needs_stays(littered, repo_template, tmp_path):
    shutil.copytree(repo_template, tmp_path / "other", symlinks=True)
    borrower = type(littered)(tmp_path / "other")
    borrower.invoke("cache", "dir", littered.root / ".dvclite/cache")

    done = borrower.invoke("gc", "--force", "--now")

    assert done.stdout == "1 blob, 4.9 KiB deleted\n"
    assert littered.invoke("status").stdout == "Everything is up to date: 2 outputs\n"


def test_the_question_names_all_that_goes(monkeypatch):
    asked = []
    monkeypatch.setattr(Console, "can_ask", True)
    monkeypatch.setattr(Console, "confirm", lambda _, question: asked.append(question))
    planned = Collected(blobs=2, size=2048, trash=1, trash_size=1024)

    for now in (False, True):
        with pytest.raises(DvcliteError, match="nothing was deleted"):
            ask(Console(), planned, now=now)

    assert asked == ["Move 2 blobs, 2.0 KiB to the trash?", "Delete 3 blobs, 3.0 KiB?"]


def test_moved_and_deleted_are_told_together(capsys):
    collected = Collected(blobs=2, size=2048, deleted=1, deleted_size=10, kept=1, kept_size=5)

    show(Console(), collected, dry=False, now=False, as_json=False)

    assert capsys.readouterr().out.splitlines() == [
        "Kept 1 blob, 5 B: needed by other versions, and on no remote",
        "2 blobs, 2.0 KiB moved to the trash; 1 blob, 10 B deleted",
    ]
