"""What the stat cache is told of files that were just written."""

import os
import time

import pytest

from dvclite.files.clock import settling_time
from dvclite.files.staging import Staging
from dvclite.hashing import Oid
from dvclite.statcache.rows import signature
from dvclite.statcache.statcache import StatCache
from dvclite.tree import Entry
from dvclite.workspace.place import Place
from dvclite.workspace.settling import Settling

OID = Oid("ab" * 32)


@pytest.fixture
def settle(tmp_path):
    """Write files as a checkout does, and return what is remembered of them, by path.

    Called with their number, and with functions to call after so many of them.
    """
    root = tmp_path / "root"

    def settle(count, **interruptions):
        (root / "data").mkdir(parents=True)
        path = tmp_path / "stat.db"
        with (
            Staging(tmp_path / "tmp") as staging,
            StatCache(path).updating() as update,
            Place(root) as place,
        ):
            settling = Settling(place, staging, update)
            for number in range(count):
                name = f"data/{number:05}"
                partial = staging.new_path()
                with open(partial, "wb") as file:
                    file.write(b"ours")
                place.take(partial, name)
                settling.add(Entry(name, OID, 4))
                interruptions.get(f"after_{number + 1}", lambda _root: None)(root)
            settling.finish()
            update.commit({"data": None})
        with StatCache(path) as cache:
            return {row.path: row.signature for row in cache.below("data")}

    def is_trusted(remembered, path):
        return remembered[path] == signature(os.lstat(root / path))

    settle.is_trusted = is_trusted
    return settle


def test_files_that_were_left_alone_need_not_be_read_again(settle, tmp_path):
    remembered = settle(250)

    assert len(remembered) == 250
    for path in remembered:
        # A clock that keeps whole seconds needs more patience than a checkout has.
        slow = settling_time(os.lstat(tmp_path / "root" / path)) > 0.1
        assert slow or settle.is_trusted(remembered, path)


@pytest.mark.parametrize("content", [b"more", b"more than that"])
def test_a_file_that_somebody_else_changes_meanwhile_is_not_taken_for_ours(settle, content):
    def change(root):
        time.sleep(0.05)
        (root / "data" / "00000").write_bytes(content)

    remembered = settle(3000, after_150=change)

    assert not settle.is_trusted(remembered, "data/00000")


def test_a_file_of_another_size_is_not_taken_for_ours_however_quickly_it_came(settle):
    def change(root):
        (root / "data" / "00000").write_bytes(b"more than that")

    remembered = settle(3, after_1=change)

    assert not settle.is_trusted(remembered, "data/00000")


def test_a_file_that_is_replaced_meanwhile_is_not_taken_for_ours(settle):
    def replace(root):
        time.sleep(0.05)
        new = root / "new"
        new.write_bytes(b"more")
        os.utime(new, ns=(1, 1))
        new.replace(root / "data" / "00000")

    remembered = settle(3000, after_150=replace)

    assert not settle.is_trusted(remembered, "data/00000")


def test_a_file_that_is_gone_meanwhile_is_not_remembered(settle):
    remembered = settle(150, after_120=lambda root: (root / "data" / "00000").unlink())

    assert "data/00000" not in remembered
    assert len(remembered) == 149


def test_an_empty_folder_that_was_left_alone_is_trusted(tmp_path):
    (tmp_path / "root" / "data" / "empty").mkdir(parents=True)
    path = tmp_path / "stat.db"
    with (
        Staging(tmp_path / "tmp") as staging,
        StatCache(path).updating() as update,
        Place(tmp_path / "root") as place,
    ):
        settling = Settling(place, staging, update)
        settling.add(Entry("data/empty/"))
        settling.finish()
        update.commit({"data": None})

    with StatCache(path) as cache:
        (remembered,) = cache.below("data")
    found = os.lstat(tmp_path / "root" / "data" / "empty")
    assert remembered.path == "data/empty/"
    assert settling_time(found) > 0.1 or remembered.signature == signature(found)
