import os
import shutil
import socket
import subprocess
import sys
import threading

import pytest

from dvclite.files.atomic import PARTIAL_PREFIX
from dvclite.files.folder import Folder
from dvclite.files.scan import Ignore, scan

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX only")


def make(root, *paths):
    for path in paths:
        target = root / path
        if path.endswith("/"):
            target.mkdir(parents=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(path)


def found(root, **options):
    with Folder.open(root) as folder:
        return [one.path for one in scan(folder, **options)]


def test_paths_come_sorted_as_strings_and_not_folder_by_folder(tmp_path):
    make(tmp_path, "a/b", "a/b-c", "a/b.d", "a/b0/x", "a/b1/", "a-b", "a.b", "a0", "B", "é", "😀")

    paths = found(tmp_path)

    assert paths == ["B", "a-b", "a.b", "a/b", "a/b-c", "a/b.d", "a/b0/x", "a/b1/", "a0", "é", "😀"]


def test_a_folder_is_told_of_only_if_it_is_empty(tmp_path):
    make(tmp_path, "empty/", "full/file", "outer/inner/")

    with Folder.open(tmp_path) as folder:
        told = [(one.path, one.name, one.is_folder) for one in scan(folder)]

    assert told == [
        ("empty/", "empty", True),
        ("full/file", "file", False),
        ("outer/inner/", "inner", True),
    ]


def test_an_empty_root_is_nothing(tmp_path):
    assert found(tmp_path) == []


def test_what_was_found_is_used_in_its_folder(tmp_path):
    make(tmp_path, "a/b/file")

    with Folder.open(tmp_path) as folder:
        for one in scan(folder):
            fd = one.folder.open_file(one.name)
            assert os.read(fd, 100) == b"a/b/file"
            os.close(fd)
            assert one.stat.st_size == len("a/b/file")
            assert one.stat.st_ino == os.stat(tmp_path / "a/b/file").st_ino


@posix
def test_kinds_and_bits_are_told_and_links_are_not_followed(tmp_path):
    make(tmp_path, "real/file", "run")
    os.chmod(tmp_path / "run", 0o700)
    (tmp_path / "to folder").symlink_to("real")
    (tmp_path / "to nothing").symlink_to("nothing")
    os.mkfifo(tmp_path / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(tmp_path)
    listener.bind("sock")
    os.chdir(here)

    with Folder.open(tmp_path) as folder:
        told = {
            one.path: (one.is_file, one.is_link, one.is_folder, one.is_executable)
            for one in scan(folder)
        }
    listener.close()

    assert told == {
        "pipe": (False, False, False, False),
        "real/file": (True, False, False, False),
        "run": (True, False, False, True),
        "sock": (False, False, False, told["sock"][3]),
        "to folder": (False, True, False, True),
        "to nothing": (False, True, False, True),
    }


def test_what_is_ignored_is_passed_over_with_all_below_it(tmp_path):
    make(tmp_path, "a/x", "b/y", "b/keep", "b/.rules", "c", "d/only", "e/f/g")
    asked, folders = [], []

    def matches(path, is_folder):
        asked.append(path + "/" if is_folder else path)
        return path in ("p/a", "p/b/y", "p/c", "p/d/only")

    def matches_in(folder, has_file):
        folders.append((folder, has_file))
        return matches if folder != "p/e" else None

    ignore = Ignore(".rules", matches_in)

    assert found(tmp_path, prefix="p/", ignore=ignore) == [
        *("p/b/.rules", "p/b/keep", "p/d/", "p/e/f/g")
    ]
    assert asked == [
        *("p/a/", "p/b/", "p/b/.rules", "p/b/keep", "p/b/y", "p/c", "p/d/", "p/d/only", "p/e/"),
        "p/e/f/g",
    ]
    assert folders == [
        ("p", False),
        ("p/b", True),
        ("p/d", False),
        ("p/e", False),
        ("p/e/f", False),
    ]


def test_our_own_partial_files_are_passed_over(tmp_path):
    make(tmp_path, "file", PARTIAL_PREFIX + "x", f"folder/{PARTIAL_PREFIX}y")

    assert found(tmp_path) == ["file", "folder/"]


def test_what_vanishes_during_the_scan_is_passed_over(tmp_path):
    make(tmp_path, "a", "b", "c/x", "d")

    with Folder.open(tmp_path) as folder:
        entries = scan(folder)
        paths = [next(entries).path]
        os.unlink(tmp_path / "b")
        shutil.rmtree(tmp_path / "c")
        paths += [one.path for one in entries]

    assert paths == ["a", "d"]


@posix
def test_a_folder_that_becomes_a_link_during_the_scan_is_not_entered(tmp_path):
    make(tmp_path, "root/a", "root/b/x", "outside/secret")

    with Folder.open(tmp_path / "root") as folder:
        entries = scan(folder)
        paths = [next(entries).path]
        shutil.rmtree(tmp_path / "root/b")
        (tmp_path / "root/b").symlink_to(tmp_path / "outside")
        paths += [one.path for one in entries]

    assert not any("secret" in path for path in paths)


@posix
@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root reads all")
def test_a_folder_that_cannot_be_read_is_an_error(tmp_path):
    make(tmp_path, "a/x")
    os.chmod(tmp_path / "a", 0)
    try:
        with pytest.raises(PermissionError):
            found(tmp_path)
    finally:
        os.chmod(tmp_path / "a", 0o700)


def nest(root, depth):
    fd = os.open(root, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=fd)
        inner = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(fd)


@posix
def test_a_deep_nest_is_scanned_and_a_bottomless_one_is_an_error(tmp_path):
    nest(tmp_path, 400)
    assert found(tmp_path) == ["d/" * 400]

    os.rename(tmp_path / "d", tmp_path / "e")
    (tmp_path / "d").mkdir()
    os.rename(tmp_path / "e", tmp_path / "d/d")
    with pytest.raises(OSError, match="nested"):
        found(tmp_path)


@posix
def test_no_descriptor_is_left_open_when_a_scan_is_given_up(tmp_path):
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("no /proc")
    make(tmp_path, "a/b/c/d", "a/b/c/e")
    before = len(os.listdir("/proc/self/fd"))

    with Folder.open(tmp_path) as folder:
        entries = scan(folder)
        next(entries)
        entries.close()

    assert len(os.listdir("/proc/self/fd")) == before


COUNT = """
import resource, sys
from dvclite.files.folder import Folder
from dvclite.files.scan import Ignore, scan
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with Folder.open(sys.argv[1]) as folder:
    count = sum(1 for _ in scan(folder))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts in KiB")
def test_a_crowded_folder_takes_little_memory(tmp_path):
    fd = os.open(tmp_path, os.O_RDONLY)
    for number in range(8_000):
        os.close(os.open(f"{number:08}", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)

    done = subprocess.run(
        [sys.executable, "-c", COUNT, str(tmp_path)], capture_output=True, check=True
    )

    count, kibibytes = map(int, done.stdout.split())
    assert count == 8_000
    assert kibibytes * 1024 / count < 400, "the stat of each file must not stay in memory"


@posix
def test_a_tree_that_changes_under_the_scan_never_breaks_it(tmp_path):
    make(tmp_path, *(f"{letter}/{number}/x" for letter in "abc" for number in range(5)))
    done = threading.Event()

    def disturb():
        while not done.is_set():
            for letter in "abc":
                shutil.rmtree(tmp_path / letter / "3", ignore_errors=True)
                (tmp_path / letter / "3").write_text("a file now")
                os.unlink(tmp_path / letter / "3")
                make(tmp_path, f"{letter}/3/x/y")

    disturber = threading.Thread(target=disturb)
    disturber.start()
    try:
        for _ in range(200):
            paths = found(tmp_path)
            assert paths == sorted(set(paths))
    finally:
        done.set()
        disturber.join()
