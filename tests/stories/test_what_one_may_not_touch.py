"""Files, folders, caches and remotes that belong to others, or are locked: said in one line, and nothing is lost."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="permissions are something else there")

SOMEBODY = 12_345
WHO = "hint: check who owns it and its permissions with `ls -l`\n"
ASK = "hint: ask its owner for write permission, or set another place with `dvclite cache dir`\n"


def use_all(bench):
    """Have everything loaded that commands need: who is somebody else cannot load it any more."""
    bench.write("data/a", "a")
    bench.invoke("init")
    bench.invoke("remote", "add", "-d", "store", bench.root / "store")
    for words in (("add", "data"), ("push",), ("status", "-c"), ("config", "core.jobs", "2")):
        assert bench.invoke(*words).exit_code == 0
    shutil.rmtree(bench.root / "data")
    (bench.root / "data.dvc").write_text("<<<<<<<\n")
    for words in (("status",), ("pull",), ("add", "nothing"), ("checkout", "--force")):
        bench.invoke(*words)


@pytest.fixture
def mine(git_repo, bench_at, home, monkeypatch):
    """A repository of a user without special rights, who runs the test."""
    folder = Path(tempfile.mkdtemp(prefix="dvclite-"))
    if is_root := os.geteuid() == 0:
        use_all(git_repo)
        shutil.copytree(home, folder / "home")
        os.chown(folder, SOMEBODY, SOMEBODY)
        for name, value in os.environ.items():
            if value.startswith(str(home)):
                monkeypatch.setenv(name, value.replace(str(home), str(folder / "home"), 1))
        os.chmod(folder / "home", 0o755)
        os.setegid(SOMEBODY)
        os.seteuid(SOMEBODY)
    try:
        bench = bench_at(folder / "repo")
        bench.root.mkdir()
        bench.git("init", "--quiet")
        assert bench.invoke("init").exit_code == 0
        for name in ("data/a", "data/sub/b", "data/sub/d", "other/c"):
            bench.write(name, name)
        bench.invoke("remote", "add", "-d", "store", folder / "store")
        assert bench.invoke("add", "data", "other").exit_code == 0
        assert bench.invoke("push").exit_code == 0
        yield bench
    finally:
        if is_root:
            os.seteuid(0)
            os.setegid(0)
        for place, _folders, _names in os.walk(folder):
            os.chmod(place, 0o755)
        shutil.rmtree(folder)


def lock(folder):
    """Let nobody change anything in a folder and below it."""
    for place, _folders, names in os.walk(folder):
        for name in names:
            os.chmod(os.path.join(place, name), 0o444)
        os.chmod(place, 0o555)


def unlock(folder):
    os.chmod(folder, 0o755)
    for place, folders, _names in os.walk(folder):
        for name in folders:
            os.chmod(os.path.join(place, name), 0o755)


@pytest.mark.parametrize("name", ["data/a", "data/sub"])
def test_what_cannot_be_read_is_named_and_the_rest_is_told(mine, name):
    mine.write("data/a", "changed")
    mine.write("other/c", "changed")
    (mine.root / name).chmod(0)

    for command in ("status", "add data", "commit", "checkout"):
        done = mine.invoke(*command.split())
        assert done.exit_code == 1
        assert done.stderr.startswith(f"error: {name}: Permission denied\n{WHO}")
    assert "M other/c" in mine.invoke("status").stdout
    (mine.root / name).chmod(0o755)
    assert mine.read("data/a") == b"changed"


def test_a_folder_that_takes_nothing_is_named_by_what_belongs_there(mine):
    (mine.root / "data/sub/b").unlink()
    (mine.root / "data/sub").chmod(0o555)

    done = mine.invoke("checkout")

    assert (done.exit_code, done.stderr) == (1, f"error: data/sub/b: Permission denied\n{WHO}")
    (mine.root / "data/sub").chmod(0o755)
    assert mine.invoke("checkout").exit_code == 0
    assert mine.read("data/sub/b") == b"data/sub/b"


def test_a_cache_that_cannot_be_written_is_read(mine):
    cache = mine.root / ".dvclite/cache"
    lock(cache)
    (mine.root / "data/a").unlink()

    assert mine.invoke("checkout").exit_code == 0
    assert mine.invoke("status").stdout.startswith("Everything is up to date")
    mine.write("data/a", "new")
    for command in ("add", "pull", "commit"):
        done = mine.invoke(command, "data")
        assert done.exit_code == 1
        assert done.stderr == f"error: {cache}: the cache is not writable\n{ASK}"
    assert mine.read("data/a") == b"new"


def test_a_repository_that_cannot_be_written_can_be_looked_at(mine):
    mine.write("data/a", "new")
    lock(mine.root / ".dvclite")
    lock(mine.root / "data")

    assert "M data/a" in mine.invoke("status").stdout
    assert mine.invoke("status", "-c").exit_code == 0
    assert mine.invoke("push").exit_code == 0
    for words in (("checkout", "--force"), ("add", "data"), ("config", "core.jobs", "3")):
        done = mine.invoke(*words)
        assert done.exit_code == 1
        assert "Permission denied\n" in done.stderr
        assert done.stderr.endswith(WHO)
    assert mine.read("data/a") == b"new"


def test_push_names_a_remote_that_cannot_be_written(mine):
    store = mine.root.parent / "store"
    mine.write("data/a", "new")
    mine.invoke("add", "data")
    lock(store)

    done = mine.invoke("push")

    assert done.exit_code == 8
    assert f"permission denied: {store}" in done.stderr
    assert "ask its owner for access" in done.stderr
    unlock(store)
    assert mine.invoke("push").exit_code == 0
    store.chmod(0)
    (mine.root / ".dvclite/tmp/remotes").rename(mine.root / "forgotten")
    done = mine.invoke("status", "-c")
    assert done.exit_code == 7
    assert f"permission denied: {store} belongs to " in done.stderr
