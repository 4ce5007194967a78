"""`dvclite install`, and what git hooks then do."""

import os
import sys

import pytest

from dvclite.cli.commands.hook import commits_to_push


@pytest.fixture
def hooked(two_versions, tmp_path, monkeypatch):
    """Two versions, hooks, and a `dvclite` on the PATH for them to find."""
    if sys.platform == "win32":
        pytest.skip("the stand-in for the installed command is a POSIX script")
    program = tmp_path / "bin/dvclite"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m dvclite "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    done = two_versions.run("install")
    assert done.exit_code == 0, done.stderr
    return two_versions


def test_hooks_are_installed_once(repo, answer):
    first = repo.run("install")
    second = repo.run("install")

    names = ("post-checkout", "post-merge", "post-rewrite", "pre-push")
    hooks = [repo.root / ".git/hooks" / name for name in names]
    assert first.stdout.splitlines() == [f"Installed {hook}" for hook in hooks]
    assert second.stdout.splitlines() == [f"Unchanged {hook}" for hook in hooks]
    assert answer(repo.run("install", "--json"))["written"] == []


def test_hooks_of_others_are_left_alone_unless_asked_for(repo):
    repo.write(".git/hooks/pre-push", "#!/bin/sh\necho theirs\n")

    refused = repo.run("install")
    assert refused.exit_code == 1
    assert "pre-push is there already" in refused.stderr
    assert not (repo.root / ".git/hooks/post-merge").exists()

    forced = repo.run("install", "--force")
    assert forced.exit_code == 0
    assert b"echo theirs" in repo.read(".git/hooks/pre-push")


def test_data_follows_git_checkout(hooked):
    hooked.git("checkout", "--quiet", "v1")

    assert hooked.read("images/dog.txt") == b"dog" * 1000
    assert (hooked.root / "images/cat.txt").exists()


def test_a_checkout_of_single_files_leaves_data_alone(hooked):
    hooked.git("checkout", "--quiet", "v1", "--", "images.dvc")

    assert hooked.read("images/dog.txt") == b"dog" * 2000


def test_data_follows_git_merge(hooked):
    hooked.git("checkout", "--quiet", "-b", "side", "v1")
    hooked.git("merge", "--quiet", "v2")

    assert hooked.read("images/dog.txt") == b"dog" * 2000


@pytest.mark.parametrize("own_commit", [True, False], ids=["with work of its own", "without"])
def test_data_follows_git_rebase(hooked, own_commit):
    hooked.git("checkout", "--quiet", "-b", "side", "v1")
    if own_commit:
        hooked.write("code.py", "1")
        hooked.commit("Code")

    hooked.git("rebase", "--quiet", "v2")

    assert hooked.read("images/dog.txt") == b"dog" * 2000
    assert hooked.read("images/owl.txt")


def test_data_waits_for_the_end_of_a_rebase(hooked):
    hooked.git("checkout", "--quiet", "-b", "side", "v1")
    hooked.write("code.py", "1")
    hooked.commit("Code")

    hooked.git("rebase", "--quiet", "--exec", "cp images/dog.txt meanwhile", "v2")

    assert hooked.read("meanwhile") == b"dog" * 1000
    assert hooked.read("images/dog.txt") == b"dog" * 2000


def test_an_amended_commit_leaves_data_alone(two_versions):
    two_versions.git("checkout", "--quiet", "v1")

    done = two_versions.run("hook", "post-rewrite", "amend", stdin="v2 v1\n")

    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    assert two_versions.read("images/dog.txt") == b"dog" * 2000


@pytest.fixture
def two_folders(git_repo):
    """A git repository with a repository in each of two folders, and none at its top."""
    for folder in ("one", "two"):
        git_repo.write(f"{folder}/data", f"{folder} old")
        git_repo.invoke("init", "--subdir", cwd=folder)
        assert git_repo.invoke("add", "data", cwd=folder).exit_code == 0
    git_repo.commit("Old")
    for folder in ("one", "two"):
        git_repo.write(f"{folder}/data", f"{folder} new")
        assert git_repo.invoke("commit", cwd=folder).exit_code == 0
    git_repo.commit("New")
    return git_repo


def test_data_follows_in_every_repository_below_the_top(two_folders):
    two_folders.git("checkout", "--quiet", "HEAD~1")
    two_folders.write("one/data", "precious")

    done = two_folders.run("hook", "post-checkout", "new", "old", "1")

    assert done.exit_code == 1
    assert done.stderr.startswith("error: one: 1 file has changes")
    assert two_folders.read("one/data") == b"precious"
    assert two_folders.read("two/data") == b"two old"


