"""Files that .dvcignore names belong to the user alone, also where a tree still holds them."""

import pytest


@pytest.fixture
def ignoring(repo):
    """A repository in which two files of a folder came to be ignored after they were added."""
    for name in ("kept", "notes.tmp", "logs/one"):
        repo.write(f"data/{name}", "first")
    repo.invoke("add", "data")
    repo.commit("Data")
    repo.write(".dvcignore", "*.tmp\nlogs/\n")
    return repo


def test_they_do_not_count_as_changes(ignoring):
    ignoring.write("data/notes.tmp", "precious")
    ignoring.write("data/logs/two", "precious")

    assert ignoring.invoke("status").stdout == "Everything is up to date: 1 output\n"
    assert ignoring.invoke("diff").stdout == "No changes\n"


@pytest.mark.parametrize("remembered", [True, False])
@pytest.mark.parametrize("words", [(), ("--force",), ("data/logs",), ("data/notes.tmp",)])
def test_a_checkout_leaves_them_as_they_are(ignoring, words, remembered):
    ignoring.write("data/notes.tmp", "precious")
    ignoring.write("data/logs/one", "precious")
    (ignoring.root / "data/kept").unlink()
    if not remembered:
        (ignoring.root / ".dvclite/tmp/stat.db").unlink()

    done = ignoring.invoke("checkout", *words)

    if not done.exit_code:
        assert "notes.tmp" not in done.stdout
    if not words or words == ("--force",):
        assert ignoring.read("data/kept") == b"first"
    assert ignoring.read("data/notes.tmp") == b"precious"
    assert ignoring.read("data/logs/one") == b"precious"


def test_a_checkout_brings_them_back_where_they_are_gone(ignoring):
    (ignoring.root / "data/notes.tmp").unlink()

    assert ignoring.invoke("checkout").stdout.startswith("A\tdata/notes.tmp\n")

    assert ignoring.read("data/notes.tmp") == b"first"


def test_adding_the_folder_again_lets_go_of_them(ignoring):
    ignoring.write("data/notes.tmp", "precious")

    assert ignoring.invoke("add", "data").stdout.startswith("Added data: 1 file, ")

    assert ignoring.read("data/notes.tmp") == b"precious"
    assert ignoring.invoke("checkout").stdout == "Everything is up to date\n"
    assert ignoring.read("data/notes.tmp") == b"precious"
