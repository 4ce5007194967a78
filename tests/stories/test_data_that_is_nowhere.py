"""Data that is missing in one place, or in all, never keeps other data from its user."""

import shutil

import pytest


@pytest.fixture
def clone(repo, tmp_path):
    """A colleague's clone with two folders; the remote has lost the tree of the first."""
    repo.invoke("config", "cache.largest_packed", "0")
    for name in ("cats", "dogs"):
        repo.write(f"{name}/one", name)
    repo.invoke("add", "cats")
    trees = set((repo.root / ".dvclite/cache").rglob("*.dir"))
    repo.invoke("add", "dogs")
    repo.invoke("remote", "add", "--default", "store", tmp_path / "store")
    repo.invoke("config", "remote.store.layout", "loose")
    repo.commit("Data")
    assert repo.invoke("push").exit_code == 0
    (tree,) = trees
    (tmp_path / "store" / tree.relative_to(repo.root / ".dvclite/cache")).unlink()
    clone = type(repo)(tmp_path / "clone")
    repo.git("clone", "--quiet", repo.root, clone.root)
    return clone


def test_a_pull_brings_all_else_and_names_what_is_nowhere_and_where_it_was_looked_for(
    clone, tmp_path
):
    done = clone.run("pull")

    assert done.exit_code == 5
    assert done.stderr.startswith("error: data of 1 path is not in the cache nor on ")
    assert f" {tmp_path / 'store'}:\n  cats\n" in done.stderr
    assert "dvclite push" in done.stderr
    assert clone.read("dogs/one") == b"dogs"


def test_a_checkout_brings_all_else_and_names_what_to_pull(clone):
    clone.invoke("fetch", "dogs")

    done = clone.run("checkout")

    assert done.exit_code == 5
    assert "\n  cats\n" in done.stderr
    assert "dvclite pull" in done.stderr
    assert clone.read("dogs/one") == b"dogs"


def test_a_pull_looks_on_the_other_remotes(clone, repo, tmp_path):
    shutil.copytree(repo.root / ".dvclite/cache/files", tmp_path / "other/files")
    clone.invoke("remote", "add", "other", tmp_path / "other")
    clone.invoke("config", "remote.other.layout", "loose")

    done = clone.run("pull")

    assert (done.exit_code, done.stderr) == (0, "")
    assert clone.read("cats/one") == b"cats"
