import os
import shutil
import subprocess
import sys
import threading
import time

import pytest

from dvclite.errors import GitError
from dvclite.git.index import FoundPointers, Index

ODD = ["*.dvc", "[a].dvc", ":(top)x.dvc", "-f.dvc", " a\tb\n.dvc", "ü.dvc", "a'b\"c.dvc", "#x.dvc"]
if sys.platform == "linux":
    ODD.append("\udcff.dvc")


def index(bench, below="", **environ):
    return Index(bench.root / below, {**os.environ, **environ}, patience=0.3)


def found(*paths, unreadable=()):
    return FoundPointers(paths=paths, unreadable=unreadable)


def test_tracked_files_are_found_at_and_below_paths(git_repo):
    for path in ("a", "d/b", "d/e/c", "untracked"):
        git_repo.write(path)
    git_repo.git("add", "a", "d")
    (git_repo.root / "d" / "b").unlink()
    assert index(git_repo).tracked(["a", "d"]) == ["a", "d/b", "d/e/c"]
    assert index(git_repo).tracked(["d/e/", "untracked", "gone"]) == ["d/e/c"]
    assert index(git_repo).tracked(["."]) == ["a", "d/b", "d/e/c"]
    assert index(git_repo).tracked([]) == []


def test_tracked_files_among_many_paths_are_the_same_as_among_few(git_repo):
    for path in ("a", "d/b", "d/e/c", "dd/x"):
        git_repo.write(path)
    git_repo.commit()
    many = [f"no{number}" for number in range(100)]
    assert index(git_repo).tracked([*many, "a", "d"]) == ["a", "d/b", "d/e/c"]
    assert index(git_repo).tracked([*many, "d/e/"]) == ["d/e/c"]
    assert index(git_repo).tracked([*many, "."]) == ["a", "d/b", "d/e/c", "dd/x"]


def test_a_path_is_never_taken_for_a_pattern(git_repo):
    git_repo.write("ab")
    git_repo.write("[a]b")
    git_repo.git("add", "ab")
    assert index(git_repo).tracked(["[a]b", "*", ":(top)ab", ":/"]) == []
    environ = {"GIT_GLOB_PATHSPECS": "1"}
    assert index(git_repo, **environ).tracked(["*"]) == []


def test_an_unmerged_file_is_tracked_once(conflict):
    assert index(conflict).tracked(["x.dvc"]) == ["x.dvc"]
    assert index(conflict).tracked(["x.dvc", *map(str, range(100))]) == ["x.dvc"]


def test_what_git_ignores_is_told_from_what_it_tracks_all_the_same(git_repo):
    git_repo.write(".gitignore", "/data\n*.csv\n/[x]\n")
    for path in ("kept.csv", "a.csv", "data/b", "c", "[x]", "x", "held/kept.csv"):
        git_repo.write(path)
    git_repo.git("add", "-f", "kept.csv", "held/kept.csv")
    asked = ["kept.csv", "a.csv", "data", "data/b", "c", "gone.csv", "x"]
    assert index(git_repo).ignored(asked) == {"a.csv", "data", "data/b", "gone.csv", "x"}
    assert index(git_repo).ignored([]) == set()


def test_a_folder_that_git_tracks_something_in_is_not_ignored(git_repo):
    git_repo.write(".gitignore", "/data/\n")
    git_repo.write("data/kept")
    git_repo.write("data/other")
    git_repo.git("add", "-f", "data/kept")
    assert index(git_repo).ignored(["data", "data/", "data/other"]) == {"data/other"}


def test_a_name_with_brackets_is_ignored_although_it_would_match_a_tracked_file(git_repo):
    git_repo.write(".gitignore", "\\[a].dvc\n:x\n")
    git_repo.write("a.dvc")
    git_repo.commit()
    assert index(git_repo).ignored(["[a].dvc", ":x", "a.dvc"]) == {"[a].dvc", ":x"}


def test_a_folder_that_does_not_exist_is_known_by_its_slash(git_repo):
    git_repo.write(".gitignore", "/data/\n")
    assert index(git_repo).ignored(["data", "data/", "data/x"]) == {"data/", "data/x"}


def test_a_path_behind_a_symbolic_link_is_refused_in_gits_words(git_repo, tmp_path):
    (git_repo.root / "link").symlink_to(tmp_path)
    with pytest.raises(GitError, match="beyond a symbolic link"):
        index(git_repo).ignored(["link/x"])


def test_pointers_are_found_tracked_or_new_but_not_ignored_or_deleted(git_repo):
    for path in ("a.dvc", "d/b.dvc", "d/gone.dvc", "d/c.txt", ".dvc"):
        git_repo.write(path)
    git_repo.commit()
    (git_repo.root / "d" / "gone.dvc").unlink()
    git_repo.write(".gitignore", "ignored.dvc\n/out\n")
    for path in ("new.dvc", "deep/er/new.dvc", "ignored.dvc", "out/in.dvc", "folder.dvc/x"):
        git_repo.write(path)
    assert index(git_repo).find_pointers() == found(
        "a.dvc", "d/b.dvc", "deep/er/new.dvc", "new.dvc"
    )


