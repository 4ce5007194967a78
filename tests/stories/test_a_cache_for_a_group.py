"""A cache that the members of a group share."""

import os
import shutil
import stat
import sys

import pytest

from dvclite.cache.cache import Cache
from dvclite.formats.native import native
from dvclite.hashing import BLAKE3, Oid

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")


@pytest.fixture
def careful():
    """A user whose files nobody else may read, unless that is asked for."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def modes(root):
    """Return by kind of place which permissions are found there."""
    found = {}
    for path in sorted(root.rglob("*")):
        top = "folder" if path.is_dir() else path.relative_to(root).parts[0]
        found.setdefault(top, set()).add(stat.S_IMODE(path.stat().st_mode))
    return found


def test_others_may_read_what_is_in_it_whatever_the_umask_says(repo, tmp_path, careful):
    cache = tmp_path / "cache"
    repo.invoke("cache", "dir", cache)
    repo.invoke("config", "cache.shared", "group")
    repo.invoke("remote", "add", "-d", "store", tmp_path / "store")
    repo.write("images/small", "small")
    repo.write("images/large", b"large" * 500_000)

    assert repo.invoke("add", "images").exit_code == 0
    assert modes(cache) == {
        "folder": {0o2775},
        "files": {0o444},
        "packs": {0o444},
        "projects": {0o644},
    }


def test_others_may_read_what_a_running_command_relies_on(tmp_path, careful):
    cache = Cache(tmp_path, native(BLAKE3), tmp_path / "packs.db", shared=True)

    with cache.lease() as lease:
        lease.rely_on([Oid("0" * 64)])

        assert modes(tmp_path) == {"folder": {0o2775}, "leases": {0o644}}


def test_what_was_fetched_into_it_may_be_read_by_others(repo, tmp_path, careful):
    repo.invoke("config", "cache.shared", "group")
    repo.invoke("remote", "add", "-d", "store", tmp_path / "store")
    repo.write("data/small", "small")
    repo.write("data/large", b"large" * 500_000)
    repo.invoke("add", "data")
    repo.invoke("push")
    shutil.rmtree(repo.root / ".dvclite/cache")

    assert repo.invoke("fetch").exit_code == 0

    assert modes(repo.root / ".dvclite/cache") == {
        "folder": {0o2775},
        "files": {0o444},
        "packs": {0o444},
        "tmp": {0o600},  # the lock on what one user puts together
    }


def test_trying_whether_it_can_be_cloned_from_keeps_nobody_out(tmp_path, careful):
    cache = Cache(tmp_path / "cache", native(BLAKE3), tmp_path / "packs.db", shared=True)

    cache.can_clone_to(str(tmp_path / "clone"))

    assert modes(cache.root) == {"folder": {0o2775}}
