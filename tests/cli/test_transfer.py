"""`dvclite push`, `dvclite fetch` and `dvclite pull`."""

import shutil

import pytest

from dvclite.repo.repo import Repo
from dvclite.repo.versions import Versions


@pytest.fixture
def clone(stored, tmp_path):
    """A colleague's clone of `stored`, whose data is pushed."""
    assert stored.invoke("push").exit_code == 0
    target = tmp_path / "clone"
    stored.git("clone", "--quiet", stored.root, target)
    return type(stored)(target)


def forget_cache(repo):
    shutil.rmtree(repo.root / ".dvclite/cache")


def test_push_sends_what_the_remote_lacks(stored):
    planned = stored.run("push", "--dry")
    first = stored.run("push")
    second = stored.run("push")

    assert (planned.exit_code, planned.stderr) == (0, "")
    assert planned.stdout.startswith("4 files, 14.")
    assert planned.stdout.endswith(" would be pushed\n")
    assert first.stdout == planned.stdout.replace("would be ", "")
    assert (second.exit_code, second.stdout) == (0, "Everything is up to date\n")


def test_push_takes_targets_patterns_and_a_remote(stored, tmp_path):
    stored.invoke("remote", "add", "other", tmp_path / "other")

    part = stored.invoke("push", "images/cat.txt", "-r", "other", "-j", "2")
    pattern = stored.invoke("push", "--glob", "*.pkl")

    assert part.stdout.startswith("1 file, ")
    assert pattern.stdout == "1 file, 4.9 KiB pushed\n"


def test_push_takes_other_versions_along(two_versions, tmp_path, answer):
    two_versions.invoke("remote", "add", "-d", "store", tmp_path / "store")

    now = answer(two_versions.invoke("push", "--json"))
    tagged = answer(two_versions.invoke("push", "--all-tags", "--json", "--dry"))
    named = answer(two_versions.invoke("push", "--rev", "v1", "--json"))

    assert (now["files"], now["remotes"], now["dry"]) == (4, ["store"], False)
    assert (tagged["files"], tagged["dry"]) == (2, True)
    assert named["files"] == 2


def test_without_a_remote_it_is_said_how_to_add_one(data):
    for command in ("push", "fetch", "pull"):
        done = data.invoke(command)
        assert (done.exit_code, done.stdout) == (1, "")
        assert "hint: add one with `dvclite remote add" in done.stderr


def test_an_unknown_remote_is_an_error(stored):
    done = stored.invoke("push", "-r", "nowhere")

    assert done.exit_code == 1
    assert "configured are store" in done.stderr


def test_data_that_is_nowhere_is_named(stored):
    forget_cache(stored)

    done = stored.run("push", "model.pkl")

    assert done.exit_code == 5
    assert done.stderr.startswith("error: data of 1 path is not in the cache")
    assert "\n  model.pkl\n" in done.stderr


def test_fetch_brings_data_into_the_cache_alone(clone, answer):
    planned = clone.run("fetch", "--dry")
    first = clone.run("fetch")
    second = clone.run("fetch", "--json")

    assert planned.stdout.endswith(" would be fetched\n")
    assert first.stdout.startswith("4 files, 14.")
    assert first.stdout.endswith(" fetched\n")
    assert answer(second)["files"] == 0
    assert not (clone.root / "images").exists()


def test_fetch_takes_parts(clone):
    assert clone.invoke("fetch", "images/cat.txt").stdout.startswith("1 file, ")


def test_pull_fetches_and_checks_out(clone):
    done = clone.run("pull")

    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:4] == [
        "A\timages/cat.txt",
        "A\timages/dog.txt",
        "A\timages/fox.txt",
        "A\tmodel.pkl",
    ]
    assert lines[4].startswith("4 files, 14.")
    assert lines[4].endswith(" fetched; 4 files added, 13.7 KiB")
    assert clone.read("images/cat.txt") == b"cat" * 1000
    assert clone.run("pull").stdout == "Everything is up to date\n"


