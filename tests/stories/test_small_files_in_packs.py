"""Many small files: what commands do with the packs that hold them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from dvclite.pack.reader import PackFile

FILES = {f"data/{number % 7}/{number}": f"content {number}" for number in range(300)}


def fill(repo, files=FILES):
    for path, content in files.items():
        repo.write(path, content)


def copies(cache):
    """Return how often each blob is in packs."""
    found = Counter()
    for path in cache.glob("packs/*/*"):
        with PackFile(path, path.name) as pack:
            found.update(entry.digest for entry in pack.entries())
    return found


def come_back(repo, files=FILES):
    shutil.rmtree(repo.root / "data")
    done = repo.invoke("checkout")
    assert done.exit_code == 0, done.stderr
    return all(repo.read(path).decode() == content for path, content in files.items())


def test_a_few_hundred_files_are_one_pack(repo):
    fill(repo)
    assert repo.invoke("add", "data").exit_code == 0

    assert set(copies(repo.root / ".dvclite/cache").values()) == {1}
    assert len(list(repo.root.glob(".dvclite/cache/packs/*/*"))) == 1
    assert not (repo.root / ".dvclite/cache/files").exists()
    assert come_back(repo)


def test_an_edit_adds_what_is_new_and_no_more(repo):
    fill(repo)
    repo.invoke("add", "data")
    repo.write("data/0/0", "edited")
    assert repo.invoke("add", "data").exit_code == 0

    assert set(copies(repo.root / ".dvclite/cache").values()) == {1}
    sizes = sorted(p.stat().st_size for p in repo.root.glob(".dvclite/cache/packs/*/*"))
    assert len(sizes) == 2
    assert come_back(repo, FILES | {"data/0/0": "edited"})


def test_several_repositories_add_to_one_cache_at_once(copy_of_repo, tmp_path):
    cache = tmp_path / "shared"
    repos = [copy_of_repo(tmp_path / f"repo{number}") for number in range(4)]
    for number, repo in enumerate(repos):
        repo.invoke("cache", "dir", cache)
        fill(repo, FILES | {f"data/own{number}": f"own {number}"})

    command = [sys.executable, "-P", "-m", "dvclite", "add", "data"]
    adding = [subprocess.Popen(command, cwd=repo.root) for repo in repos]
    assert [one.wait() for one in adding] == [0] * 4

    assert max(copies(cache).values()) <= len(repos)
    for number, repo in enumerate(repos):
        assert come_back(repo, FILES | {f"data/own{number}": f"own {number}"})
    assert repos[0].invoke("add", "data").exit_code == 0
    assert not any((cache / "leases").iterdir())


def test_what_one_repository_added_the_other_does_not_write_again(copy_of_repo, tmp_path):
    cache = tmp_path / "shared"
    repos = [copy_of_repo(tmp_path / f"repo{number}") for number in range(2)]
    for repo in repos:
        repo.invoke("cache", "dir", cache)
        fill(repo)
        assert repo.invoke("add", "data").exit_code == 0

    assert set(copies(cache).values()) == {1}


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_an_add_that_was_killed_is_completed_by_the_next(repo):
    files = {f"data/{number}": f"{number}" * 2000 for number in range(2000)}
    fill(repo, files)
    command = [sys.executable, "-P", "-m", "dvclite", "add", "data"]
    adding = subprocess.Popen(command, cwd=repo.root)
    partial = repo.root / ".dvclite/cache/tmp"
    while adding.poll() is None and not list(partial.glob("*/*")):
        time.sleep(0.001)
    os.kill(adding.pid, signal.SIGKILL)
    adding.wait()

    assert repo.invoke("add", "data").exit_code == 0
    assert set(copies(repo.root / ".dvclite/cache").values()) == {1}
    assert come_back(repo, files)
    left = [path for path in (repo.root / ".dvclite/cache/tmp").rglob("*") if path.is_file()]
    assert left == []


def test_packs_that_somebody_deleted_are_missed_by_status_and_fetched_again(repo, tmp_path):
    fill(repo)
    repo.invoke("remote", "add", "-d", "store", tmp_path / "store")
    repo.invoke("add", "data")
    assert repo.invoke("push").exit_code == 0
    shutil.rmtree(repo.root / ".dvclite/cache/packs")

    assert "301 blobs not in the cache" in repo.invoke("status").stdout
    shutil.rmtree(repo.root / "data")
    assert repo.invoke("checkout").exit_code == 5
    assert repo.invoke("pull").exit_code == 0
    assert come_back(repo)


def test_packs_that_somebody_deleted_are_written_again_by_add(repo):
    fill(repo)
    repo.invoke("add", "data")
    shutil.rmtree(repo.root / ".dvclite/cache/packs")

    assert repo.invoke("add", "data").exit_code == 0
    assert come_back(repo)


def test_names_that_can_be_forged_go_into_packs_too(repo, tmp_path):
    root = tmp_path / "weak"
    shutil.copytree(repo.root, root, ignore=shutil.ignore_patterns(".dvclite"))
    weak = type(repo)(root)
    assert weak.invoke("init", "--hash", "xxh128").exit_code == 0
    fill(weak)
    assert weak.invoke("add", "data").exit_code == 0
    assert weak.invoke("add", "data").exit_code == 0

    assert set(copies(root / ".dvclite/cache").values()) == {1}
    assert come_back(weak)


def test_links_are_made_of_what_lies_loose_though_packs_have_it_too(repo):
    fill(repo)
    repo.invoke("add", "data")
    repo.invoke("config", "cache.type", "hardlink")
    repo.invoke("config", "cache.largest_packed", "0")
    (repo.root / ".dvclite/tmp/stat.db").unlink()
    assert repo.invoke("add", "data").exit_code == 0

    assert come_back(repo)
    assert (repo.root / "data/0/0").stat().st_nlink == 2


@pytest.mark.parametrize("command", ["add", "checkout", "status"])
def test_commands_do_without_the_database_of_packs(repo, command):
    fill(repo)
    repo.invoke("add", "data")
    repo.commit("data")
    place = repo.root / ".dvclite/tmp/packs.db"
    place.unlink()
    place.mkdir()

    words = ("add", "data") if command == "add" else (command,)
    assert repo.invoke(*words).exit_code == 0
    assert come_back(repo)
