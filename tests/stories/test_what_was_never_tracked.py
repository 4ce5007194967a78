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


def test_a_commit_older_than_the_repository_shows_nothing_of_it(tmp_path, copy_of_repo):
    repo = copy_of_repo(tmp_path / "repo")
    repo.git("branch", "young")
    repo.git("checkout", "--quiet", "--orphan", "old")
    repo.git("rm", "-r", "--quiet", "--cached", ".")
    repo.write("readme", "old")
    repo.git("add", "readme")
    repo.git("commit", "--quiet", "--message", "old")
    repo.git("checkout", "--quiet", "--force", "young")
    repo.write("data/a", "a")
    assert repo.invoke("add", "data").exit_code == 0
    repo.invoke("config", "--local", "core.jobs", "3")
    repo.commit("data")

    repo.git("checkout", "--quiet", "old")

    untracked = repo.git("status", "--porcelain", "--untracked-files=all")
    assert "cache" not in untracked
    assert "config.local" not in untracked
    assert "tmp" not in untracked
