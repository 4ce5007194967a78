"""Commands that only look change nothing, anywhere."""

import os

import pytest

from dvclite.pack.layout import Kind

COMMANDS = [
    ("status",),
    ("status", "--json"),
    ("status", "-c"),
    ("diff",),
    ("diff", "HEAD", "HEAD"),
    ("check-ignore", "data"),
    ("root",),
    ("cache", "dir"),
    ("config", "--list"),
    ("remote", "list"),
    ("push", "--dry"),
    ("fetch", "--dry"),
    ("gc", "--dry"),
    ("cache", "size", "-A"),
    ("fsck", "-A", "--data"),
    ("fsck", "--remote", "--data"),
    ("completion", "bash"),
]

LOOKING_AT_TREES = [
    ("status",),
    ("status", "-c"),
    ("diff",),
    ("push", "--dry"),
    ("gc", "--dry"),
    ("cache", "size"),
    ("fsck", "--data"),
    ("fsck", "--remote", "--data"),
]


@pytest.fixture(scope="module")
def busy(copy_of_repo, tmp_path_factory):
    """A repository with data, a remote, changes in the workspace, and garbage: one for all."""
    repo = copy_of_repo(tmp_path_factory.mktemp("busy") / "repo")

    def do(*words):
        done = repo.invoke(*words)
        assert done.exit_code == 0, done.stderr

    repo.write("data/a", "a")
    repo.write("data/b", "b")
    do("add", "data")
    repo.commit("data")
    do("remote", "add", "-d", "store", repo.root.parent / "remote")
    do("push")
    repo.write("data/a", "changed")
    repo.write("data/c", "new")
    do("add", "data")
    repo.write("data/d", "newer")
    return repo


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_that_looks_changes_nothing(busy, command):
    folder = busy.root.parent
    before = _everything(folder)

    result = busy.run(*command)

    assert result.exit_code in (0, 1), result.stderr
    assert _everything(folder) == before


@pytest.mark.parametrize("command", LOOKING_AT_TREES, ids=" ".join)
def test_nor_does_it_where_the_cache_is_damaged(busy, tmp_path, command):
    (busy.root / ".dvclite/tmp/stat.db").unlink(missing_ok=True)
    busy.damage(Kind.TREE)
    before = _everything(tmp_path)

    result = busy.invoke(*command)

    assert result.exit_code < 10
    assert _everything(tmp_path) == before


def _everything(folder):
    """Return every path below a folder with what would tell of a change."""
    found = {}
    for here, _folders, names in os.walk(folder):
        if ".git" in here.split(os.sep):
            continue
        found[here] = os.stat(here).st_mtime_ns
        for name in names:
            stat = os.lstat(os.path.join(here, name))
            found[os.path.join(here, name)] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    return found
