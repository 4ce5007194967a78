import os

import pytest

from dvclite.errors import GitError
from dvclite.git.index import Index
from dvclite.git.program import run
from dvclite.git.settings import config_value, hooks_folder


def test_a_machine_without_git_is_an_error_that_says_what_to_install(git_repo, tmp_path):
    held = Index(git_repo.root, {**os.environ, "PATH": str(tmp_path)})
    with pytest.raises(GitError, match="cannot run the git program") as caught:
        held.tracked(["x"])
    assert "install git" in caught.value.hint


def test_a_folder_that_is_gone_is_not_taken_for_a_missing_git(tmp_path):
    with pytest.raises(GitError, match=r"cannot run git in .*gone"):
        run(["version"], tmp_path / "gone", os.environ)


def test_a_refusal_carries_gits_own_words(git_repo):
    with pytest.raises(GitError) as caught:
        run(["--no-pager", "cat-file", "-t", "nowhere"], git_repo.root, os.environ)
    assert str(caught.value) == "git cat-file: Not a valid object name nowhere"


@pytest.fixture
def inherited(tmp_path):
    """What a run of git inherits: `inherited(NAME="value") -> {...}`."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text("#!/bin/sh\nenv\n")
    (tmp_path / "bin" / "git").chmod(0o755)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"

    def inherited(**environ):
        out = run(["status"], tmp_path, {**os.environ, **environ, "PATH": path}).out
        return dict(line.split("=", 1) for line in out.decode().splitlines() if "=" in line)

    return inherited


@pytest.mark.skipif(os.name == "nt", reason="puts a shell script in git's place")
def test_gits_words_do_not_depend_on_the_users_language(inherited):
    assert inherited(LC_ALL="de_DE.UTF-8", LANG="de_DE.UTF-8")["LC_ALL"] == "C"


@pytest.mark.skipif(os.name == "nt", reason="puts a shell script in git's place")
def test_reading_neither_writes_nor_goes_to_the_network(inherited):
    environ = inherited(GIT_OPTIONAL_LOCKS="1", GIT_NO_LAZY_FETCH="0", SSH_AUTH_SOCK="kept")
    assert environ["GIT_OPTIONAL_LOCKS"] == "0"
    assert environ["GIT_NO_LAZY_FETCH"] == "1"
    assert environ["SSH_AUTH_SOCK"] == "kept"


def test_a_repository_of_somebody_else_is_refused_with_the_command_that_trusts_it(git_repo):
    environ = {**os.environ, "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
    with pytest.raises(GitError, match="another user owns it") as caught:
        Index(git_repo.root, environ).find_pointers()
    assert f"git config --global --add safe.directory {git_repo.root}" in caught.value.hint


def test_a_setting_is_read_as_git_goes_by_it(git_repo, home):
    assert config_value(git_repo.root, "core.nothing", os.environ) is None
    git_repo.git("config", "--global", "some.key", "everywhere")
    assert config_value(git_repo.root, "some.key", os.environ) == "everywhere"
    git_repo.git("config", "some.key", " two\nlines ")
    assert config_value(git_repo.root, "some.key", os.environ) == " two\nlines "
    environ = {
        **os.environ,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "some.key",
        "GIT_CONFIG_VALUE_0": "here",
    }
    assert config_value(git_repo.root, "some.key", environ) == "here"


def test_a_broken_configuration_is_an_error(git_repo):
    git_repo.write(".git/config", "[core\n")
    with pytest.raises(GitError, match="bad config line 1"):
        config_value(git_repo.root, "core.bare", os.environ)


def test_hooks_are_where_git_looks_for_them(git_repo, tmp_path):
    git_repo.write("sub/file")
    hooks = git_repo.root / ".git" / "hooks"
    git_repo.git("worktree", "add", "-q", tmp_path / "linked")
    for root in (git_repo.root, git_repo.root / "sub", tmp_path / "linked"):
        assert hooks_folder(root, os.environ) == hooks
    hook = {**os.environ, "GIT_DIR": str(git_repo.root / ".git")}
    assert hooks_folder(git_repo.root / "sub", hook) == hooks


def test_hooks_of_a_submodule_are_its_own(git_repo, tmp_path):
    git_repo.git("clone", "-q", ".", tmp_path / "library")
    git_repo.git("submodule", "--quiet", "add", tmp_path / "library", "sub")
    expected = git_repo.root / ".git" / "modules" / "sub" / "hooks"
    assert hooks_folder(git_repo.root / "sub", os.environ) == expected


@pytest.mark.parametrize("below", ["", "sub"])
def test_hooks_that_are_set_elsewhere_count_from_the_top(git_repo, tmp_path, home, below):
    git_repo.write("sub/file")
    git_repo.git("config", "core.hooksPath", "own/hooks")
    assert hooks_folder(git_repo.root / below, os.environ) == git_repo.root / "own" / "hooks"
    git_repo.git("config", "core.hooksPath", tmp_path / "shared")
    assert hooks_folder(git_repo.root / below, os.environ) == tmp_path / "shared"
    git_repo.git("config", "core.hooksPath", "~/hooks")
    assert hooks_folder(git_repo.root / below, os.environ) == home / "hooks"
