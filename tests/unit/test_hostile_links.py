"""Links that come with a clone lead no command outside of it."""

import os
import subprocess

import pytest

from dvclite.errors import DvcliteError, FileAccessError, RepoError
from dvclite.repo.repo import Repo

if os.name == "nt":
    pytest.skip("links need privileges on Windows", allow_module_level=True)


@pytest.fixture
def outside(tmp_path):
    """A folder of the user's with a file that nothing may read into the repository or change."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_bytes(b"secret\n")
    return folder


@pytest.fixture
def root(tmp_path, outside):
    """A repository with data to add."""
    root = tmp_path / "repo"
    root.mkdir()
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    Repo.init(root)
    (root / "data").write_bytes(b"data")
    return root


def untouched(outside):
    return {name: (outside / name).read_bytes() for name in os.listdir(outside)} == {
        "secret": b"secret\n"
    }


def everything_in(root):
    found = b""
    for place, _, names in os.walk(root):
        for name in names:
            path = os.path.join(place, name)
            if not os.path.islink(path):
                with open(path, "rb") as stream:
                    found += stream.read()
    return found


def test_an_ignore_file_that_is_a_link_is_neither_read_nor_written(root, outside):
    (root / ".gitignore").symlink_to(outside / "secret")

    with pytest.raises(FileAccessError, match="symbolic link"):
        Repo.open(root).add([root / "data"])

    assert untouched(outside)
    assert b"secret" not in everything_in(root)


@pytest.mark.parametrize("target", ["secret", "new"])
def test_a_pointer_that_is_a_link_is_not_written_through(root, outside, target):
    (root / "data.dvc").symlink_to(outside / target)

    try:
        Repo.open(root).add([root / "data"], force=True)
    except DvcliteError:
        pass
    else:
        assert not (root / "data.dvc").is_symlink()

    assert untouched(outside)
    assert b"secret" not in everything_in(root)


@pytest.mark.parametrize("name", ["", "tmp", "cache"])
def test_the_repositorys_own_folders_may_not_be_links(root, outside, name):
    own = root / ".dvclite" / name
    if own.exists():
        own.rename(root / "moved")
    own.parent.joinpath(own.name).symlink_to(outside)

    with pytest.raises(RepoError, match="symbolic link"):
        Repo.open(root).add([root / "data"])

    assert untouched(outside)


@pytest.mark.parametrize("place", ["data", "folder"])
def test_data_behind_a_link_is_not_read(root, outside, place):
    (root / "folder").symlink_to(outside)
    (root / "data").unlink()
    (root / "data").symlink_to(outside / "secret")

    with pytest.raises(DvcliteError):
        Repo.open(root).add([root / "data" if place == "data" else root / "folder/secret"])

    assert untouched(outside)
    assert b"secret" not in everything_in(root)
