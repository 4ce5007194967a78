"""A pull writes a large file for the cache and for the workspace at the same time."""

import errno
import os
import shutil
import stat
import sys
from types import SimpleNamespace

import pytest

from dvclite.cache.cache import Cache
from dvclite.files import changes, twins

MIB = 1 << 20
FORMATS = {"native": (".dvclite", ()), "dvc": (".dvc", ("--dvc",))}


@pytest.fixture(params=FORMATS)
def home(request):
    return FORMATS[request.param]


@pytest.fixture
def repo(git_repo, home):
    """A repository with a remote and large files, whose data are on the remote alone."""
    folder, options = home
    git_repo.invoke("init", *options)
    git_repo.invoke("config", "cache.type", "copy")
    git_repo.invoke("remote", "add", "-d", "store", git_repo.root.parent / "remote")
    (git_repo.root / "data").mkdir()
    (git_repo.root / "model").write_bytes(os.urandom(40 * MIB))
    (git_repo.root / "tool").write_bytes(os.urandom(36 * MIB))
    (git_repo.root / "tool").chmod(0o755)
    (git_repo.root / "data/large").write_bytes(os.urandom(33 * MIB))
    (git_repo.root / "data/again").write_bytes((git_repo.root / "model").read_bytes())
    (git_repo.root / "data/small").write_bytes(b"small")
    for command in (("add", "model", "tool", "data"), ("push",)):
        done = git_repo.invoke(*command)
        assert done.exit_code == 0, done.stderr
    git_repo.content = content_of(git_repo)
    git_repo.lose = lambda: lose(git_repo, folder)
    git_repo.lose()
    return git_repo


def lose(repo, folder):
    for path in (f"{folder}/cache", f"{folder}/tmp"):
        shutil.rmtree(repo.root / path, ignore_errors=True)
    for name in ("model", "tool"):
        (repo.root / name).unlink(missing_ok=True)
    shutil.rmtree(repo.root / "data", ignore_errors=True)


def content_of(repo):
    files = [repo.root / "model", repo.root / "tool", *(repo.root / "data").iterdir()]
    return {path.name: path.read_bytes() for path in files}


@pytest.fixture
def laid_out(monkeypatch):
    """How many bytes each file had that was made from what the cache holds."""
    sizes = []
    lay_out = Cache.lay_out

    def noted(self, ref, target, kinds, mode):
        kind = lay_out(self, ref, target, kinds, mode)
        sizes.append(os.stat(target).st_size)
        return kind

    monkeypatch.setattr(Cache, "lay_out", noted)
    return sizes


def left_behind(repo):
    return list(repo.root.rglob("tmp/*-*-*/*"))


def test_what_arrives_is_not_read_again(repo, home, laid_out):
    assert repo.invoke("pull").exit_code == 0

    assert content_of(repo) == repo.content
    assert len([size for size in laid_out if size > MIB]) == 1
    assert left_behind(repo) == []
    assert "up to date" in repo.invoke("status").stdout


def test_the_cache_holds_it_all_the_same(repo):
    assert repo.invoke("pull").exit_code == 0
    for name in ("model", "tool"):
        (repo.root / name).unlink()
    shutil.rmtree(repo.root.parent / "remote")

    assert repo.invoke("fsck", "--data").exit_code == 0
    assert repo.invoke("checkout").exit_code == 0
    assert content_of(repo) == repo.content


def test_a_fetch_writes_nothing_for_the_workspace(repo, monkeypatch):
    monkeypatch.setattr(twins, "Twin", None)
    assert repo.invoke("fetch").exit_code == 0
    assert not (repo.root / "model").exists()


def test_what_is_there_already_is_not_written(repo, monkeypatch):
    (repo.root / "model").write_bytes(repo.content["model"])
    (repo.root / "tool").write_bytes(b"of mine")
    begun = []
    monkeypatch.setattr(twins, "Twin", lambda path, size: begun.append(path) or 1 / 0)
    assert repo.invoke("pull", "model").exit_code == 0
    done = repo.invoke("pull", "tool")
    assert done.exit_code == 1
    assert "tool" in done.stderr
    assert begun == []
    assert (repo.root / "tool").read_bytes() == b"of mine"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no executable bits")
def test_modes_are_those_of_any_checkout(repo):
    mask = os.umask(0o027)
    try:
        assert repo.invoke("pull").exit_code == 0
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in repo.root.iterdir()}
    finally:
        os.umask(mask)
    assert modes["model"] == 0o640
    assert modes["tool"] in (0o640, 0o750)  # DVC's format does not tell of single files.
    assert stat.S_IMODE((repo.root / "data/large").stat().st_mode) == 0o640


