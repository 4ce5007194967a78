import os
import subprocess

import pytest

from dvclite.errors import GitError
from dvclite.git.location import find_place, find_top, main_worktree, worktrees


def real(path):
    return type(path)(os.path.realpath(path))


def test_the_top_is_found_from_any_folder_below_it_and_from_paths_that_do_not_exist(git_repo):
    git_repo.write("a/b/file")
    for inner in ("", "a", "a/b", "a/b/file", "a/gone/deeper"):
        assert find_top(git_repo.root / inner, os.environ) == real(git_repo.root)


def test_a_folder_in_no_repository_has_no_top(tmp_path):
    assert find_top(tmp_path, os.environ) is None
    with pytest.raises(GitError, match="not in a git repository"):
        find_place(tmp_path, os.environ)


def test_the_top_is_found_without_starting_git(git_repo, tmp_path):
    environ = {"PATH": str(tmp_path)}
    assert find_top(git_repo.root, environ) == real(git_repo.root)


def test_a_folder_called_dot_git_that_is_no_repository_is_passed_over_as_git_does(git_repo):
    (git_repo.root / "a" / ".git").mkdir(parents=True)
    assert find_top(git_repo.root / "a", os.environ) == real(git_repo.root)
    assert git_repo.git("rev-parse", "--show-prefix", cwd="a") == "a/\n"


def test_links_on_the_way_are_resolved_as_git_does(git_repo, tmp_path):
    git_repo.write("a/file")
    (tmp_path / "link").symlink_to(git_repo.root / "a")
    assert find_top(tmp_path / "link", os.environ) == real(git_repo.root)


def test_a_linked_worktree_is_a_top_and_leads_to_the_main_one(git_repo, tmp_path):
    git_repo.git("worktree", "add", "-q", tmp_path / "linked")
    assert find_top(tmp_path / "linked", os.environ) == real(tmp_path / "linked")
    assert main_worktree(tmp_path / "linked", os.environ) == real(git_repo.root)
    assert main_worktree(git_repo.root, os.environ) is None
    place = find_place(tmp_path / "linked", os.environ)
    assert place.git_dir == real(git_repo.root / ".git" / "worktrees" / "linked")
    assert place.common_dir == real(git_repo.root / ".git")


@pytest.mark.parametrize("folder", ["bare.git", "project/.git"])
def test_a_worktree_of_a_bare_repository_has_no_main_one(git_repo, tmp_path, folder):
    git_repo.git("clone", "-q", "--bare", ".", tmp_path / folder)
    git_repo.git(f"--git-dir={tmp_path / folder}", "worktree", "add", "-q", tmp_path / "linked")
    assert find_top(tmp_path / "linked", os.environ) == real(tmp_path / "linked")
    assert main_worktree(tmp_path / "linked", os.environ) is None


def test_a_main_worktree_is_found_past_the_variables_that_a_hook_sets(git_repo, tmp_path):
    linked = tmp_path / "linked"
    git_repo.git("worktree", "add", "-q", linked)
    hook = {
        **os.environ,
        "GIT_DIR": str(git_repo.root / ".git" / "worktrees" / "linked"),
        "GIT_WORK_TREE": str(linked),
    }
    assert main_worktree(linked, hook) == real(git_repo.root)
    assert worktrees(linked, hook) == [real(linked), real(git_repo.root)]


def test_a_repository_whose_folder_lies_apart_has_no_main_worktree_to_be_found(tmp_path, git_repo):
    git_repo.git("clone", "-q", "--separate-git-dir", tmp_path / "apart", ".", tmp_path / "work")
    assert find_top(tmp_path / "work", os.environ) == real(tmp_path / "work")
    git_repo.git("worktree", "add", "-q", tmp_path / "linked", cwd=tmp_path / "work")
    assert main_worktree(tmp_path / "linked", os.environ) is None


@pytest.fixture
def submodule(git_repo, tmp_path):
    git_repo.git("clone", "-q", ".", tmp_path / "library")
    git_repo.git("submodule", "--quiet", "add", tmp_path / "library", "sub")
    git_repo.commit("Take in a library")
    return git_repo.root / "sub"