def test_a_tracked_pointer_is_found_although_a_rule_would_ignore_it(git_repo):
    git_repo.write(".gitignore", "/d/\n")
    git_repo.write("d/x.dvc")
    git_repo.git("add", "-f", "d/x.dvc")
    assert index(git_repo).find_pointers() == found("d/x.dvc")


def test_an_unmerged_pointer_is_found_once(conflict):
    assert index(conflict).find_pointers() == found("x.dvc")


def test_pointers_of_repositories_inside_this_one_are_not_found(git_repo, tmp_path):
    git_repo.git("clone", "-q", ".", tmp_path / "library")
    git_repo.git("submodule", "--quiet", "add", tmp_path / "library", "sub.dvc")
    git_repo.git("clone", "-q", tmp_path / "library", "nested")
    for path in ("sub.dvc/x.dvc", "nested/x.dvc", "x.dvc"):
        git_repo.write(path)
    assert index(git_repo).find_pointers() == found("x.dvc")


def test_a_pointer_that_lies_behind_a_link_by_now_is_deleted_as_git_sees_it(git_repo):
    git_repo.write("d/x.dvc")
    git_repo.commit()
    (git_repo.root / "d").rename(git_repo.root / "e")
    (git_repo.root / "d").symlink_to("e")
    assert index(git_repo).find_pointers() == found("e/x.dvc")


def test_pointers_of_a_root_below_the_top_are_relative_to_it(git_repo):
    for path in ("a.dvc", "sub/b.dvc", "sub/d/c.dvc"):
        git_repo.write(path)
    git_repo.git("add", "sub/b.dvc")
    assert index(git_repo, "sub").find_pointers() == found("b.dvc", "d/c.dvc")
    assert index(git_repo, "sub").tracked(["b.dvc", "d"]) == ["b.dvc"]
    git_repo.write(".gitignore", "/sub/d\n")
    assert index(git_repo, "sub").ignored(["d", "b.dvc"]) == {"d"}


def test_odd_names_survive_every_way(git_repo):
    for name in ODD:
        git_repo.write(name)
    assert index(git_repo).find_pointers() == found(*sorted(ODD))
    index(git_repo).stage(ODD)
    assert sorted(index(git_repo).tracked(ODD)) == sorted(ODD)
    index(git_repo).untrack(ODD[1:])
    assert index(git_repo).tracked(ODD) == ODD[:1]
    git_repo.write(".gitignore", "*.dvc\n")
    assert index(git_repo).ignored(ODD) == set(ODD[1:])


def test_other_names_can_be_asked_for(git_repo):
    for path in ("dvc.yaml", "d/dvc.lock", "xdvc.yaml"):
        git_repo.write(path)
    names = ("dvc.yaml", "dvc.lock")
    assert index(git_repo).find_pointers(names) == found("d/dvc.lock", "dvc.yaml")


@pytest.mark.skipif(os.name == "nt", reason="needs permission bits")
def test_a_folder_that_cannot_be_read_is_named(git_repo, unprivileged):
    git_repo.write("x.dvc")
    git_repo.write("d e/x.dvc")
    (git_repo.root / "d e").chmod(0)
    try:
        assert index(git_repo, **unprivileged).find_pointers() == found(
            "x.dvc", unreadable=("d e",)
        )
    finally:
        (git_repo.root / "d e").chmod(0o755)


def test_pointers_that_git_ignores_are_told(git_repo):
    git_repo.write(".gitignore", "/data\nx.dvc\n")
    for path in ("data/a.dvc", "x.dvc", "y.dvc", "d/x.dvc", "data/b"):
        git_repo.write(path)
    git_repo.git("add", "-f", "d/x.dvc")
    assert index(git_repo).ignored_pointers() == ["data/a.dvc", "x.dvc"]


def test_files_are_staged_as_they_are_and_no_others(git_repo):
    for path in ("a.dvc", "b.dvc", "sub/.gitignore", "sub/data"):
        git_repo.write(path)
    index(git_repo).stage(["a.dvc", "sub/.gitignore"])
    index(git_repo, "sub").stage([])
    assert git_repo.git("diff", "--cached", "--name-only").split() == ["a.dvc", "sub/.gitignore"]


def test_a_folder_is_never_staged(git_repo):
    git_repo.write("data/x")
    with pytest.raises(ValueError, match="data is a folder"):
        index(git_repo).stage(["data"])
    assert git_repo.git("diff", "--cached", "--name-only") == ""


def test_an_ignored_file_is_not_staged_and_git_says_why(git_repo):
    git_repo.write(".gitignore", "*.dvc\n")
    git_repo.write("a.dvc")
    with pytest.raises(GitError, match=r"ignored by one of your \.gitignore files"):
        index(git_repo).stage(["a.dvc"])
    assert git_repo.git("diff", "--cached", "--name-only") == ""