def test_pull_takes_parts_and_tells_as_json(clone, answer):
    pulled = answer(clone.run("pull", "--json", "images/cat.txt"))

    assert pulled["files"] == 1
    assert pulled["restored"]["added"] == ["images/cat.txt"]
    assert [path.name for path in (clone.root / "images").iterdir()] == ["cat.txt"]


def test_pull_may_only_say_what_it_would_do(clone):
    done = clone.invoke("pull", "--dry")

    assert done.stdout.endswith(" would be fetched\n")
    assert not (clone.root / "images").exists()


def test_pull_brings_other_versions_into_the_cache(two_versions, tmp_path):
    two_versions.invoke("remote", "add", "-d", "store", tmp_path / "store")
    two_versions.invoke("push", "-T")
    forget_cache(two_versions)

    done = two_versions.invoke("pull", "--all-tags")
    assert done.exit_code == 0
    assert done.stdout.startswith("6 files, ")

    two_versions.git("checkout", "--quiet", "v1", "--", "images.dvc")
    assert two_versions.invoke("checkout").exit_code == 0


def test_pull_overwrites_unsaved_data_only_by_force(clone):
    clone.write("model.pkl", "precious")

    refused = clone.invoke("pull")
    assert clone.read("model.pkl") == b"precious"
    forced = clone.invoke("pull", "--force")

    assert refused.exit_code == 1
    assert "model.pkl" in refused.stderr
    assert forced.exit_code == 0
    assert clone.read("model.pkl") == b"\0" * 5000


def test_pull_from_a_remote_that_lacks_something_names_it(clone, stored, tmp_path):
    before = set((tmp_path / "store").rglob("*"))
    stored.write("late.bin", "late")
    stored.invoke("add", "late.bin")
    stored.commit("Late")
    stored.invoke("push")
    clone.git("pull", "--quiet")
    for path in set((tmp_path / "store").rglob("*")) - before:
        if path.is_file():
            path.unlink()

    done = clone.run("pull")

    assert done.exit_code == 5
    assert "\n  late.bin\n" in done.stderr
    assert str(tmp_path / "store") in done.stderr
    assert clone.read("images/cat.txt") == b"cat" * 1000


def test_a_remote_that_is_not_there_is_an_error(stored, tmp_path):
    stored.write("file", "no folder")
    stored.invoke("remote", "modify", "store", "url", stored.root / "file")

    done = stored.invoke("push")

    assert done.exit_code == 7
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["push", "fetch", "pull"])
def test_quiet_says_nothing(stored, command):
    stored.invoke("push")

    done = stored.invoke(command, "-q")

    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("words", [["-j", "0"], ["-j", "many"], ["--nonsense"]])
def test_wrong_words_are_usage_errors(stored, words):
    assert stored.invoke("push", *words).exit_code == 2


def test_pull_from_python_takes_other_versions_along_and_can_only_tell(repo, tmp_path):
    repo.invoke("remote", "add", "-d", "store", tmp_path / "store")
    for text in ("first", "second"):
        repo.write("data", text)
        repo.invoke("add", "data")
        repo.commit(text)
    repo.git("tag", "old", "HEAD~1")
    assert repo.invoke("push", "-T").exit_code == 0
    repo.git("clone", "--quiet", ".", tmp_path / "clone")
    clone = Repo.open(tmp_path / "clone")
    tags = Versions(all_tags=True)

    told = clone.pull(versions=tags, dry=True)
    assert (told.files, told.dry) == (2, True)
    assert not (clone.root / "data").exists()
    assert clone.pull(versions=tags).files == 2

    assert (clone.root / "data").read_text() == "second"
    shutil.rmtree(tmp_path / "store")
    clone.checkout(rev="old")
    assert (clone.root / "data").read_text() == "first"
