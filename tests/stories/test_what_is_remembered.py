"""What dvclite remembers of the workspace may get lost or old; it never makes a command wrong."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

NAMES = ("data/a", "data/b", "data/in/c")


@pytest.fixture
def data(repo):
    """A repository with a folder of three files and an empty folder, tagged v1."""
    for name in NAMES:
        repo.write(name, name)
    (repo.root / "data/empty").mkdir()
    assert repo.invoke("add", "data").exit_code == 0
    repo.commit("First data")
    repo.git("tag", "v1")
    return repo


def forget(repo):
    (repo.root / ".dvclite/tmp/stat.db").unlink()


def is_clean(repo):
    return repo.invoke("status").stdout.startswith("Everything is up to date")


def holds_first_data(repo):
    assert [repo.read(name).decode() for name in NAMES] == list(NAMES)
    assert (repo.root / "data/empty").is_dir()
    return True


def test_a_checkout_after_all_was_forgotten_leaves_what_is_right_alone(data):
    forget(data)
    (data.root / "data/a").unlink()

    first = data.invoke("checkout")
    again = data.invoke("checkout")

    assert first.stdout.splitlines()[0] == "A\tdata/a"
    assert again.stdout == "Everything is up to date\n"
    assert holds_first_data(data)
    assert is_clean(data)


def test_a_checkout_remembers_again_what_was_forgotten(data, monkeypatch):
    forget(data)
    data.settle()
    assert data.invoke("checkout").stdout == "Everything is up to date\n"

    def refuse(*_):
        raise AssertionError("a file was read again")

    monkeypatch.setattr("dvclite.workspace.compare._hash", refuse)
    assert is_clean(data)


def test_a_copy_of_a_repository_finds_its_files_unchanged_and_remembers_them(data, monkeypatch):
    copied = type(data)(data.root.parent / "copy")
    shutil.copytree(data.root, copied.root, symlinks=True)
    copied.settle()
    assert is_clean(copied)
    assert copied.invoke("checkout").stdout == "Everything is up to date\n"

    def refuse(*_):
        raise AssertionError("a file was read again")

    monkeypatch.setattr("dvclite.workspace.compare._hash", refuse)
    assert is_clean(copied)


def test_an_empty_folder_stays_in_a_fresh_clone(data, tmp_path):
    data.invoke("remote", "add", "--default", "store", tmp_path / "store")
    data.commit("Name a remote")
    assert data.invoke("push").exit_code == 0
    clone = type(data)(tmp_path / "clone")
    data.git("clone", "--quiet", data.root, clone.root)

    assert clone.invoke("pull").exit_code == 0
    assert is_clean(clone)
    assert clone.invoke("checkout").stdout == "Everything is up to date\n"

    assert holds_first_data(clone)


def test_an_output_that_was_part_of_another_one_is_told_apart(data):
    data.invoke("remove", "data")
    data.invoke("add", "data/in")
    data.write("data/in/c", "second")
    data.invoke("add", "data/in")
    data.commit("Track only a part")
    data.git("tag", "v2")

    data.git("checkout", "--quiet", "v1")
    assert data.invoke("checkout").exit_code == 0
    assert holds_first_data(data)
    assert is_clean(data)
    data.git("checkout", "--quiet", "v2")
    assert data.invoke("checkout").exit_code == 0

    assert data.read("data/in/c") == b"second"
    assert is_clean(data)


@pytest.mark.slow
def test_processes_that_change_one_folder_at_once_leave_it_as_its_pointer_says(data):
    data.write("data/a", "second")
    data.invoke("add", "data")
    data.commit("Second data")
    data.git("tag", "v2")

    def work(number):
        command = ("checkout", "--rev", f"v{1 + number % 2}", "--force")
        return data.run(*(command if number % 3 else ("status",)))

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(work, range(24)))
    assert [one.stderr for one in done if one.exit_code] == []

    assert data.invoke("checkout", "--force").exit_code == 0
    assert data.read("data/a") == b"second"
    assert sorted(os.listdir(data.root / "data")) == ["a", "b", "empty", "in"]
    assert is_clean(data)
    data.git("checkout", "--quiet", "v1")
    assert data.invoke("checkout").exit_code == 0
    assert holds_first_data(data)
    assert is_clean(data)
