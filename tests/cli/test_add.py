"""`dvclite add` and `dvclite commit`."""

import sys

import pytest


def test_what_was_added_is_told_in_files_and_bytes(repo):
    repo.write("images/cat.txt", b"c" * 3072)
    repo.write("images/dog.txt", b"d" * 1024)

    done = repo.run("add", "images")

    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "Added images: 2 files, 4.0 KiB"
    assert lines[-1].endswith(" new in the cache")
    assert done.stderr == "hint: git add images.dvc .gitignore\n"


def test_many_targets_are_summed_up(repo):
    for number in range(12):
        repo.write(f"data/{number}.bin", bytes([number]) * 1024)

    done = repo.invoke("add", *[f"data/{number}.bin" for number in range(12)])

    lines = done.stdout.splitlines()
    assert len(lines) == 12
    assert lines[0] == "Added data/0.bin: 1.0 KiB"
    assert lines[-2:] == [
        "… and 2 more",
        "12 outputs: 12 files, 12.0 KiB; 12.0 KiB new in the cache",
    ]
    assert done.stderr == "hint: git add ':/*.dvc' ':/*.gitignore'\n"


def test_verbose_names_all_of_them(repo):
    for number in range(12):
        repo.write(f"{number}.bin", bytes([number]) * 1024)

    done = repo.invoke("add", "-v", *[f"{number}.bin" for number in range(12)])

    assert done.stdout.count("Added ") == 12


def test_what_is_up_to_date_is_unchanged_and_git_need_not_know(data):
    done = data.invoke("add", "images")

    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "Unchanged images: 3 files, 8.8 KiB",
        "Nothing new to store",
    ]
    assert done.stderr == ""


def test_from_a_sub_folder_paths_count_from_there(repo):
    repo.write("deep/down/data.bin")

    done = repo.invoke("add", "data.bin", cwd="deep/down")

    assert done.stdout.startswith("Added data.bin: ")
    assert done.stderr == "hint: git add data.bin.dvc .gitignore\n"


def test_names_are_quoted_for_the_shell_and_safe_for_the_terminal(repo):
    repo.write("my data/x\u202ey.bin")

    done = repo.invoke("add", "my data")

    assert done.stderr == "hint: git add 'my data.dvc' .gitignore\n"


def test_patterns_stand_for_what_they_match(repo, answer):
    for name in ("a.csv", "b.csv", "c.txt"):
        repo.write(f"raw/{name}")

    done = repo.invoke("add", "--glob", "raw/*.csv", "--json")

    outputs = [item["output"]["path"] for item in answer(done)["outputs"]]
    assert outputs == ["raw/a.csv", "raw/b.csv"]


def test_the_description_stands_in_the_pointer(repo):
    repo.write("data.bin")

    repo.invoke("add", "--desc", "From May", "data.bin")

    assert b"From May" in repo.read("data.bin.dvc")


def test_json_tells_everything(repo, answer):
    repo.write("data.bin", "abc")

    added = answer(repo.run("add", "--json", "data.bin"))

    assert added["outputs"][0]["pointer"] == "data.bin.dvc"
    assert added["outputs"][0]["output"]["size"] == 3
    assert added["outputs"][0]["changed"] is True
    assert added["stored"] == 1
    assert added["to_stage"] == ["data.bin.dvc", ".gitignore"]
    assert added["staged"] is False


def test_with_autostage_git_knows_already(repo):
    repo.invoke("config", "core.autostage", "true")
    repo.write("data.bin")

    done = repo.invoke("add", "data.bin")

    assert done.stderr == ""
    assert "A  data.bin.dvc" in repo.git("status", "--short")


def test_a_pointer_that_cannot_be_read_is_replaced_only_by_force(data):
    data.write("model.pkl.dvc", "outs: [")

    refused = data.invoke("add", "model.pkl")
    forced = data.invoke("add", "--force", "model.pkl")

    assert refused.exit_code == 1
    assert "model.pkl.dvc" in refused.stderr
    assert forced.stdout.startswith("Added model.pkl: 4.9 KiB\n")


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links may be forbidden")
def test_files_become_links_unless_told_otherwise(repo):
    repo.invoke("config", "cache.type", "symlink")
    repo.invoke("config", "cache.largest_packed", "0")
    repo.write("a.bin", "a")
    repo.write("b.bin", "b")

    repo.invoke("add", "a.bin")
    repo.invoke("add", "--no-relink", "b.bin")

    assert (repo.root / "a.bin").is_symlink()
    assert not (repo.root / "b.bin").is_symlink()


def test_quiet_says_nothing(repo):
    repo.write("data.bin")

    done = repo.invoke("add", "data.bin", "--quiet")

    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")


def test_what_git_tracks_is_refused_with_the_way_out(repo):
    repo.write("data.bin")
    repo.commit()

    done = repo.invoke("add", "data.bin")

    assert (done.exit_code, done.stdout) == (1, "")
    assert "git rm -r --cached -- data.bin" in done.stderr


@pytest.mark.parametrize("target", ["nowhere", "../outside", ".", ".dvclite"])
def test_bad_targets_are_one_clear_error(repo, target):
    done = repo.invoke("add", target)

    assert done.exit_code == 1
    assert done.stderr.startswith("error: ")
    assert done.stdout == ""


def test_without_targets_there_is_nothing_to_do(repo):
    done = repo.invoke("add")

    assert done.exit_code == 2
    assert "hint: see `dvclite add --help`" in done.stderr


def test_outside_of_a_repository_it_is_said_how_to_make_one(cli, tmp_path):
    (tmp_path / "data.bin").write_text("data")

    done = cli("add", "data.bin")

    assert done.exit_code == 3
    assert "hint: run `dvclite init`" in done.stderr


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="names are text there")
def test_names_that_are_not_text_are_shown_escaped(repo, answer):
    (repo.root / "data").mkdir()
    (repo.root / "data").joinpath("caf\udce9").write_text("x")
    repo.invoke("add", "data")
    (repo.root / "data").joinpath("caf\udce9").write_text("yz")

    shown = repo.run("status")
    listed = answer(repo.run("status", "--json"))

    assert "M data/caf\\xe9" in shown.stdout
    assert listed[0]["modified"] == ["data/caf\udce9"]


def test_commit_stores_what_has_changed(data):
    data.write("images/owl.txt", "owl" * 1000)

    done = data.invoke("commit")

    assert done.stdout.splitlines()[:2] == [
        "Stored images: 4 files, 11.7 KiB",
        "Unchanged model.pkl: 4.9 KiB",
    ]
    assert done.stderr == "hint: git add images.dvc\n"


def test_commit_refuses_what_is_not_tracked(data, answer):
    data.write("other.bin")

    done = data.invoke("commit", "other.bin")

    assert done.exit_code == 1
    assert "other.bin is not tracked by dvclite" in done.stderr


def test_commit_tells_as_json(data, answer):
    data.write("model.pkl", "new")

    changed = [item["changed"] for item in answer(data.invoke("commit", "--json"))["outputs"]]

    assert changed == [False, True]


def test_without_git_nothing_is_said_of_git(cli, tmp_path):
    (tmp_path / "data").write_text("a")
    cli("init", "--no-scm")

    result = cli("add", "data")

    assert (result.exit_code, result.stderr) == (0, "")
    assert not (tmp_path / ".gitignore").exists()
