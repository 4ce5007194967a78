"""`dvclite unprotect`."""

import os
import sys

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links may be forbidden")
def test_links_become_copies_that_can_be_edited(repo):
    repo.invoke("config", "cache.type", "symlink")
    repo.invoke("config", "cache.largest_packed", "0")
    repo.write("images/cat.txt")
    repo.invoke("add", "images")
    assert (repo.root / "images/cat.txt").is_symlink()

    done = repo.run("unprotect", "images")

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "1 file made safe to edit\n"
    assert not (repo.root / "images/cat.txt").is_symlink()
    assert os.access(repo.root / "images/cat.txt", os.W_OK)
    assert repo.invoke("status", "-q").exit_code == 0


def test_only_tracked_data_can_be_meant(data):
    assert data.invoke("unprotect", "nothing").exit_code == 1
    assert data.invoke("unprotect").exit_code == 2
