import os
import shutil
import sys

import pytest

from dvclite.errors import GitError
from dvclite.git.history import History, Scope


def kept(root, below=""):
    """The contents of all pointers that git keeps."""
    found = list(History(root / below, os.environ).pointers_kept())
    assert len({(version.path, version.blob) for version in found}) == len(found)
    return {version.data.decode() for version in found}


def put(bench, content, *, cwd=""):
    """Commit a pointer."""
    bench.write(f"{cwd}/x.dvc" if cwd else "x.dvc", content)
    bench.git("add", "--all", cwd=cwd)
    bench.git("commit", "-q", "-m", content, cwd=cwd)


def forget(bench):
    """Take git's memory away, so that nothing but what a test is about keeps a commit."""
    shutil.rmtree(bench.root / ".git" / "logs")
    (bench.root / ".git" / "ORIG_HEAD").unlink(missing_ok=True)


def test_a_stash_is_kept_with_what_was_staged_and_untracked_in_it(git_repo):
    put(git_repo, "committed")
    git_repo.write("x.dvc", "stashed index")
    git_repo.git("add", "x.dvc")
    git_repo.write("x.dvc", "stashed work tree")
    git_repo.write("new.dvc", "stashed untracked")
    git_repo.git("stash", "-q", "--include-untracked")
    stashed = {"stashed index", "stashed work tree", "stashed untracked"}
    assert kept(git_repo.root) == {"committed", *stashed}
    forget(git_repo)
    assert kept(git_repo.root) == {"committed", *stashed}


def test_older_stashes_are_kept_although_only_a_reflog_knows_them(git_repo):
    put(git_repo, "committed")
    for content in ("older", "newer"):
        git_repo.write("x.dvc", content)
        git_repo.git("stash", "-q")
    assert kept(git_repo.root) == {"committed", "older", "newer"}
    past = History(git_repo.root, os.environ)
    found = past.pointers_everywhere(past.commits(Scope.COMMITS))
    assert {version.data for version in found} == {b"committed", b"newer"}


def test_what_was_reset_or_amended_away_is_kept_while_a_reflog_knows_it(git_repo):
    put(git_repo, "first")
    put(git_repo, "reset away")
    git_repo.git("reset", "-q", "--hard", "HEAD~1")
    git_repo.write("x.dvc", "amended")
    git_repo.git("commit", "-q", "-a", "--amend", "-m", "amended")
    assert kept(git_repo.root) == {"first", "reset away", "amended"}
    forget(git_repo)
    assert kept(git_repo.root) == {"amended"}


def test_the_commits_of_a_deleted_branch_are_kept_while_the_heads_reflog_knows_them(git_repo):
    put(git_repo, "main")
    git_repo.git("checkout", "-q", "-b", "side")
    put(git_repo, "side")
    git_repo.git("checkout", "-q", "main")
    git_repo.git("branch", "-q", "-D", "side")
    assert kept(git_repo.root) == {"main", "side"}


@pytest.mark.parametrize(
    "ref", ["refs/remotes/origin/x", "refs/notes/x", "refs/own/deep/x", "refs/tags/x"]
)
def test_every_ref_keeps_its_commits(git_repo, ref):
    put(git_repo, "main")
    put(git_repo, "elsewhere")
    git_repo.git("update-ref", ref, "HEAD")
    git_repo.git("reset", "-q", "--hard", "HEAD~1")
    forget(git_repo)
    assert kept(git_repo.root) == {"main", "elsewhere"}
    git_repo.git("pack-refs", "--all", "--prune")
    assert kept(git_repo.root) == {"main", "elsewhere"}


def test_tags_of_tags_and_of_trees_keep_what_they_lead_to_and_those_of_blobs_harm_nothing(git_repo):
    put(git_repo, "main")
    put(git_repo, "tree")
    git_repo.git("tag", "-a", "of-a-tree", "-m", "said", "HEAD^{tree}")
    git_repo.git("reset", "-q", "--hard", "HEAD~1")
    put(git_repo, "commit")
    git_repo.git("tag", "-a", "one", "-m", "said", "HEAD")
    git_repo.git("tag", "-a", "two", "-m", "said", "one")
    git_repo.git("tag", "of-a-blob", "HEAD:x.dvc")
    git_repo.git("reset", "-q", "--hard", "HEAD~1")
    git_repo.git("tag", "-d", "one")
    forget(git_repo)
    assert kept(git_repo.root) == {"main", "tree", "commit"}


