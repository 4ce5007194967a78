"""A directory's tree that is not what its name says any more."""

import shutil

import pytest

from dvclite.pack.layout import Kind


@pytest.fixture(params=["loose", "packed"])
def damaged(repo, tmp_path, request):
    """A repository whose only tree is damaged in the cache, and whole on the remote."""
    loose = request.param == "loose"
    if loose:
        repo.invoke("config", "cache.largest_packed", "0")
    repo.write("data/a", "a")
    repo.invoke("add", "data")
    repo.invoke("remote", "add", "-d", "store", tmp_path / "store")
    repo.invoke("push")
    (repo.root / ".dvclite/tmp/stat.db").unlink()
    if loose:
        (tree,) = (repo.root / ".dvclite/cache/files").rglob("*.dir")
        tree.chmod(0o644)
        tree.write_bytes(b"x" * tree.stat().st_size)
    else:
        repo.damage(Kind.TREE)
    return repo


def aside(repo):
    return list((repo.root / ".dvclite/cache/damaged").iterdir())


def test_checkout_sets_it_aside_and_pull_brings_it_back(damaged):
    shutil.rmtree(damaged.root / "data")

    assert damaged.invoke("checkout").exit_code == 5
    assert aside(damaged)
    assert damaged.invoke("pull").exit_code == 0
    assert damaged.read("data/a") == b"a"


def test_pull_alone_brings_it_back(damaged):
    shutil.rmtree(damaged.root / "data")

    assert damaged.invoke("pull").exit_code == 0
    assert damaged.read("data/a") == b"a"
    assert damaged.invoke("status").stdout == "Everything is up to date: 1 output\n"


def test_adding_the_data_again_makes_it_anew(damaged):
    assert damaged.invoke("add", "data").exit_code == 0
    assert aside(damaged)

    shutil.rmtree(damaged.root / "data")
    assert damaged.invoke("checkout").exit_code == 0
    assert damaged.read("data/a") == b"a"


def test_push_takes_the_other_copy_for_an_answer(damaged):
    assert damaged.invoke("push").exit_code == 0