def test_a_file_is_untracked_whatever_its_state_and_stays_in_place(git_repo):
    for path in ("a.dvc", "sub/b.dvc"):
        git_repo.write(path)
    git_repo.commit()
    git_repo.write("a.dvc", "staged\n")
    git_repo.git("add", "a.dvc")
    git_repo.write("a.dvc", "changed\n")
    (git_repo.root / "sub" / "b.dvc").unlink()
    index(git_repo).untrack(["a.dvc", "never.dvc"])
    index(git_repo, "sub").untrack(["b.dvc"])
    assert git_repo.git("ls-files") == ""
    assert git_repo.read("a.dvc") == b"changed\n"


def test_an_index_that_another_git_holds_is_waited_for(git_repo):
    git_repo.write("a.dvc")
    lock = git_repo.write(".git/index.lock", "")
    release = threading.Timer(0.5, lock.unlink)
    release.start()
    Index(git_repo.root, os.environ, patience=30).stage(["a.dvc"])
    release.join()
    assert git_repo.git("ls-files") == "a.dvc\n"


def test_an_index_that_stays_locked_is_an_error_that_names_the_lock(git_repo):
    git_repo.write("a.dvc")
    git_repo.write(".git/index.lock", "")
    begin = time.monotonic()
    with pytest.raises(GitError, match=r"index\.lock") as caught:
        index(git_repo).stage(["a.dvc"])
    assert time.monotonic() - begin >= 0.3
    assert "remove that file" in caught.value.hint


def test_a_root_in_no_repository_is_an_error(tmp_path):
    with pytest.raises(GitError, match="not in a git repository"):
        Index(tmp_path, os.environ)


def test_a_hook_stages_into_the_index_that_git_is_about_to_commit(git_repo, monkeypatch):
    git_repo.write("sub/a.dvc")
    git_repo.write("sub/b.txt")
    git_repo.git("add", "sub/b.txt")
    git_repo.git("read-tree", "--index-output=.git/next-index", "HEAD")
    monkeypatch.chdir(git_repo.root)
    hook = {"GIT_DIR": ".git", "GIT_INDEX_FILE": ".git/next-index"}
    index(git_repo, "sub", **hook).stage(["a.dvc"])
    assert index(git_repo, "sub", **hook).tracked(["."]) == ["a.dvc"]
    assert index(git_repo, "sub").tracked(["."]) == ["b.txt"]


def test_a_bare_repository_with_a_work_tree_elsewhere_is_staged_into(git_repo, tmp_path):
    git_repo.git("clone", "-q", "--bare", ".", tmp_path / "dotfiles.git")
    work = tmp_path / "home" / "project"
    work.mkdir(parents=True)
    (work / "a.dvc").write_text("x")
    environ = {
        **os.environ,
        "GIT_DIR": str(tmp_path / "dotfiles.git"),
        "GIT_WORK_TREE": str(tmp_path / "home"),
    }
    held = Index(work, environ)
    assert held.find_pointers() == found("a.dvc")
    held.stage(["a.dvc"])
    assert held.tracked(["a.dvc"]) == ["a.dvc"]
    staged = git_repo.git(f"--git-dir={tmp_path / 'dotfiles.git'}", "ls-files", "--cached")
    assert staged == "project/a.dvc\n"


def test_a_linked_worktree_has_an_index_of_its_own(git_repo, tmp_path):
    git_repo.git("worktree", "add", "-q", tmp_path / "linked")
    (tmp_path / "linked" / "a.dvc").write_text("x")
    Index(tmp_path / "linked", os.environ).stage(["a.dvc"])
    assert Index(tmp_path / "linked", os.environ).tracked(["a.dvc"]) == ["a.dvc"]
    assert index(git_repo).tracked(["a.dvc"]) == []


def test_reading_runs_no_file_system_monitor(git_repo, tmp_path):
    monitor = tmp_path / "monitor"
    monitor.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    monitor.chmod(0o755)
    git_repo.git("config", "core.fsmonitor", monitor)
    git_repo.write("a.dvc")
    index(git_repo).find_pointers()
    index(git_repo).ignored_pointers()
    assert not (tmp_path / "ran").exists()
    git_repo.git("status")
    assert (tmp_path / "ran").exists()


@pytest.fixture
def conflict(git_repo):
    """A merge that stopped because both sides changed x.dvc."""
    git_repo.write("x.dvc", "base\n")
    git_repo.commit()
    git_repo.git("checkout", "-q", "-b", "other")
    git_repo.write("x.dvc", "theirs\n")
    git_repo.commit()
    git_repo.git("checkout", "-q", "-")
    git_repo.write("x.dvc", "ours\n")
    git_repo.commit()
    with pytest.raises(AssertionError):
        git_repo.git("merge", "other")
    return git_repo


@pytest.fixture
def unprivileged(tmp_path):
    """Variables with which git runs under permission bits, as it does for anyone but root."""
    if os.geteuid() != 0:
        return {}
    plain = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    if not shutil.which("setpriv") or subprocess.run([*plain, "true"], check=False).returncode:
        pytest.skip("root here cannot give up reading everything")
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nexec {" ".join(plain)} {shutil.which("git")} "$@"\n')
    wrapper.chmod(0o755)
    return {"PATH": f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}"}