def test_what_is_staged_is_kept_and_both_sides_of_a_conflict(git_repo):
    put(git_repo, "base")
    git_repo.git("checkout", "-q", "-b", "other")
    put(git_repo, "theirs")
    git_repo.git("checkout", "-q", "main")
    put(git_repo, "ours")
    with pytest.raises(AssertionError):
        git_repo.git("merge", "other")
    git_repo.write("new.dvc", "staged")
    git_repo.git("add", "new.dvc")
    git_repo.write("new.dvc", "not staged")
    assert kept(git_repo.root) == {"base", "ours", "theirs", "staged"}
    staged = History(git_repo.root, os.environ).staged()
    assert sorted(version.data for version in staged) == [b"base", b"ours", b"staged", b"theirs"]


@pytest.fixture
def linked(git_repo, tmp_path):
    put(git_repo, "main")
    git_repo.git("worktree", "add", "-q", "--detach", tmp_path / "linked")
    return tmp_path / "linked"


def test_every_worktree_keeps_its_head_its_reflog_and_its_index(git_repo, linked):
    for content in ("linked reflog", "linked head"):
        (linked / "x.dvc").write_text(content)
        git_repo.git("commit", "-q", "-a", "-m", content, cwd=linked)
        if content == "linked reflog":
            git_repo.git("checkout", "-q", "--detach", "main", cwd=linked)
    (linked / "y.dvc").write_text("linked index")
    git_repo.git("add", ".", cwd=linked)
    git_repo.write("y.dvc", "main reflog")
    git_repo.git("add", "y.dvc")
    git_repo.git("commit", "-q", "-m", "y.dvc")
    git_repo.git("reset", "-q", "--hard", "HEAD~1")
    git_repo.git("checkout", "-q", "--detach")
    put(git_repo, "main head")
    for folder in (".git", ".git/worktrees/linked"):
        (git_repo.root / folder / "ORIG_HEAD").unlink(missing_ok=True)
    git_repo.write("z.dvc", "main index")
    git_repo.git("add", "z.dvc")
    linked_ones = {"linked reflog", "linked head", "linked index"}
    expected = {"main", "main reflog", "main head", "main index", *linked_ones}
    assert kept(git_repo.root) == expected
    assert kept(linked) == expected
    shutil.rmtree(linked)
    assert kept(git_repo.root) == expected


def test_refs_that_only_one_worktree_sees_keep_their_commits(git_repo, linked):
    for cwd, content in ((linked, "linked"), (git_repo.root, "top")):
        (cwd / "x.dvc").write_text(content)
        git_repo.git("commit", "-q", "-a", "-m", content, cwd=cwd)
        git_repo.git("update-ref", "refs/worktree/mine", "HEAD", cwd=cwd)
        git_repo.git("reset", "-q", "--hard", "HEAD~1", cwd=cwd)
    forget(git_repo)
    shutil.rmtree(git_repo.root / ".git" / "worktrees" / "linked" / "logs")
    (git_repo.root / ".git" / "worktrees" / "linked" / "ORIG_HEAD").unlink()
    for root in (git_repo.root, linked):
        assert kept(root) == {"main", "linked", "top"}


def test_a_rebase_in_the_midst_of_its_work_keeps_what_it_put_aside(git_repo):
    put(git_repo, "base")
    git_repo.git("checkout", "-q", "-b", "side")
    put(git_repo, "side")
    git_repo.git("checkout", "-q", "main")
    put(git_repo, "main")
    git_repo.git("checkout", "-q", "side")
    git_repo.write("y.txt")
    git_repo.commit()
    git_repo.write("y.txt", "unsaved")
    git_repo.write("z.dvc", "put aside")
    git_repo.git("add", "z.dvc")
    with pytest.raises(AssertionError):
        git_repo.git("rebase", "--autostash", "main")
    forget(git_repo)
    assert {"base", "side", "main", "put aside"} <= kept(git_repo.root)


def test_what_git_only_remembers_may_be_gone(git_repo):
    put(git_repo, "first")
    put(git_repo, "second")
    git_repo.git("reset", "-q", "--hard", "HEAD~1")
    shutil.rmtree(git_repo.root / ".git" / "logs")
    assert kept(git_repo.root) == {"first", "second"}
    git_repo.git("prune", "--expire=now")
    assert (git_repo.root / ".git" / "ORIG_HEAD").exists()
    assert kept(git_repo.root) == {"first"}


def test_a_reflog_whose_commits_are_gone_stops_everything_until_git_mends_it(git_repo):
    put(git_repo, "first")
    put(git_repo, "second")
    git_repo.git("reset", "-q", "--hard", "HEAD~1")
    (git_repo.root / ".git" / "ORIG_HEAD").unlink()
    logs = git_repo.root / ".git" / "logs"
    logs.rename(git_repo.root / "logs")
    git_repo.git("prune", "--expire=now")
    (git_repo.root / "logs").rename(logs)
    with pytest.raises(GitError, match=r"reflog of .* references pruned commits") as caught:
        kept(git_repo.root)
    command = "git reflog expire --stale-fix --all"
    assert command in caught.value.hint
    git_repo.git(*command.split()[1:])
    assert kept(git_repo.root) == {"first"}


