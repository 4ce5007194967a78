"""Files that `add` has read, and that no pointer names all the same."""

import pytest


@pytest.fixture
def interrupted(repo):
    """A repository in which an add stored its data, and could not write the pointer."""
    repo.write("precious", "written by hand")
    (repo.root / "precious.dvc").mkdir()
    assert repo.run("add", "precious").exit_code == 1
    (repo.root / "precious.dvc").rmdir()
    return repo


def test_they_stay_where_they_are(interrupted):
    done = interrupted.invoke("checkout")

    assert (done.exit_code, done.stdout) == (0, "Everything is up to date\n")
    assert interrupted.read("precious") == b"written by hand"


def test_adding_them_again_completes_it(interrupted):
    assert interrupted.invoke("add", "precious").exit_code == 0

    assert interrupted.invoke("status").stdout == "Everything is up to date: 1 output\n"
