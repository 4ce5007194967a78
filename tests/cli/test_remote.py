"""`dvclite remote`."""

import pytest


def test_remotes_are_added_and_listed(repo, tmp_path, answer):
    done = repo.run("remote", "add", "--default", "store", "../store")
    repo.run("remote", "add", "cloud", "s3://bucket/path")

    listed = repo.run("remote", "list")

    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    assert listed.stdout.splitlines() == [
        "  cloud  s3://bucket/path",
        f"* store  {tmp_path / 'store'}",
    ]
    assert answer(repo.invoke("remote", "list", "--json")) == [
        {"name": "cloud", "url": "s3://bucket/path", "default": False},
        {"name": "store", "url": str(tmp_path / "store"), "default": True},
    ]


def test_without_remotes_the_list_is_empty(repo, answer):
    assert repo.invoke("remote", "list").stdout == ""
    assert answer(repo.invoke("remote", "list", "--json")) == []


def test_a_name_that_is_taken_needs_force(stored, tmp_path):
    refused = stored.invoke("remote", "add", "store", "../other")
    forced = stored.invoke("remote", "add", "--force", "store", "../other")

    assert refused.exit_code == 1
    assert "--force" in refused.stderr
    assert forced.exit_code == 0
    assert str(tmp_path / "other") in stored.invoke("remote", "list").stdout


def test_options_are_set_and_taken_away(stored):
    assert stored.invoke("remote", "modify", "store", "jobs", "8").exit_code == 0
    assert stored.invoke("config", "remote.store.jobs").stdout == "8\n"

    assert stored.invoke("remote", "modify", "--unset", "store", "jobs").exit_code == 0
    assert stored.invoke("config", "remote.store.jobs").stdout == ""

    assert stored.invoke("remote", "modify", "store", "jobs").exit_code == 2
    assert stored.invoke("remote", "modify", "store", "jobs", "8", "--unset").exit_code == 2


def test_secrets_go_where_git_does_not_look(stored):
    done = stored.run("remote", "modify", "store", "secret_access_key", "hunter2")

    assert "which git ignores" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert stored.git("status", "--short") == ""


def test_a_password_in_an_address_is_refused_and_not_repeated(repo):
    done = repo.run("remote", "add", "cloud", "https://ada:hunter2@example.com/")

    assert done.exit_code == 1
    assert "hunter2" not in done.stdout + done.stderr


def test_a_password_in_an_address_is_not_shown(repo):
    repo.invoke("remote", "add", "--local", "cloud", "https://ada:hunter2@example.com/")

    assert repo.invoke("remote", "list").stdout == "* cloud  https://ada:***@example.com/\n"
    assert "hunter2" not in repo.invoke("remote", "list", "--json").stdout


def test_remotes_are_renamed_and_removed(stored):
    assert stored.invoke("remote", "rename", "store", "archive").exit_code == 0
    assert stored.invoke("remote", "default").stdout == "archive\n"

    assert stored.invoke("remote", "remove", "archive").exit_code == 0
    assert stored.invoke("remote", "list").stdout == ""


@pytest.mark.parametrize(
    "words",
    [
        ["remove", "nowhere"],
        ["rename", "nowhere", "elsewhere"],
        ["modify", "nowhere", "jobs", "8"],
        ["default", "nowhere"],
        ["test", "nowhere"],
    ],
)
def test_unknown_remotes_are_an_error_that_names_the_known(stored, words):
    done = stored.invoke("remote", *words)

    assert done.exit_code == 1
    assert "no remote named 'nowhere'; configured are store" in done.stderr


def test_the_default_is_printed_set_and_unset(stored):
    stored.invoke("remote", "add", "other", "../other")

    assert stored.invoke("remote", "default").stdout == "store\n"
    assert stored.invoke("remote", "default", "other").exit_code == 0
    assert stored.invoke("remote", "default").stdout == "other\n"
    assert stored.invoke("remote", "default", "--unset").exit_code == 0
    assert stored.invoke("remote", "default").exit_code == 1
    assert stored.invoke("remote", "default", "store", "-u").exit_code == 2


def test_a_remote_can_be_tried_out(stored, tmp_path, answer):
    done = stored.run("remote", "test")
    findings = answer(stored.run("remote", "test", "store", "--json"))

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("ok   list                 0 keys\n")
    assert all(finding["ok"] for finding in findings)
    assert not list((tmp_path / "store").rglob("large*"))


def test_a_remote_that_does_not_work_is_found_out(stored):
    stored.write("file", "no folder")
    stored.invoke("remote", "modify", "store", "url", stored.root / "file")

    done = stored.run("remote", "test")

    assert done.exit_code == 7
    assert "BAD " in done.stdout
    assert "Traceback" not in done.stderr
