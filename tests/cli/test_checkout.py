"""`dvclite checkout`."""

import shutil
import sys

import pytest


def test_the_data_of_another_commit_comes_back(two_versions):
    two_versions.git("checkout", "--quiet", "v1")

    done = two_versions.run("checkout")

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "A\timages/cat.txt",
        "M\timages/dog.txt",
        "D\timages/owl.txt",
        "1 file added, 1 file modified and 1 file deleted, 5.9 KiB",
    ]
    assert two_versions.read("images/dog.txt") == b"dog" * 1000


def test_a_second_time_nothing_is_left_to_do(data):
    assert data.run("checkout").stdout == "Everything is up to date\n"


def test_a_revision_can_be_named(two_versions):
    done = two_versions.invoke("checkout", "--rev", "v1", "images", "--summary")

    assert done.stdout == "1 file added, 1 file modified and 1 file deleted, 5.9 KiB\n"
    assert two_versions.git("status", "--short") == ""


def test_an_unknown_revision_is_an_error(data):
    done = data.invoke("checkout", "--rev", "v9")

    assert done.exit_code == 1
    assert done.stderr.startswith("error: git knows no revision 'v9'\n")


def test_a_part_of_a_folder_can_be_named(data):
    shutil.rmtree(data.root / "images")

    done = data.invoke("checkout", "images/dog.txt")

    assert done.stdout.splitlines()[0] == "A\timages/dog.txt"
    assert [path.name for path in (data.root / "images").iterdir()] == ["dog.txt"]


def test_only_the_first_names_are_shown_unless_asked_for(repo):
    for number in range(15):
        repo.write(f"data/{number:02}")
    repo.invoke("add", "data")

    shutil.rmtree(repo.root / "data")
    few = repo.invoke("checkout").stdout.splitlines()
    shutil.rmtree(repo.root / "data")
    every = repo.invoke("checkout", "-v").stdout.splitlines()

    assert few[9:] == ["A\tdata/09", "… and 5 more", "15 files added, 120 B"]
    assert every[14:] == ["A\tdata/14", "15 files added, 120 B"]


def test_changes_that_are_saved_nowhere_are_not_overwritten(data):
    data.write("images/dog.txt", "precious")

    refused = data.run("checkout")
    forced = data.run("checkout", "--force")

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "images/dog.txt" in refused.stderr
    assert "--force" in refused.stderr
    assert forced.stdout.splitlines()[0] == "M\timages/dog.txt"


def test_json_has_every_path(two_versions, answer):
    two_versions.git("checkout", "--quiet", "v1")

    restored = answer(two_versions.run("checkout", "--json"))

    assert restored["added"] == ["images/cat.txt"]
    assert restored["modified"] == ["images/dog.txt"]
    assert restored["deleted"] == ["images/owl.txt"]
    assert restored["size"] == 6000


def packs(repo):
    return set((repo.root / ".dvclite/cache/packs").glob("*/*"))


def test_what_is_missing_does_not_keep_the_rest_from_coming(data, answer):
    kept = packs(data)
    data.write("model.pkl", "another model")
    data.invoke("add", "model.pkl")
    for pack in packs(data) - kept:
        pack.unlink()
    shutil.rmtree(data.root / "images")
    (data.root / "model.pkl").unlink()

    done = data.run("checkout")
    as_json = data.run("checkout", "--json")

    assert done.exit_code == 5
    assert done.stdout.splitlines()[-1] == "3 files added, 8.8 KiB"
    assert "not in the cache:\n  model.pkl\n" in done.stderr
    assert as_json.exit_code == 5
    assert answer(as_json)["missing"] == ["model.pkl"]


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links may be forbidden")
def test_files_become_another_kind_of_link_where_asked_for(data):
    data.invoke("config", "cache.type", "symlink")
    data.write("model.pkl", bytes(2 << 20))
    data.invoke("add", "--no-relink", "model.pkl")

    data.invoke("checkout")
    before = (data.root / "model.pkl").is_symlink()
    done = data.invoke("checkout", "--relink")

    assert not before
    assert done.exit_code == 0, done.stderr
    assert (data.root / "model.pkl").is_symlink()


def test_quiet_says_nothing(two_versions):
    two_versions.git("checkout", "--quiet", "v1")

    done = two_versions.invoke("-q", "checkout")

    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")


def test_names_count_from_the_sub_folder(two_versions):
    two_versions.git("checkout", "--quiet", "v1")

    done = two_versions.run("checkout", ".", cwd="images")

    assert done.stdout.splitlines()[0] == "A\tcat.txt"
