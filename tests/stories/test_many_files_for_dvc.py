"""Many files in DVC's format, each blob a file: several processes share the work, the result is the same."""

import hashlib
import os
import shutil
import sys

import pytest

import dvclite_local.group as groups
from dvclite import Repo
from dvclite.cache import absence, foreigndoor
from dvclite.cache.absence import Absence
from dvclite.files import changes, crew, naming
from dvclite.remotestore.loose import gathering, grouping
from dvclite.workspace import ahead, filling, laying

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has crews"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

CLEAN = "Everything is up to date: 1 output\n"
BLOBS = ".dvc/cache/files/md5"


@pytest.fixture
def many(monkeypatch):
    """Let a few files be many."""
    monkeypatch.setattr(ahead, "_FEW", 3)
    monkeypatch.setattr(ahead, "MOST_FILES", 7)
    monkeypatch.setattr(filling, "_FEW", 3)
    monkeypatch.setattr(filling, "_MOST_TOGETHER", 5)
    monkeypatch.setattr(naming, "_MOST_FILES", 20)
    monkeypatch.setattr(groups, "_FEW", 3)
    monkeypatch.setattr(groups, "_TOGETHER", 5)
    monkeypatch.setattr(gathering, "_TOGETHER", 40)
    monkeypatch.setattr(grouping, "_MOST", 40)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1, 2})


@pytest.fixture
def dvc(many, git_repo, tmp_path):
    """A repository of DVC's with 150 files in five folders, of which some are equal."""
    done = git_repo.invoke("init", "--dvc")
    assert done.exit_code == 0, done.stderr
    git_repo.invoke("remote", "add", "-d", "store", tmp_path / "store")
    for number in range(150):
        git_repo.write(f"data/{number // 30}/{number:03}", f"content {number % 140} " * number)
    return git_repo


def opened(bench):
    return Repo.open(bench.root)