def test_a_twin_that_somebody_removed_is_done_without(repo, monkeypatch):
    take = twins.Twins.take

    def bereft(self, oid, target, *, executable):
        for path in left_behind(repo):
            path.unlink()
        return take(self, oid, target, executable=executable)

    monkeypatch.setattr(twins.Twins, "take", bereft)
    assert repo.invoke("pull", "model").exit_code == 0
    assert (repo.root / "model").read_bytes() == repo.content["model"]


@pytest.mark.parametrize("step", ["create", "write", "flush", "close"])
def test_a_twin_that_cannot_be_written_is_done_without(repo, monkeypatch, laid_out, step):
    failed = []

    def failing(*args):
        if step == "close":
            changes.close(*args)
        failed.append(args)
        raise OSError(errno.EIO, "Input/output error")

    names = ("create", "write", "flush", "close", "set_mode", "rename")
    steps = {name: getattr(changes, name) for name in names} | {step: failing}
    monkeypatch.setattr(twins, "changes", SimpleNamespace(**steps))

    done = repo.invoke("pull")
    assert done.exit_code == 0, done.stderr
    assert failed
    assert len([size for size in laid_out if size > MIB]) == 4
    assert content_of(repo) == repo.content
    assert left_behind(repo) == []


def test_damage_on_the_remote_reaches_neither(repo, home):
    for path in (repo.root.parent / "remote").rglob("*"):
        if path.is_file() and path.stat().st_size > 10 * MIB:
            data = bytearray(path.read_bytes())
            data[5 * MIB] ^= 1
            path.chmod(0o644)
            path.write_bytes(data)

    done = repo.invoke("pull")
    assert done.exit_code != 0
    assert "Traceback" not in done.stderr
    for name in ("model", "tool"):
        path = repo.root / name
        assert not path.exists() or path.read_bytes() == repo.content[name]
    assert left_behind(repo) == []


def test_links_are_made_as_ever(repo):
    repo.invoke("config", "cache.type", "hardlink")
    assert repo.invoke("pull").exit_code == 0
    assert (repo.root / "model").stat().st_nlink > 1
    assert content_of(repo) == repo.content


def test_where_there_is_hardly_room_there_are_no_twins(repo, monkeypatch):
    monkeypatch.setattr(
        twins.shutil, "disk_usage", lambda _path: SimpleNamespace(free=(2 * 40 + 64) * MIB)
    )
    begun = []
    monkeypatch.setattr(twins, "Twin", lambda path, size: begun.append(size) or 1 / 0)
    assert repo.invoke("pull", "model").exit_code == 0
    assert begun == []
    assert (repo.root / "model").read_bytes() == repo.content["model"]


def test_what_only_other_versions_need_is_not_written_for_the_workspace(repo, monkeypatch):
    monkeypatch.setattr(twins, "Twin", None)
    repo.commit("Data")
    assert repo.invoke("pull", "--all-commits").exit_code == 0
    assert content_of(repo) == repo.content


def test_it_is_found_out_once_whether_files_come_out_as_copies(repo, monkeypatch):
    repo.invoke("config", "cache.type", "reflink,copy")
    asked = []
    can_clone_to = Cache.can_clone_to
    monkeypatch.setattr(
        Cache, "can_clone_to", lambda *args: asked.append(args) or can_clone_to(*args)
    )
    assert repo.invoke("pull").exit_code == 0
    assert len(asked) == 1
    assert content_of(repo) == repo.content


def test_twins_of_what_did_not_arrive_are_given_up_before_another_remote_is_tried(
    repo, home, monkeypatch
):
    first = repo.root.parent / "first"
    shutil.copytree(repo.root.parent / "remote", first)
    for path in first.rglob("*"):
        if path.is_file() and path.stat().st_size > 10 * MIB:
            path.chmod(0o644)
            path.write_bytes(path.read_bytes()[: 12 * MIB])
    repo.invoke("remote", "add", "-d", "first", first)
    begun = []
    begin = twins.Twins.begin

    def noted(self, path, size):
        begun.append((path, len(left_behind(repo))))
        return begin(self, path, size)

    monkeypatch.setattr(twins.Twins, "begin", noted)
    done = repo.invoke("pull", "-j", "1")
    assert content_of(repo) == repo.content, done.stderr
    assert max(count for _path, count in begun) <= 2
    assert left_behind(repo) == []
