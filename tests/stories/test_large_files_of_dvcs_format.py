"""A large file in DVC's format, from one clone to another: its MD5 is computed once in each."""

import os
import shutil

import pytest

from dvclite.formats import dvc
from dvclite.hashing import MD5

MIB = 1 << 20
DATABASE = ".dvc/tmp/dvclite/fingerprints/blake3.db"


@pytest.fixture
def repo(git_repo):
    """A repository as DVC makes it, with a remote and a large file, pushed."""
    git_repo.invoke("init", "--dvc")
    git_repo.invoke("remote", "add", "-d", "store", git_repo.root.parent / "remote")
    (git_repo.root / "model").write_bytes(os.urandom(40 * MIB))
    assert git_repo.invoke("add", "model").exit_code == 0
    assert git_repo.invoke("push").exit_code == 0
    git_repo.commit("model")
    return git_repo


@pytest.fixture
def hashed():
    """The sizes of what was hashed with MD5, in bytes."""
    sizes = []

    class Counted:
        def __init__(self):
            self._hasher, self._number = MD5.new(), len(sizes)
            self.hexdigest = self._hasher.hexdigest
            sizes.append(0)

        def update(self, data):
            sizes[self._number] += len(data)
            self._hasher.update(data)

    object.__setattr__(dvc.ALGORITHM, "new", Counted)
    yield sizes
    object.__setattr__(dvc.ALGORITHM, "new", MD5.new)


def blob(repo):
    (path,) = repo.root.glob(".dvc/cache/files/md5/*/*")
    return path


def test_what_was_added_is_pushed_and_checked_out_without_its_md5(repo, hashed):
    (repo.root / "model").unlink()
    shutil.rmtree(repo.root.parent / "remote")
    for command in ("checkout", "push"):
        assert repo.invoke(command).exit_code == 0

    assert sum(hashed) < MIB
    assert (repo.root / "model").read_bytes() == blob(repo).read_bytes()


def test_what_was_fetched_is_checked_out_without_its_md5(repo, hashed):
    whole = (repo.root / "model").read_bytes()
    for path in (".dvc/cache", ".dvc/tmp"):
        shutil.rmtree(repo.root / path)
    (repo.root / "model").unlink()

    assert repo.invoke("pull").exit_code == 0
    assert 40 * MIB <= sum(hashed) < 41 * MIB
    assert (repo.root / "model").read_bytes() == whole


@pytest.mark.parametrize("forget", [True, False])
def test_damage_is_found_whether_or_not_it_is_remembered_what_was_there(repo, forget):
    if forget:
        (repo.root / DATABASE).unlink()
    shutil.rmtree(repo.root.parent / "remote")
    whole = (repo.root / "model").read_bytes()
    (repo.root / "model").unlink()
    path = blob(repo)
    path.chmod(0o644)
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    path.chmod(0o444)

    assert repo.invoke("push").exit_code != 0
    assert repo.invoke("checkout").exit_code != 0
    assert not (repo.root / "model").exists()
    assert not [one for one in (repo.root.parent / "remote").rglob("*") if one.is_file()]
    assert not path.exists()


@pytest.mark.parametrize(
    "command",
    [("status",), ("status", "-c"), ("push", "--dry"), ("fetch", "--dry"), ("fsck", "--data")],
    ids=" ".join,
)
def test_a_command_that_looks_remembers_nothing(repo, command):
    shutil.rmtree((repo.root / DATABASE).parent)
    assert repo.invoke(*command).exit_code == 0
    assert not (repo.root / DATABASE).parent.exists()


def test_what_is_remembered_does_not_keep_fsck_from_looking_for_itself(repo, hashed):
    assert repo.invoke("fsck", "--data").exit_code == 0
    assert sum(hashed) >= 40 * MIB
