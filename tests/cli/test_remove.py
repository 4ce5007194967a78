"""`dvclite remove`."""

import pytest


def test_the_pointer_goes_and_the_data_stays(data):
    done = data.run("remove", "images")

    assert done.exit_code == 0
    assert done.stdout == "Stopped tracking images; its data stays\n"
    assert done.stderr == "hint: git add images.dvc .gitignore\n"
    assert (data.root / "images/cat.txt").exists()
    assert not (data.root / "images.dvc").exists()


def test_the_hint_can_be_followed(data):
    hint = data.invoke("remove", "images.dvc").stderr

    data.git(*hint.removeprefix("hint: git ").split())

    assert "D  images.dvc" in data.git("status", "--short")


def test_the_hint_can_be_followed_before_the_first_commit(data):
    data.write("new", "new")
    data.invoke("add", "new")

    hint = data.invoke("remove", "new").stderr

    data.git(*hint.removeprefix("hint: git ").split())


@pytest.mark.parametrize("command", ["remove", "checkout", "status", "commit", "push"])
def test_an_empty_path_does_not_mean_everything(data, command):
    done = data.invoke(command, "")

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("error: '': no such file or directory\nhint: an empty path")
    assert data.read("images.dvc")


def test_nothing_is_removed_while_its_data_would_not_stay(data):
    blocked = data.root / ".dvclite/tmp/stat.db-journal"
    blocked.mkdir()
    refused = data.invoke("remove", "images")
    blocked.rmdir()

    assert refused.exit_code == 1
    assert "stat.db: it cannot be changed" in refused.stderr
    assert data.read("images.dvc")
    assert data.invoke("remove", "images").exit_code == 0
    assert data.invoke("checkout").exit_code == 0
    assert (data.root / "images/cat.txt").exists()


def test_the_data_goes_too_where_that_is_asked_for(data):
    done = data.invoke("remove", "--outs", "images", "model.pkl")

    assert done.stdout.splitlines() == [
        "Stopped tracking images; its data is gone from the workspace",
        "Stopped tracking model.pkl; its data is gone from the workspace",
    ]
    assert not (data.root / "images").exists()


def test_data_that_is_saved_nowhere_does_not_go(data):
    data.write("model.pkl", "precious")

    refused = data.invoke("remove", "--outs", "model.pkl")
    forced = data.invoke("remove", "--outs", "--force", "model.pkl")

    assert refused.exit_code == 1
    assert "model.pkl" in refused.stderr
    assert forced.exit_code == 0
    assert not (data.root / "model.pkl").exists()


def test_json_tells_what_went(data, answer):
    removed = answer(data.invoke("remove", "--json", "images"))

    assert removed["pointers"] == ["images.dvc"]
    assert removed["outputs"] == ["images"]


def test_a_part_of_a_folder_cannot_be_untracked_like_this(data):
    done = data.invoke("remove", "images/cat.txt")

    assert done.exit_code == 1
    assert "hint: it is part of images" in done.stderr
