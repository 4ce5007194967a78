"""Many files: where several processes share the work, what comes of it is the same as ever."""

import errno
import itertools
import os
import random
import shutil
import sys

import pytest

from dvclite import Repo
from dvclite.files import changes, crew, naming
from dvclite.workspace import ahead, arrivals, filling, laying, reading

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has crews")

SEEDS = range(8)
CLEAN = "Everything is up to date: 1 output\n"


@pytest.fixture
def many(monkeypatch):
    """Let a few files be many."""
    monkeypatch.setattr(ahead, "_FEW", 3)
    monkeypatch.setattr(ahead, "MOST_FILES", 7)
    monkeypatch.setattr(filling, "_FEW", 3)
    monkeypatch.setattr(filling, "_MOST_TOGETHER", 5)
    monkeypatch.setattr(filling, "_MOST_FILES", 40)
    monkeypatch.setattr(naming, "_MOST_FILES", 20)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1, 2})


@pytest.fixture
def alone(monkeypatch):
    """Have one process do everything."""

    def alone():
        monkeypatch.setattr(crew, "can_have_crew", lambda: False)

    return alone


def some_files(root, seed):
    """Fill a folder with all that data may be, some of it twice."""
    dice = random.Random(seed)
    folders = [root]
    for _ in range(dice.randrange(2, 30)):
        folder = dice.choice(folders) / dice.choice(["a", "b", "a-b", "a.b", "é", "0"])
        if not folder.exists():
            folder.mkdir(parents=True)
            folders.append(folder)
    for number in range(dice.randrange(20, 200)):
        file = dice.choice(folders) / dice.choice([f"{number}", f"{number}.bin", f"é{number}"])
        size = dice.choice([0, 1, 100, 5000, 70_000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
        file.write_bytes(dice.randbytes(min(size, 200)) * (size // 200 + 1))
        file.chmod(dice.choice([0o644, 0o755]))
        if dice.random() < 0.1:
            shutil.copy(file, file.with_name(f"{file.name} again"))
        if dice.random() < 0.05:
            file.with_name(f"{file.name} link").symlink_to(file.name)


def opened(repo):
    """Open a repository anew, with nothing in memory."""
    return Repo.open(repo.root)


def listed(root):
    """Return all that is below a folder: contents, modes, links, empty folders."""
    found = {}
    for folder, names, files in os.walk(root):
        if not names and not files:
            found[os.path.relpath(folder, root)] = "empty"
        for name in files:
            path = os.path.join(folder, name)
            key = os.path.relpath(path, root)
            if os.path.islink(path):
                found[key] = os.readlink(path)
            else:
                with open(path, "rb") as file:
                    found[key] = (os.stat(path).st_mode & 0o111, file.read())
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_a_folder_becomes_the_same_tree_and_the_same_folder_again(repo, many, alone, seed):
    some_files(repo.root / "data", seed)
    content = listed(repo.root / "data")

    shared = opened(repo).add([repo.root / "data"])
    assert repo.invoke("status").stdout == CLEAN
    shutil.rmtree(repo.root / "data")
    opened(repo).checkout()
    assert listed(repo.root / "data") == content
    assert repo.invoke("status").stdout == CLEAN
    assert not list((repo.root / ".dvclite/tmp").glob("*/*"))

    alone()
    shutil.rmtree(repo.root / ".dvclite/cache")
    (repo.root / "data.dvc").unlink()
    assert opened(repo).add([repo.root / "data"]).outputs == shared.outputs


def test_what_changes_while_others_read_it_is_read_again(repo, many, monkeypatch):
    read = reading._read

    def read_some(errand, folder, prefix, name, shelf):
        return None if name.endswith("3") else read(errand, folder, prefix, name, shelf)

    monkeypatch.setattr(reading, "_read", read_some)
    for number in range(100):
        repo.write(f"data/{number // 10}/{number}", f"content {number}")
    content = listed(repo.root / "data")

    opened(repo).add([repo.root / "data"])

    shutil.rmtree(repo.root / "data")
    opened(repo).checkout()
    assert listed(repo.root / "data") == content


def dying_elsewhere(work):
    """Return what works in this process, and ends any other."""
    here = os.getpid()
    return lambda *task: work(*task) if os.getpid() == here else os._exit(1)


def test_helpers_that_die_cost_nothing_but_time(repo, many, monkeypatch):
    monkeypatch.setattr(ahead, "read_all", dying_elsewhere(ahead.read_all))
    monkeypatch.setattr(filling, "lay_all", dying_elsewhere(filling.lay_all))
    for number in range(100):
        repo.write(f"data/{number // 10}/{number}", f"content {number}")
    content = listed(repo.root / "data")

    opened(repo).add([repo.root / "data"])
    assert repo.invoke("status").stdout == CLEAN
    shutil.rmtree(repo.root / "data")
    opened(repo).checkout()

    assert listed(repo.root / "data") == content
    assert repo.invoke("status").stdout == CLEAN


def test_where_no_process_can_be_had_all_is_done_all_the_same(repo, many, monkeypatch):
    def refuse():
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", refuse)
    content = filled(repo)
    opened(repo).checkout()

    assert listed(repo.root / "data") == content
    assert repo.invoke("status").stdout == CLEAN


def test_an_edit_of_some_of_many_files_is_added(repo, many):
    some_files(repo.root / "data", 1)
    opened(repo).add([repo.root / "data"])
    for number in range(50):
        repo.write(f"data/a/new {number}", f"new {number}")
    for path in sorted(repo.root.glob("data/*"))[:5]:
        if path.is_file():
            path.write_bytes(b"edited")
    content = listed(repo.root / "data")

    opened(repo).add([repo.root / "data"])
    shutil.rmtree(repo.root / "data")
    opened(repo).checkout()

    assert listed(repo.root / "data") == content


def filled(repo, folders=5, files=20, content=lambda number: f"content {number}" * 20):
    """Return the content of a directory that was added, committed and removed again."""
    for number in range(folders * files):
        repo.write(f"data/{number // files}/{number:03}", content(number))
    opened(repo).add([repo.root / "data"])
    content = listed(repo.root / "data")
    shutil.rmtree(repo.root / "data")
    return content


@pytest.mark.parametrize("knows_packs", [True, False])
def test_what_helpers_made_is_not_made_once_more(repo, many, monkeypatch, knows_packs):
    filled(repo, content=lambda _number: os.urandom(50_000))  # Not read with the one before.
    if not knows_packs:
        (repo.root / ".dvclite/tmp/packs.db").unlink()
    alone = []
    monkeypatch.setattr(arrivals.Arrivals, "_bring_alone", lambda _self, *one: alone.append(one))

    opened(repo).checkout()

    assert not alone


def test_a_folder_that_somebody_makes_meanwhile_is_filled_file_by_file(repo, many, monkeypatch):
    content = filled(repo)
    rename = changes.rename

    def rename_late(source, target, **where):
        if target == "data" and not (repo.root / "data").exists():
            repo.write("data/2/somebody's", "precious")
        rename(source, target, **where)

    monkeypatch.setattr(changes, "rename", rename_late)
    opened(repo).checkout()

    assert listed(repo.root / "data") == content | {"2/somebody's": (0, b"precious")}


def test_a_folder_on_another_file_system_is_filled_file_by_file(repo, many, monkeypatch):
    content = filled(repo)
    rename, refused = changes.rename, []

    def rename_here(source, target, **where):
        if os.path.isdir(source):
            refused.append(source)
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(source, target, **where)

    monkeypatch.setattr(changes, "rename", rename_here)
    opened(repo).checkout()

    assert listed(repo.root / "data") == content
    assert len(refused) == 1  # It is not tried again and again.


def test_a_blob_that_is_gone_leaves_a_gap_and_no_empty_folder(repo, many):
    filled(repo, folders=3)
    opened(repo).checkout()
    (first,) = repo.root.glob(".dvclite/cache/packs/*/*")
    for path in ("data/1/lost", "data/3/deep/lost"):
        repo.write(path, f"{path} is lost")
    opened(repo).add([repo.root / "data"])
    lost = next(
        pack
        for pack in repo.root.glob(".dvclite/cache/packs/*/*")
        if b"is lost" in pack.read_bytes()
    )
    data = lost.read_bytes()
    lost.chmod(0o644)
    lost.write_bytes(data.replace(b"is lost", b"is gone"))
    shutil.rmtree(repo.root / "data")

    done = repo.invoke("checkout")

    assert done.exit_code == 5
    assert "data/1/lost" in done.stderr
    assert "data/3/deep/lost" in done.stderr
    assert len(listed(repo.root / "data")) == 60
    assert first.exists()


@pytest.mark.parametrize("where", [0.2, 0.5, 0.8])
def test_a_blob_that_is_damaged_is_named_and_all_others_come(repo, many, where):
    content = filled(repo)
    (pack,) = repo.root.glob(".dvclite/cache/packs/*/*")
    data = bytearray(pack.read_bytes())
    place = data.index(f"content {int(100 * where)}".encode())
    data[place] ^= 1
    pack.chmod(0o644)
    pack.write_bytes(data)

    done = repo.invoke("checkout")

    assert done.exit_code == 5
    found = listed(repo.root / "data")
    name = f"{int(100 * where) // 20}/{int(100 * where):03}"
    assert name not in found
    assert f"data/{name}" in done.stderr
    del content[name]
    assert found == content


def test_an_interrupt_leaves_nothing_half_done(repo, many, monkeypatch):
    content = filled(repo)
    taken, times = arrivals.Filling._take_back, itertools.count()

    def interrupt(self, done):
        if next(times) == 5:
            raise KeyboardInterrupt
        taken(self, done)

    with monkeypatch.context() as patch:
        patch.setattr(arrivals.Filling, "_take_back", interrupt)
        with pytest.raises(KeyboardInterrupt):
            opened(repo).checkout()
    assert (
        not (repo.root / "data").exists() or listed(repo.root / "data").items() <= content.items()
    )
    assert not list((repo.root / ".dvclite/tmp").glob("*/*"))

    opened(repo).checkout()
    assert listed(repo.root / "data") == content


def test_a_helper_that_dies_over_its_work_leaves_nothing_half_made(repo, many, monkeypatch):
    content = filled(repo)
    here = os.getpid()

    def die(stock, folder, order):
        name = order[0]
        if int(name) % 10 == 8 and os.getpid() != here:
            fd = changes.create(name, folder=folder.fd)
            changes.write(fd, b"half")
            os._exit(1)
        return lay(stock, folder, order)

    lay = laying._lay
    monkeypatch.setattr(laying, "_lay", die)

    done = repo.invoke("checkout", "--quiet")

    assert (done.exit_code, done.stderr) == (0, "")
    assert listed(repo.root / "data") == content


def test_few_files_may_be_open(repo, many, monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(ahead, "MOST_FILES", 256)
    monkeypatch.setattr(filling, "_MOST_TOGETHER", 256)
    monkeypatch.setattr(filling, "_MOST_FILES", 20_000)
    monkeypatch.setattr(naming, "_MOST_FILES", 10_000)
    used = len(os.listdir("/proc/self/fd"))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 40, before[1]))
    try:
        content = filled(repo, folders=200, files=1)
        opened(repo).checkout()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert listed(repo.root / "data") == content


def test_new_folders_take_after_the_folder_that_they_are_in(repo, many):
    content = filled(repo)
    data = repo.root / "data"
    data.mkdir()
    data.chmod(0o2775)
    # The rules of a default access control list: user, group and others may do everything.
    everybody = (2).to_bytes(4, "little") + b"".join(
        tag.to_bytes(2, "little") + b"\x07\0\xff\xff\xff\xff" for tag in (1, 4, 32)
    )
    try:
        os.setxattr(data, "system.posix_acl_default", everybody)
    except OSError:
        everybody = None  # Not every file system has them.

    opened(repo).checkout()

    assert listed(data) == content
    for folder in data.iterdir():
        assert folder.stat().st_mode & 0o2000
        if everybody is not None:
            assert os.getxattr(folder, "system.posix_acl_default") == everybody
