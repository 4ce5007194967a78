"""Commands that only look change nothing, anywhere."""

import os

import pytest

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
    ("completion", "bash"),
]

LOOKING_AT_TREES = [("status",), ("status", "-c"), ("diff",), ("push", "--dry"), ("gc", "--dry")]


@pytest.fixture
def busy(repo, tmp_path):
    """A repository with data, a remote, changes in the workspace, and garbage."""
    repo.write("data/a", "a")
    repo.write("data/b", "b")
    repo.invoke("add", "data")
    repo.git("add", "-A")
    repo.git("commit", "-m", "data")
    (tmp_path / "remote").mkdir()
    repo.invoke("remote", "add", "-d", "store", str(tmp_path / "remote"))
    repo.invoke("push")
    repo.write("data/a", "changed")
    repo.write("data/c", "new")
    repo.invoke("add", "data")
    repo.write("data/d", "newer")
    return repo


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_that_looks_changes_nothing(busy, tmp_path, command):
    before = _everything(tmp_path)

    result = busy.run(*command)

    assert result.exit_code in (0, 1), result.stderr
    assert _everything(tmp_path) == before


@pytest.mark.parametrize("command", LOOKING_AT_TREES, ids=" ".join)
def test_nor_does_it_where_the_cache_is_damaged(busy, tmp_path, command):
    (busy.root / ".dvclite/tmp/stat.db").unlink()
    for blob in (busy.root / ".dvclite/cache/files").rglob("??/*"):
        blob.chmod(0o644)
        blob.write_bytes(b"x" * blob.stat().st_size)
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
