"""`dvclite status`."""

import shutil

import pytest


def test_without_changes_everything_is_up_to_date(data):
    done = data.run("status")

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "Everything is up to date: 2 outputs\n"


def test_in_a_new_repository_nothing_is_tracked(repo, answer):
    assert repo.invoke("status").stdout == "Nothing is tracked yet\n"
    assert answer(repo.invoke("status", "--json")) == []


def test_changes_are_listed_by_output_and_path(data):
    data.write("images/owl.txt")
    data.write("images/dog.txt", "other")
    (data.root / "images/cat.txt").unlink()
    (data.root / "model.pkl").unlink()

    done = data.run("status")

    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "Modified images: 1 added, 1 modified, 1 deleted",
        "    A images/owl.txt",
        "    M images/dog.txt",
        "    D images/cat.txt",
        "Absent model.pkl: 4.9 KiB",
        "2 outputs: 1 modified and 1 absent",
    ]
    assert done.stderr.splitlines() == [
        "hint: `dvclite commit` keeps changes, `dvclite checkout --force` gives them up",
        "hint: `dvclite checkout` brings back what is absent",
    ]


def test_a_changed_file_is_one_line(data):
    data.write("model.pkl", "other")

    assert data.invoke("status", "model.pkl").stdout.splitlines() == [
        "Modified model.pkl",
        "1 output: 1 modified",
    ]


@pytest.mark.parametrize(
    ("options", "shown", "more"),
    [([], 10, 2), (["-n", "3"], 3, 9), (["-n", "0"], 0, 0), (["-v"], 12, 0)],
)
def test_so_many_names_are_shown(data, options, shown, more):
    for number in range(12):
        data.write(f"images/{number:02}.txt")

    lines = data.invoke("status", *options).stdout.splitlines()

    assert sum(line.startswith("    A images/") for line in lines) == shown
    assert (f"    A … and {more} more" in lines) == bool(more)


def test_names_count_from_the_sub_folder(data):
    data.write("images/owl.txt")

    lines = data.invoke("status", cwd="images").stdout.splitlines()

    assert lines[:2] == ["Modified .: 1 added", "    A owl.txt"]


def test_what_the_cache_lacks_is_told(data, answer):
    shutil.rmtree(data.root / ".dvclite/cache")
    (data.root / "model.pkl").unlink()

    done = data.invoke("status", "model.pkl")
    found = answer(data.invoke("status", "--json", "model.pkl"))

    assert done.stdout.startswith("Absent model.pkl: 4.9 KiB, 1 blob not in the cache\n")
    assert done.stderr == "hint: `dvclite pull` fetches what is not in the cache\n"
    assert (found[0]["state"], found[0]["not_cached"]) == ("absent", 1)


def test_json_has_every_name(data, answer):
    data.write("images/owl.txt")

    found = answer(data.run("status", "--json"))

    assert found[0] == {
        "path": "images",
        "pointer": "images.dvc",
        "state": "modified",
        "added": ["images/owl.txt"],
        "modified": [],
        "deleted": [],
        "not_cached": 0,
        "files": 3,
        "size": 9000,
        "reason": "",
        "hint": "",
    }
    assert found[1]["state"] == "unchanged"


def test_quiet_answers_by_its_exit_code(data):
    clean = data.run("status", "-q")
    data.write("images/owl.txt")
    changed = data.run("-q", "status")

    assert (clean.exit_code, clean.stdout, clean.stderr) == (0, "", "")
    assert (changed.exit_code, changed.stdout, changed.stderr) == (1, "", "")


def test_what_is_not_tracked_is_an_error(data):
    done = data.invoke("status", "nothing")

    assert done.exit_code == 1
    assert done.stderr.startswith("error: nothing is not tracked by dvclite\n")


def test_a_conflict_in_a_pointer_is_explained(data):
    text = data.read("images.dvc").decode()
    data.write("images.dvc", f"<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> other\n")

    done = data.run("status")

    assert done.exit_code == 1
    assert "images.dvc: holds an unresolved merge conflict" in done.stderr
    assert "hint: keep one side with `git checkout --ours -- images.dvc`" in done.stderr


def test_the_cloud_lacks_what_was_not_pushed(stored, answer):
    before = stored.run("status", "--cloud")
    found = answer(stored.invoke("status", "-c", "--json"))
    quiet = stored.invoke("status", "-c", "-q")
    stored.invoke("push")
    after = stored.invoke("status", "-r", "store")

    assert "model.pkl: 1 blob to push, 4.9 KiB\n    model.pkl\n" in before.stdout
    assert before.stderr == "hint: `dvclite push` sends what the remote lacks\n"
    outputs = [(item["path"], len(item["new"])) for item in found["outputs"]]
    assert outputs == [("images", 4), ("model.pkl", 1)]
    assert quiet.exit_code == 1
    assert after.exit_code == 0
    assert after.stdout.startswith("store holds 2 packs of ")
    assert after.stdout.endswith("\nCache and remote are in step\n")
    assert stored.invoke("status", "-c", "-q").exit_code == 0


def test_the_cache_lacks_what_was_not_fetched(stored):
    stored.invoke("push")
    shutil.rmtree(stored.root / ".dvclite/cache")

    done = stored.invoke("status", "-c", "model.pkl")

    assert done.stdout.splitlines()[-1] == "1 blob to fetch, 4.9 KiB"
    assert done.stderr == "hint: `dvclite fetch` brings what the cache lacks\n"


def test_what_is_nowhere_is_told(stored):
    shutil.rmtree(stored.root / ".dvclite/cache")

    done = stored.invoke("status", "-c", "model.pkl")

    assert "model.pkl: 1 blob neither in the cache nor on the remote" in done.stdout


def test_options_for_the_cloud_need_the_cloud(data):
    assert data.invoke("status", "--all-tags").exit_code == 2
    assert data.invoke("status", "-j", "2").exit_code == 2


def test_without_a_remote_the_cloud_cannot_be_asked(data):
    done = data.invoke("status", "-c")

    assert done.exit_code == 1
    assert "hint: add one with `dvclite remote add" in done.stderr