def test_git_push_warns_of_the_data_of_every_repository(two_folders, tmp_path):
    for folder in ("one", "two"):
        two_folders.invoke("remote", "add", "-d", "store", tmp_path / folder, cwd=folder)
    head = two_folders.git("rev-parse", "HEAD").strip()
    given = f"refs/heads/main {head} refs/heads/main {'0' * 40}\n"

    done = two_folders.run("hook", "pre-push", "origin", "url", stdin=given)

    assert "not on the remote yet: 2 blobs" in done.stderr


def test_hooks_do_nothing_where_there_is_no_repository(git_repo):
    for words in (
        ("post-checkout", "a", "b", "1"),
        ("post-merge", "0"),
        ("post-rewrite", "rebase"),
    ):
        done = git_repo.run("hook", *words)
        assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")


def test_data_leaves_with_the_repository_itself(hooked):
    hooked.git("checkout", "--quiet", "--orphan", "bare")
    hooked.git("rm", "-r", "--quiet", "--force", ".")
    hooked.git("commit", "--quiet", "--allow-empty", "--message", "Nothing")
    hooked.git("checkout", "--quiet", "v2")
    assert (hooked.root / "images").exists()

    hooked.git("checkout", "--quiet", "bare")

    assert not (hooked.root / "images").exists()


def test_what_changed_is_told_in_a_line(two_versions):
    two_versions.git("checkout", "--quiet", "v1")

    done = two_versions.run("hook", "post-checkout", "v2", "v1", "1")
    again = two_versions.run("hook", "post-checkout", "v2", "v1", "1")

    assert done.stdout == ("dvclite: 1 file added, 1 file modified and 1 file deleted, 5.9 KiB\n")
    assert (again.exit_code, again.stdout, again.stderr) == (0, "", "")


def test_data_that_cannot_follow_is_told(two_versions):
    two_versions.write("images/dog.txt", "precious")
    two_versions.git("checkout", "--quiet", "v1")

    done = two_versions.run("hook", "post-checkout", "v2", "v1", "1")

    assert done.exit_code == 1
    assert "images/dog.txt" in done.stderr
    assert two_versions.read("images/dog.txt") == b"precious"


def test_git_push_warns_of_data_that_is_not_pushed(hooked, tmp_path):
    hooked.invoke("remote", "add", "-d", "store", tmp_path / "store")
    hooked.git("init", "--quiet", "--bare", tmp_path / "origin")
    head = hooked.git("rev-parse", "HEAD").strip()
    given = f"refs/heads/main {head} refs/heads/main {'0' * 40}\n"

    before = hooked.run("hook", "pre-push", "origin", tmp_path / "origin", stdin=given)
    hooked.git("push", "--quiet", tmp_path / "origin", "main")
    hooked.invoke("push")
    after = hooked.run("hook", "pre-push", "origin", tmp_path / "origin", stdin=given)

    assert before.exit_code == 0
    assert before.stderr.startswith(
        "warning: git pushes commits whose data is not on the remote yet: 5 blobs, "
    )
    assert before.stderr.endswith("hint: dvclite push\n")
    assert (after.exit_code, after.stdout, after.stderr) == (0, "", "")


def test_git_push_is_never_stopped(two_versions, tmp_path):
    head = two_versions.git("rev-parse", "HEAD").strip()
    given = f"refs/heads/main {head} refs/heads/main {'0' * 40}\n"

    no_remote = two_versions.run("hook", "pre-push", "origin", "url", stdin=given)
    two_versions.write("file", "no folder")
    two_versions.invoke("remote", "add", "-d", "store", two_versions.root / "file")
    broken = two_versions.run("hook", "pre-push", "origin", "url", stdin=given)

    assert (no_remote.exit_code, no_remote.stderr) == (0, "")
    assert broken.exit_code == 0
    assert broken.stderr.startswith("warning: whether the data is pushed cannot be told: ")


def test_branches_that_are_deleted_need_no_data():
    lines = ["(delete) 0000 refs/heads/x 1234\n", "refs/heads/a abcd refs/heads/a 0000\n", "\n"]

    assert commits_to_push(lines) == ("abcd",)


def test_hooks_are_not_on_the_list_of_commands(invoke):
    assert "hook" not in invoke("--help").stdout.replace("git hooks", "")
