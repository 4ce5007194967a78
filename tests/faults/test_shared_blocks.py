"""Copies that share their blocks with the cache, on file systems that can do it."""

import os
import random
import re
import shutil
import subprocess

import pytest
from images import BTRFS, EXT4, XFS, mounted, why_not
from invariants import check_names

from dvclite.repo.repo import Repo

SMALL, BIG = 20_000, 9 << 20

BLOCKS = re.compile(r"^ +\d+: +\d+\.\. +\d+: +(\d+)\.\. +(\d+):", re.MULTILINE)
"""An extent in a report of `filefrag`: its first block on the disk, and its last."""


@pytest.fixture
def image(request, scratch):
    if reason := why_not(request.param):
        pytest.skip(reason)
    if shutil.which("filefrag") is None:
        pytest.skip("there is no filefrag")
    with mounted(scratch, request.param) as image:
        yield image


@pytest.fixture
def desk(image, cli):
    """A repository on the image, with its cache, and with files that are not added yet."""
    return Desk(image, cli)


class Desk:
    """A repository with its cache, and two files in it.

    Attributes:
        root: Where it is.
        cache: Where its cache is.
        model: An output that is a large file.
        small: A small file in an output that is a directory.
    """

    def __init__(self, image, cli):
        self.image = image
        self._cli = cli
        self.root = image.place / "repo"
        self.cache = self.root / ".dvclite/cache"
        self.model, self.small = self.root / "model", self.root / "data/small"
        self.small.parent.mkdir(parents=True)
        Repo.init(self.root, scm=False)
        self.type("config", "cache.largest_packed", "0")
        noise = random.Random(5)
        self.model.write_bytes(noise.randbytes(BIG))
        self.small.write_bytes(noise.randbytes(SMALL))
        image.flush()

    def type(self, *words):
        done = self._cli(*words, cwd=self.root)
        assert done.exit_code == 0, done.stderr
        return done.stdout

    def add(self):
        self.type("add", "model", "data")

    def checkout_afresh(self):
        self.model.unlink()
        self.small.unlink()
        self.type("checkout")

    def blob(self, path):
        """Return the blob with the content of a file."""
        content = path.read_bytes()
        (found,) = [
            blob
            for blob in self.cache.glob("files/*/*/*")
            if blob.stat().st_size == len(content) and blob.read_bytes() == content
        ]
        return found

    def is_clean(self):
        return self._cli("status", "--quiet", cwd=self.root).exit_code == 0


def blocks(path):
    """Return where on the disk the blocks of a file are."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
    report = subprocess.run(
        ["filefrag", "-v", path], check=True, capture_output=True, encoding="utf-8"
    ).stdout
    found = {
        block
        for first, last in BLOCKS.findall(report)
        for block in range(int(first), int(last) + 1)
    }
    assert len(found) >= path.stat().st_size // 4096, report
    return found


def is_copy(path, blob):
    return (
        not path.is_symlink() and not path.samefile(blob) and os.stat(path).st_mode & 0o200 == 0o200
    )


on_both = pytest.mark.parametrize("image", [BTRFS, XFS], ids=str, indirect=True)


@on_both
def test_a_large_file_is_added_without_another_copy_of_its_bytes(desk):
    before = desk.image.free()

    desk.add()

    desk.image.flush()
    assert blocks(desk.model) == blocks(desk.blob(desk.model))
    assert before - desk.image.free() < BIG // 4
    assert is_copy(desk.model, desk.blob(desk.model))


@on_both
def test_what_is_checked_out_shares_its_blocks_with_the_cache(desk):
    desk.add()
    desk.image.flush()
    before = desk.image.free()

    desk.checkout_afresh()

    desk.image.flush()
    for path in (desk.model, desk.small):
        assert blocks(path) == blocks(desk.blob(path))
        assert is_copy(path, desk.blob(path))
    assert before - desk.image.free() < BIG // 4
    assert desk.is_clean()


@on_both
def test_an_edit_of_such_a_copy_reaches_nothing_else(desk):
    desk.add()
    desk.checkout_afresh()
    original = desk.model.read_bytes()
    blob = desk.blob(desk.model)

    with open(desk.model, "r+b") as file:
        file.seek(BIG // 2)
        file.write(b"edited")

    assert "model" in desk.type("status")
    assert blob.read_bytes() == original
    shared = blocks(desk.model) & blocks(blob)
    assert 0 < len(shared) < BIG // 4096
    desk.type("checkout", "--force")
    assert desk.model.read_bytes() == original
    check_names(desk.cache)


@on_both
def test_a_remote_on_the_same_disk_shares_blocks_too(desk):
    remote = desk.image.place / "remote"
    desk.add()
    desk.type("remote", "add", "--default", "store", remote)
    desk.type("config", "remote.store.layout", "loose")
    desk.type("push")
    (pushed,) = [path for path in remote.glob("files/*/*/*") if path.stat().st_size == BIG]
    assert blocks(pushed) == blocks(desk.model)
    shutil.rmtree(desk.cache)
    desk.model.unlink()

    desk.type("pull")

    assert blocks(pushed) == blocks(desk.blob(desk.model)) == blocks(desk.model)


@on_both
@pytest.mark.parametrize("first", ["hardlink", "symlink"])
def test_links_can_be_preferred_and_are_protected_and_undone(desk, first):
    desk.type("config", "cache.type", f"{first},reflink,copy")

    desk.add()
    desk.checkout_afresh()

    for path in (desk.model, desk.small):
        blob = desk.blob(path)
        assert path.is_symlink() == (first == "symlink")
        assert path.samefile(blob)
        assert not os.stat(path).st_mode & 0o222
    assert desk.is_clean()

    desk.type("unprotect", "model", "data")

    for path in (desk.model, desk.small):
        assert is_copy(path, desk.blob(path))
        assert blocks(path) == blocks(desk.blob(path))
    assert desk.is_clean()


@on_both
def test_a_copy_can_be_preferred(desk):
    desk.type("config", "cache.type", "copy,reflink")
    desk.add()

    desk.checkout_afresh()

    for path in (desk.model, desk.small):
        assert is_copy(path, desk.blob(path))
        assert not blocks(path) & blocks(desk.blob(path))


@on_both
@pytest.mark.parametrize("second", ["hardlink", "symlink", "copy"])
def test_between_two_disks_the_next_kind_that_works_is_taken(desk, second, tmp_path, scratch):
    desk.cache = tmp_path / "cache"
    desk.type("cache", "dir", desk.cache)
    desk.type("config", "cache.type", f"reflink,{second}")
    desk.add()

    desk.checkout_afresh()

    for path in (desk.model, desk.small):
        blob = desk.blob(path)
        assert path.is_symlink() == (second == "symlink")
        assert is_copy(path, blob) != (second == "symlink")
    assert desk.is_clean()


@pytest.mark.parametrize("image", [EXT4], ids=str, indirect=True)
def test_without_shared_blocks_the_next_kind_is_taken(desk):
    desk.type("config", "cache.type", "reflink,hardlink")
    desk.add()

    desk.checkout_afresh()

    for path in (desk.model, desk.small):
        assert path.samefile(desk.blob(path))
        assert not os.stat(path).st_mode & 0o222
    assert desk.is_clean()