def test_a_submodule_is_a_top_of_its_own(submodule, git_repo):
    assert find_top(submodule, os.environ) == real(submodule)
    place = find_place(submodule, os.environ)
    assert place.git_dir == real(git_repo.root / ".git" / "modules" / "sub")
    assert main_worktree(submodule, os.environ) is None


def test_a_worktree_of_a_submodule_leads_to_the_submodule(submodule, git_repo, tmp_path):
    git_repo.git("worktree", "add", "-q", tmp_path / "linked", cwd="sub")
    assert main_worktree(tmp_path / "linked", os.environ) == real(submodule)


def test_a_link_that_leads_nowhere_is_an_error_that_says_how_to_mend_it(git_repo, tmp_path):
    git_repo.git("worktree", "add", "-q", tmp_path / "linked")
    git_repo.root.rename(tmp_path / "moved")
    with pytest.raises(GitError, match="is not a git repository") as caught:
        find_top(tmp_path / "linked", os.environ)
    assert "git worktree repair" in caught.value.hint


def test_a_dot_git_file_that_leads_nowhere_at_all_is_an_error(tmp_path):
    (tmp_path / ".git").write_text("whatever")
    with pytest.raises(GitError, match="neither a git repository nor leads to one"):
        find_top(tmp_path, os.environ)


def test_a_bare_repository_with_a_work_tree_elsewhere_counts_as_for_git(tmp_path, git_repo):
    git_repo.git("clone", "-q", "--bare", ".", tmp_path / "dotfiles.git")
    work = tmp_path / "work" / "below"
    work.mkdir(parents=True)
    environ = {
        **os.environ,
        "GIT_DIR": str(tmp_path / "dotfiles.git"),
        "GIT_WORK_TREE": str(tmp_path / "work"),
    }
    assert find_top(work, environ) == real(tmp_path / "work")
    assert find_top(git_repo.root, environ) is None
    place = find_place(work, environ)
    assert (place.git_dir, place.prefix) == (real(tmp_path / "dotfiles.git"), "below/")
    assert main_worktree(tmp_path / "work", environ) is None


def test_a_given_repository_that_is_bare_has_no_top(tmp_path, git_repo):
    git_repo.git("clone", "-q", "--bare", ".", tmp_path / "bare.git")
    assert find_top(tmp_path, {**os.environ, "GIT_DIR": str(tmp_path / "bare.git")}) is None


def test_a_work_tree_that_the_repository_itself_names_is_found(tmp_path, git_repo):
    (tmp_path / "work" / "below").mkdir(parents=True)
    git_repo.git("config", "core.worktree", tmp_path / "work")
    environ = {**os.environ, "GIT_DIR": str(git_repo.root / ".git")}
    assert find_top(tmp_path / "work" / "below", environ) == real(tmp_path / "work")


def test_in_a_hook_the_top_is_found_from_folders_below_it(git_repo, monkeypatch):
    git_repo.write("sub/file")
    environ = {**os.environ, "GIT_DIR": str(git_repo.root / ".git")}
    assert find_top(git_repo.root / "sub", environ) == real(git_repo.root)
    monkeypatch.chdir(git_repo.root)
    place = find_place(git_repo.root / "sub", {**os.environ, "GIT_DIR": ".git"})
    assert place.top == real(git_repo.root)
    assert place.environ["GIT_DIR"] == str(real(git_repo.root / ".git"))
    assert place.environ["GIT_WORK_TREE"] == str(real(git_repo.root))


def test_a_given_repository_may_be_the_file_that_leads_to_it(git_repo, tmp_path):
    git_repo.git("worktree", "add", "-q", tmp_path / "linked")
    environ = {**os.environ, "GIT_DIR": str(tmp_path / "linked" / ".git")}
    assert find_top(tmp_path / "linked", environ) == real(tmp_path / "linked")


def test_a_given_repository_that_is_none_is_an_error_and_not_searched_past(git_repo, monkeypatch):
    git_repo.write("sub/file")
    monkeypatch.chdir(git_repo.root / "sub")
    with pytest.raises(GitError, match=r"GIT_DIR is set to \.git") as caught:
        find_top(git_repo.root, {**os.environ, "GIT_DIR": ".git"})
    assert "unset GIT_DIR" in caught.value.hint


