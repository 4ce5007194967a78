"""Things in a cache that nobody but somebody else put there."""

import os
import shutil

import pytest


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize("target", ["data", "data/a"])
def test_a_pipe_in_the_place_of_a_blob_keeps_nobody_waiting(repo, tmp_path, target):
    repo.invoke("config", "cache.largest_packed", "0")
    repo.write("data/a", "a")
    repo.invoke("add", "data")
    repo.invoke("remote", "add", "-d", "store", tmp_path / "store")
    repo.invoke("push")
    shutil.rmtree(repo.root / "data")
    (repo.root / ".dvclite/tmp/stat.db").unlink()
    is_tree = target == "data"
    (blob,) = (
        path
        for path in (repo.root / ".dvclite/cache/files").rglob("??/*")
        if path.name.endswith(".dir") == is_tree
    )
    blob.unlink()
    os.mkfifo(blob)

    assert repo.run("checkout").exit_code == 5
    assert repo.run("pull").exit_code == 0
    assert repo.read("data/a") == b"a"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_in_the_place_of_a_pack_keeps_nobody_waiting(repo, tmp_path):
    repo.write("data/a", "a")
    repo.invoke("add", "data")
    repo.invoke("remote", "add", "-d", "store", tmp_path / "store")
    repo.invoke("push")
    shutil.rmtree(repo.root / "data")
    (repo.root / ".dvclite/tmp/stat.db").unlink()
    (pack,) = {path for path, _entry in repo.packed()}
    pack.unlink()
    os.mkfifo(pack)

    assert repo.run("checkout").exit_code == 5
    assert repo.run("pull").exit_code == 0
    assert repo.read("data/a") == b"a"
