"""What a hint tells to type works where the user stands."""

import re
import subprocess

import pytest

from dvclite.errors import BlobMissingError, Hint, IncompleteError, PointerError, TransferError


def command_in(hint):
    """Return the first command that a hint tells to type."""
    return re.search("`([^`]*)`", hint)[1]


@pytest.fixture
def folder(repo):
    """A folder of a repository in which somebody works, with a space in its name."""
    (repo.root / "my work").mkdir()
    return "my work"


def test_what_git_holds_can_be_untracked_from_there(repo, folder):
    repo.write(f"{folder}/big data.csv", "1,2\n")
    repo.commit()
    refused = repo.invoke("add", "big data.csv", cwd=folder)
    command = command_in(refused.stderr)
    subprocess.run(command, shell=True, check=True, cwd=repo.root / folder)

    assert command == "git rm -r --cached -- 'big data.csv'"
    repo.git("commit", "--quiet", "--message", "Untrack")
    assert repo.invoke("add", "big data.csv", cwd=folder).exit_code == 0


def test_a_broken_pointer_elsewhere_can_be_restored_from_there(repo, folder):
    repo.write("data.csv", "1\n")
    assert repo.invoke("add", "data.csv").exit_code == 0
    repo.commit()
    repo.write("data.csv.dvc", "outs: [")
    refused = repo.invoke("status", cwd=folder)
    command = command_in(refused.stderr)
    subprocess.run(command, shell=True, check=True, cwd=repo.root / folder)

    assert command == "git checkout -- ../data.csv.dvc"
    assert repo.invoke("status", cwd=folder).exit_code == 0


def test_an_output_that_is_in_the_way_can_be_removed_from_there(repo, folder):
    repo.write(f"{folder}/images/a.png", "a")
    assert repo.invoke("add", "images", cwd=folder).exit_code == 0
    refused = repo.invoke("add", ".", cwd=folder)

    assert refused.exit_code != 0
    assert command_in(refused.stderr) == "dvclite remove images.dvc"


def test_hints_of_several_errors_keep_their_paths():
    pointer = PointerError("a/b {}.dvc", "it is broken")
    missing = IncompleteError([], [], None, unusable=[pointer, BlobMissingError(["x"])])
    failed = TransferError("pushed", 0, [("a", pointer)])

    for error in (missing, failed):
        assert isinstance(error.hint, Hint)
        assert "`git checkout -- a/b {}.dvc`" in error.hint
        assert "`git checkout -- <a/b {}.dvc>`" in error.hint.spelled(lambda path: f"<{path}>")


def test_what_is_no_path_stays_as_it_is():
    joined = Hint.joined("; ", ["use {braces}", Hint("see `ls {}`", "a")])

    assert joined == "use {braces}; see `ls a`"
    assert joined.spelled(str.upper) == "use {braces}; see `ls A`"
