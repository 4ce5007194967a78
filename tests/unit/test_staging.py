import os
import signal
import stat
import subprocess
import sys
import threading
import time

import pytest

from dvclite.files import owners
from dvclite.files.owners import is_left_behind, own_name
from dvclite.files.staging import Staging, make_folder, sweep

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX only")

WORKER = """
import sys, time
from dvclite.files.staging import Staging
staging = Staging(sys.argv[1])
for number in range(3):
    open(staging.new_path(), "w").close()
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def worker(tmp_path):
    """A process of its own that stages three files in `tmp_path` and then waits."""
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, str(tmp_path)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


def test_every_path_is_new_and_nothing_is_made_before_the_first(tmp_path):
    with Staging(tmp_path / "tmp") as staging:
        assert os.listdir(tmp_path) == []
        paths = {staging.new_path() for _ in range(100)}
        assert len(paths) == 100
        assert not any(os.path.exists(path) for path in paths)
        assert {os.path.dirname(os.path.dirname(path)) for path in paths} == {str(tmp_path / "tmp")}

    assert os.listdir(tmp_path / "tmp") == []


def test_threads_never_get_the_same_path(tmp_path):
    found = []
    with Staging(tmp_path) as staging:

        def ask():
            found.extend([staging.new_path() for _ in range(2000)])

        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(before)

    assert len(set(found)) == len(found) == 16_000


def test_what_is_still_there_at_the_end_is_removed(tmp_path):
    with Staging(tmp_path) as staging:
        open(staging.new_path(), "w").close()

    assert os.listdir(tmp_path) == []


def test_closing_is_no_error_when_everything_is_gone(tmp_path):
    with Staging(tmp_path / "tmp") as staging:
        os.rmdir(os.path.dirname(staging.new_path()))
        os.rmdir(tmp_path / "tmp")


def test_what_a_living_process_uses_is_left_alone(tmp_path, worker):
    with Staging(tmp_path) as ours:
        open(ours.new_path(), "w").close()
        assert sweep(tmp_path) == 0
        assert len(os.listdir(tmp_path)) == 2


@posix
def test_what_a_killed_process_left_is_swept(tmp_path, worker):
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()

    assert sweep(tmp_path) == 1
    assert sweep(tmp_path) == 0
    assert os.listdir(tmp_path) == []


@posix
def test_whoever_stages_next_removes_what_a_killed_process_left(tmp_path, worker):
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()

    with Staging(tmp_path) as staging:
        assert len(os.listdir(tmp_path)) == 1
        staging.new_path()
        assert os.listdir(tmp_path) == [os.path.basename(os.path.dirname(staging.new_path()))]


def test_sweeping_where_nothing_ever_was_is_no_error(tmp_path):
    assert sweep(tmp_path / "tmp") == 0


@pytest.mark.parametrize(
    "name",
    [
        "",
        "notes",
        "backup-2020-data",
        "host-1-0123456",
        "host-1-0123456g",
        "host--01234567",
        "host-²-01234567",
        "1-01234567",
    ],
)
def test_what_is_not_called_as_ours_is_left_alone(tmp_path, name):
    (tmp_path / name).mkdir(exist_ok=True)
    os.utime(tmp_path / name, (1, 1))

    assert not is_left_behind(name, str(tmp_path / name))


def test_another_machines_folder_is_swept_after_a_day_of_silence(tmp_path):
    for name, age in {"elsewhere-1-01234567": 25, "elsewhere-1-89abcdef": 23}.items():
        (tmp_path / name).mkdir()
        then = time.time() - age * 3600
        os.utime(tmp_path / name, (then, then))

    assert sweep(tmp_path) == 1
    assert os.listdir(tmp_path) == ["elsewhere-1-89abcdef"]


@posix
@pytest.mark.parametrize("process", ["99999999999999999999", "0"])
def test_a_number_that_no_process_has_is_borne(tmp_path, process):
    machine = own_name().rpartition("-")[0].rpartition("-")[0]
    name = f"{machine}-{process}-01234567"

    assert not is_left_behind(name, str(tmp_path / name))


@posix
def test_a_process_of_another_user_is_seen_to_run(tmp_path, monkeypatch):
    def refuse(_process, _signal):
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)

    assert not is_left_behind(own_name(), str(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_machines_with_one_name_are_told_apart_by_when_they_started(monkeypatch):
    ours = own_name().split("-")
    owners._machine.cache_clear()
    monkeypatch.setattr(owners, "_host", lambda: "a/host-name")
    try:
        theirs = own_name()
    finally:
        owners._machine.cache_clear()

    assert theirs.startswith("a_host-name-")
    assert theirs.split("-")[2] == ours[-3]


@posix
def test_a_link_that_is_called_as_ours_leads_a_sweep_nowhere(tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_bytes(b"precious")
    os.utime(precious, (1, 1))
    parent = tmp_path / "tmp"
    parent.mkdir()
    machine = own_name().rpartition("-")[0].rpartition("-")[0]
    (parent / f"{machine}-4194305-01234567").symlink_to(precious)
    (parent / "elsewhere-1-01234567").symlink_to(precious)
    os.utime(parent / "elsewhere-1-01234567", (1, 1), follow_symlinks=False)

    assert sweep(parent) == 0
    assert (precious / "file").read_bytes() == b"precious"


@posix
def test_a_link_in_place_of_the_staging_folders_is_not_swept_through(tmp_path):
    precious = tmp_path / "precious" / "laptop-2020-01234567"
    precious.mkdir(parents=True)
    (precious / "file").write_bytes(b"precious")
    os.utime(precious, (1, 1))
    (tmp_path / "tmp").symlink_to("precious")

    assert sweep(tmp_path / "tmp") == 0
    assert (precious / "file").exists()


def test_what_cannot_be_removed_does_not_stop_a_sweep(tmp_path):
    stuck, easy = "elsewhere-1-01234567", "elsewhere-1-89abcdef"
    (tmp_path / stuck).write_bytes(b"a file")
    (tmp_path / easy).mkdir()
    for name in os.listdir(tmp_path):
        os.utime(tmp_path / name, (1, 1))

    assert sweep(tmp_path) == 1
    assert not (tmp_path / easy).exists()
    assert (tmp_path / stuck).exists()


@posix
def test_folders_go_with_all_that_is_in_them_and_nothing_that_links_in_them_lead_to(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_bytes(b"a user's")
    left = tmp_path / "tmp" / "elsewhere-1-01234567"
    (left / "1/sub/deeper").mkdir(parents=True)
    (left / "1/sub/file").write_bytes(b"ours")
    (left / "1/link").symlink_to(kept)
    (left / "2").symlink_to(kept)
    os.utime(left, (1, 1))

    assert sweep(tmp_path / "tmp") == 1
    assert not left.exists()
    assert (kept / "file").read_bytes() == b"a user's"


@posix
def test_shared_folders_get_their_mode_whatever_the_umask_says(tmp_path):
    before = os.umask(0o077)
    try:
        make_folder(tmp_path / "shared/a/b", mode=0o2775)
        make_folder(tmp_path / "private/a", mode=0o777)
        make_folder(tmp_path / "shared/a/b", mode=0o777)
    finally:
        os.umask(before)

    modes = {
        path: stat.S_IMODE((tmp_path / path).stat().st_mode)
        for path in ("shared", "shared/a", "shared/a/b", "private/a")
    }
    assert modes == {
        "shared": 0o2775,
        "shared/a": 0o2775,
        "shared/a/b": 0o2775,
        "private/a": 0o700,
    }


def test_a_file_in_place_of_a_folder_is_an_error(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "file")
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "file" / "inner")


def test_a_folder_that_another_process_makes_meanwhile_is_no_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    threads = [threading.Thread(target=make_folder, args=(tmp_path / "a/b/c/d",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    make_folder("relative/folder")

    assert (tmp_path / "a/b/c/d").is_dir()
    assert (tmp_path / "relative/folder").is_dir()