def test_a_work_tree_can_be_given_without_the_repository(git_repo):
    git_repo.write("sub/deep/file")
    environ = {**os.environ, "GIT_WORK_TREE": str(git_repo.root / "sub")}
    assert find_top(git_repo.root / "sub" / "deep", environ) == real(git_repo.root / "sub")
    assert find_place(git_repo.root / "sub" / "deep", environ).git_dir == real(
        git_repo.root / ".git"
    )


def test_a_work_tree_that_is_given_relative_to_here_is_not_relative_for_git(git_repo, monkeypatch):
    git_repo.write("sub/deep/file")
    monkeypatch.chdir(git_repo.root)
    place = find_place(git_repo.root / "sub" / "deep", {**os.environ, "GIT_WORK_TREE": "sub"})
    assert place.environ["GIT_WORK_TREE"] == str(real(git_repo.root / "sub"))


def test_every_worktree_is_found_from_every_other(git_repo, tmp_path):
    git_repo.write("sub/file")
    git_repo.commit()
    tops = [git_repo.root, tmp_path / "one", tmp_path / "two"]
    for top in tops[1:]:
        git_repo.git("worktree", "add", "-q", top)
    for below in ("", "sub"):
        folders = [real(top) / below for top in tops]
        for folder in folders:
            found = worktrees(folder, os.environ)
            assert found[0] == folder
            assert sorted(found) == sorted(folders)


def test_a_worktree_whose_record_is_relative_is_found(git_repo, tmp_path):
    git_repo.git("worktree", "add", "-q", tmp_path / "linked")
    record = git_repo.root / ".git" / "worktrees" / "linked" / "gitdir"
    record.write_text(os.path.relpath(tmp_path / "linked" / ".git", record.parent) + "\n")
    assert worktrees(git_repo.root, os.environ) == [real(git_repo.root), real(tmp_path / "linked")]


@pytest.mark.parametrize("way", ["bare", "apart"])
def test_a_repository_without_a_main_worktree_to_be_found_has_the_linked_ones(
    git_repo, tmp_path, way
):
    if way == "bare":
        git_repo.git("clone", "-q", "--bare", ".", tmp_path / "apart")
    else:
        git_repo.git("init", "-q", "--separate-git-dir", tmp_path / "apart")
    git_repo.git(f"--git-dir={tmp_path / 'apart'}", "worktree", "add", "-q", tmp_path / "linked")
    assert worktrees(tmp_path / "linked", os.environ) == [real(tmp_path / "linked")]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="needs to mount a file system")
def test_the_search_ends_at_the_border_of_a_file_system_as_gits_does(git_repo):
    inner = git_repo.root / "mounted"
    (inner / "deep").mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "none", inner], check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        (inner / "deep").mkdir()
        across = {**os.environ, "GIT_DISCOVERY_ACROSS_FILESYSTEM": "1"}
        for environ, expected in ((os.environ, None), (across, real(git_repo.root))):
            assert find_top(inner / "deep", environ) == expected
            done = subprocess.run(["git", "rev-parse"], cwd=inner / "deep", env=environ)
            assert (done.returncode == 0) == (expected is not None)
    finally:
        subprocess.run(["umount", inner], check=True)


def test_the_search_ends_where_git_is_told_to_end_it(git_repo):
    git_repo.write("a/b/file")
    environ = {**os.environ, "GIT_CEILING_DIRECTORIES": str(git_repo.root)}
    assert find_top(git_repo.root / "a" / "b", environ) is None
    assert find_top(git_repo.root, environ) == real(git_repo.root)
    done = subprocess.run(["git", "rev-parse"], cwd=git_repo.root / "a" / "b", env=environ)
    assert done.returncode != 0


@pytest.mark.parametrize(("inner", "prefix"), [("", ""), ("a", "a/"), ("a/b c", "a/b c/")])
def test_a_place_knows_what_paths_from_the_top_begin_with(git_repo, inner, prefix):
    (git_repo.root / inner).mkdir(parents=True, exist_ok=True)
    assert find_place(git_repo.root / inner, os.environ).prefix == prefix