def content_of(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def blobs(folder):
    """Return what blobs hold, by their oids; each is what its name says, and read-only."""
    found = {}
    for path in folder.glob("??/*"):
        oid = path.parent.name + path.name
        data = path.read_bytes()
        assert hashlib.md5(data).hexdigest() == oid.removesuffix(".dir")
        assert path.stat().st_mode & 0o777 == 0o444
        found[oid] = data
    return found


def of(content):
    return {hashlib.md5(data).hexdigest(): data for data in content.values()}


def files_below(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def dying_elsewhere(work):
    """Return what works in this process, and ends any other."""
    here = os.getpid()
    return lambda *task: work(*task) if os.getpid() == here else os._exit(1)


def check_added(bench):
    stored = blobs(bench.root / BLOBS)
    assert {oid: data for oid, data in stored.items() if len(oid) == 32} == of(
        content_of(bench.root / "data")
    )
    assert bench.invoke("status").stdout == CLEAN
    assert files_below(bench.root / ".dvc/cache/tmp") == []


def test_what_helpers_read_and_write_is_what_one_process_would(dvc, monkeypatch):
    opened(dvc).add([dvc.root / "data"])
    check_added(dvc)
    shared = dvc.read("data.dvc"), blobs(dvc.root / BLOBS)

    shutil.rmtree(dvc.root / ".dvc/cache")
    (dvc.root / "data.dvc").unlink()
    monkeypatch.setattr(crew, "can_have_crew", lambda: False)
    opened(dvc).add([dvc.root / "data"])

    assert (dvc.read("data.dvc"), blobs(dvc.root / BLOBS)) == shared


def test_helpers_write_nothing_that_the_cache_holds(dvc):
    opened(dvc).add([dvc.root / "data"])
    before = {path: path.stat().st_ino for path in (dvc.root / BLOBS).glob("??/*")}
    shutil.rmtree(dvc.root / ".dvc/tmp")

    opened(dvc).add([dvc.root / "data"])

    assert {path: path.stat().st_ino for path in (dvc.root / BLOBS).glob("??/*")} == before
    check_added(dvc)


def test_the_system_is_not_asked_for_each_blob_that_is_absent(dvc, monkeypatch):
    asked = []
    access = os.access
    monkeypatch.setattr(crew, "can_have_crew", lambda: False)
    monkeypatch.setattr(absence, "LISTED_FROM", 1)
    monkeypatch.setattr(os, "access", lambda path, *mode: asked.append(path) or access(path, *mode))

    opened(dvc).add([dvc.root / "data"])

    assert len([path for path in asked if BLOBS in os.fspath(path)]) < 30


def test_blobs_that_others_stored_unseen_are_stored_once_more(dvc, monkeypatch):
    """What was absent when folders were listed may have come since."""
    assert dvc.invoke("add", "data").exit_code == 0
    before = blobs(dvc.root / BLOBS)
    (dvc.root / "data.dvc").unlink()
    shutil.rmtree(dvc.root / ".dvc/tmp")

    monkeypatch.setattr(Absence, "is_certain", lambda _absence, oid: not oid.endswith(".dir"))
    done = dvc.invoke("add", "data")

    assert done.exit_code == 0, done.stderr
    assert blobs(dvc.root / BLOBS) == before
    assert dvc.invoke("status").stdout == CLEAN


def test_a_blob_that_seemed_to_be_there_and_is_gone_is_saved_by_the_command(dvc, monkeypatch):
    """A collector took it in that moment."""
    opened(dvc).add([dvc.root / "data"])
    shutil.rmtree(dvc.root / ".dvc/tmp")
    lost = [path for path in sorted((dvc.root / BLOBS).glob("??/*")) if len(path.name) == 30][::3]
    keep = ahead.Ahead._keep_what_is_there

    def keep_late(self, *answers):
        for path in lost:
            path.unlink(missing_ok=True)
        lost.clear()
        keep(self, *answers)

    monkeypatch.setattr(ahead.Ahead, "_keep_what_is_there", keep_late)
    opened(dvc).add([dvc.root / "data"])

    check_added(dvc)


def test_a_blob_of_the_cache_that_is_damaged_gives_way_to_what_is_added(dvc):
    opened(dvc).add([dvc.root / "data"])
    shutil.rmtree(dvc.root / ".dvc/tmp")
    for path in sorted((dvc.root / BLOBS).glob("??/*"))[::10]:
        if len(path.name) == 30:
            path.chmod(0o644)
            path.write_bytes(b"x" * path.stat().st_size)
            path.chmod(0o444)

    opened(dvc).add([dvc.root / "data"])

    check_added(dvc)


def test_two_contents_of_one_name_are_never_taken_for_one(dvc, monkeypatch):
    """Whoever can make MD5 collide gets a refusal, in whichever process they meet."""

    class Weak:
        def __init__(self, data=b"", **_options):
            self.size = len(data)

        def update(self, data):
            self.size += len(data)

        def hexdigest(self):
            return f"{self.size:032x}"

    for number in range(40):
        dvc.write(f"same/{number:02}", f"{number // 30:010}")
    with monkeypatch.context() as patch:
        patch.setattr(hashlib, "md5", Weak)
        done = dvc.invoke("add", "same")

    assert done.exit_code == 1
    assert "same/30" in done.stderr
    assert not (dvc.root / "same.dvc").exists()


@pytest.mark.parametrize("code", ["write", "create"])
def test_what_helpers_cannot_write_the_command_writes(dvc, monkeypatch, code):
    here, change = os.getpid(), getattr(changes, code)

    def fail(*arguments, **options):
        if os.getpid() != here and (code == "create" or arguments[0] > 5):
            raise OSError(28, "No space left on device")
        return change(*arguments, **options)

    monkeypatch.setattr(changes, code, fail)
    opened(dvc).add([dvc.root / "data"])
    check_added(dvc)
    content = content_of(dvc.root / "data")
    shutil.rmtree(dvc.root / "data")
    opened(dvc).push()
    shutil.rmtree(dvc.root / ".dvc/cache")
    opened(dvc).pull()

    assert content_of(dvc.root / "data") == content
    check_added(dvc)


def test_helpers_that_die_cost_nothing_but_time(dvc, monkeypatch, tmp_path):
    monkeypatch.setattr(ahead, "read_all", dying_elsewhere(ahead.read_all))
    monkeypatch.setattr(filling, "lay_all", dying_elsewhere(filling.lay_all))
    monkeypatch.setattr(groups, "_write", dying_elsewhere(groups._write))
    monkeypatch.setattr(groups, "_hand_out", dying_elsewhere(groups._hand_out))
    content = content_of(dvc.root / "data")

    opened(dvc).add([dvc.root / "data"])
    check_added(dvc)
    opened(dvc).push()
    assert blobs(tmp_path / "store/files/md5") == blobs(dvc.root / BLOBS)
    shutil.rmtree(dvc.root / "data")
    shutil.rmtree(dvc.root / ".dvc/cache")
    opened(dvc).pull()

    assert content_of(dvc.root / "data") == content
    check_added(dvc)


def pushed(bench):
    """Return the content of a directory that was added and pushed, and is nowhere else."""
    opened(bench).add([bench.root / "data"])
    opened(bench).push()
    content = content_of(bench.root / "data")
    shutil.rmtree(bench.root / "data")
    shutil.rmtree(bench.root / ".dvc/cache")
    return content


def test_what_comes_and_goes_in_groups_is_whole(dvc, tmp_path, monkeypatch):
    alone = []
    content = pushed(dvc)
    take = foreigndoor.ForeignDoor.take
    monkeypatch.setattr(
        foreigndoor.ForeignDoor, "take", lambda *one: (alone.append(one), take(*one))
    )

    opened(dvc).pull()

    assert content_of(dvc.root / "data") == content
    check_added(dvc)
    assert blobs(tmp_path / "store/files/md5") == blobs(dvc.root / BLOBS)
    assert files_below(tmp_path / "store/.dvclite-tmp") == []
    assert len(alone) <= 1  # The tree.


def test_a_blob_that_is_damaged_on_the_remote_is_named_and_all_others_come(dvc, tmp_path):
    content = pushed(dvc)
    bad = content.pop("2/077")
    oid = hashlib.md5(bad).hexdigest()
    path = tmp_path / "store/files/md5" / oid[:2] / oid[2:]
    path.chmod(0o644)
    path.write_bytes(b"x" * len(bad))

    done = dvc.invoke("pull")

    assert done.exit_code != 0
    assert "2/077" in done.stderr
    assert content_of(dvc.root / "data") == content
    assert oid not in blobs(dvc.root / BLOBS)
    assert files_below(dvc.root / ".dvc/cache/tmp") == []


def test_a_blob_that_is_damaged_in_the_cache_is_named_and_all_others_are_checked_out(dvc):
    opened(dvc).add([dvc.root / "data"])
    content = content_of(dvc.root / "data")
    shutil.rmtree(dvc.root / "data")
    bad, lost = content.pop("2/077"), content.pop("3/099")
    for data, harm in ((bad, lambda path: path.write_bytes(b"x")), (lost, os.unlink)):
        oid = hashlib.md5(data).hexdigest()
        path = dvc.root / BLOBS / oid[:2] / oid[2:]
        path.chmod(0o644)
        harm(path)

    done = dvc.invoke("checkout")

    assert done.exit_code == 5
    assert "2/077" in done.stderr
    assert "3/099" in done.stderr
    assert content_of(dvc.root / "data") == content


def test_what_is_large_is_made_by_the_command(dvc, monkeypatch):
    monkeypatch.setattr(laying, "LARGEST", 1000)
    opened(dvc).add([dvc.root / "data"])
    content = content_of(dvc.root / "data")
    shutil.rmtree(dvc.root / "data")

    opened(dvc).checkout()

    assert content_of(dvc.root / "data") == content
    assert dvc.invoke("status").stdout == CLEAN


def test_a_flush_that_fails_leaves_no_name(dvc, monkeypatch):
    def fail(_fd):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(changes, "flush_filesystem", fail)
        patch.setattr(changes, "flush", fail)
        assert dvc.invoke("add", dvc.root / "data").exit_code == 1
    assert files_below(dvc.root / BLOBS) == []
    assert not (dvc.root / "data.dvc").exists()

    opened(dvc).add([dvc.root / "data"])
    check_added(dvc)