@pytest.mark.parametrize("content", ["", "torn"])
def test_a_broken_ref_is_an_error_that_names_it(git_repo, content):
    put(git_repo, "first")
    git_repo.write(".git/refs/heads/torn", content)
    past = History(git_repo.root, os.environ)
    for ask in (lambda: kept(git_repo.root), past.branches, lambda: past.commits(Scope.COMMITS)):
        with pytest.raises(GitError, match="refs/heads/torn"):
            ask()


def test_a_ref_to_a_missing_commit_is_an_error(git_repo):
    put(git_repo, "first")
    git_repo.write(".git/refs/heads/lost", "1" * 40 + "\n")
    past = History(git_repo.root, os.environ)
    for ask in (lambda: kept(git_repo.root), past.branches, lambda: past.commits(Scope.COMMITS)):
        with pytest.raises(GitError, match=r"lost|1111111"):
            ask()


def test_a_remote_whose_default_branch_is_gone_is_no_error(git_repo):
    put(git_repo, "first")
    git_repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/gone")
    assert kept(git_repo.root) == {"first"}
    assert len(History(git_repo.root, os.environ).commits(Scope.COMMITS)) == 2


def test_a_worktree_whose_record_is_broken_is_an_error(git_repo, linked):
    (git_repo.root / ".git" / "worktrees" / "linked" / "HEAD").unlink()
    with pytest.raises(GitError, match="record of a worktree is broken") as caught:
        kept(git_repo.root)
    assert "git worktree prune" in caught.value.hint


def test_in_a_hook_the_index_that_is_about_to_be_committed_is_kept_too(git_repo, monkeypatch):
    put(git_repo, "first")
    git_repo.write("x.dvc", "about to be committed")
    next_index = str(git_repo.root / ".git" / "next-index")
    monkeypatch.setenv("GIT_INDEX_FILE", next_index)
    git_repo.git("add", "x.dvc")
    monkeypatch.delenv("GIT_INDEX_FILE")
    git_repo.write("x.dvc", "staged")
    git_repo.git("add", "x.dvc")
    assert kept(git_repo.root) == {"first", "staged"}
    monkeypatch.chdir(git_repo.root)
    monkeypatch.setenv("GIT_INDEX_FILE", next_index)
    monkeypatch.setenv("GIT_DIR", ".git")
    assert kept(git_repo.root) == {"first", "staged", "about to be committed"}


def test_a_real_commit_hook_sees_what_is_about_to_be_committed(git_repo, tmp_path):
    put(git_repo, "first", cwd="")
    git_repo.write("sub/x.dvc", "old")
    git_repo.commit()
    script = tmp_path / "ask.py"
    script.write_text(
        "import os, pathlib\n"
        "from dvclite.git.history import History\n"
        "from dvclite.git.index import Index\n"
        "root = pathlib.Path('sub')\n"
        "found = [version.data for version in History(root, os.environ).staged()]\n"
        "found += Index(root, os.environ).find_pointers().paths\n"
        f"pathlib.Path({str(tmp_path / 'seen')!r}).write_text(repr(found))\n"
    )
    hook = git_repo.write(
        ".git/hooks/pre-commit",
        f"#!/bin/sh\nPYTHONPATH={os.pathsep.join(sys.path)} exec {sys.executable} {script}\n",
    )
    hook.chmod(0o755)
    git_repo.write("sub/x.dvc", "new")
    git_repo.git("commit", "-q", "-a", "-m", "with a hook")
    assert "b'new'" in (tmp_path / "seen").read_text()
    assert "'x.dvc'" in (tmp_path / "seen").read_text()


def test_a_repository_with_a_split_index_is_read_as_any_other(git_repo):
    put(git_repo, "first")
    git_repo.git("update-index", "--split-index")
    git_repo.write("y.dvc", "staged")
    git_repo.git("add", "y.dvc")
    assert kept(git_repo.root) == {"first", "staged"}


def test_nothing_is_asked_of_a_repository_of_somebody_else(git_repo):
    put(git_repo, "first")
    past = History(git_repo.root, {**os.environ, "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"})
    for ask in (
        lambda: past.resolve("HEAD"),
        past.head,
        past.branches,
        lambda: past.commits(Scope.COMMITS),
        lambda: past.commits(Scope.EVERYTHING),
        lambda: list(past.pointers_kept()),
        lambda: list(past.staged()),
        lambda: list(past.log("x.dvc")),
    ):
        with pytest.raises(GitError, match="another user owns it"):
            ask()


def test_files_beside_gits_records_of_worktrees_are_no_records(git_repo, linked):
    git_repo.write(".git/worktrees/.DS_Store", "whatever")
    assert kept(git_repo.root) == {"main"}
