"""Comparing a few hundred files at a time beside comparing them one by one."""

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvclite import database
from dvclite.files import scan
from dvclite.statcache.rows import Row, signature
from dvclite.statcache.statcache import StatCache
from dvclite.tree import Entry
from dvclite.workspace.alike import beside_rows, paired
from dvclite.workspace.workspace import Workspace

names = st.sampled_from(["a", "b", "a-b", "a.b", "a0", "é", "\udcff", "😀", "c", "d"])
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
changes = st.sampled_from(["none", "none", "none", "content", "gone", "new", "seal", "key"])


@pytest.fixture(scope="module", autouse=True)
def few_are_many():
    """Have runs and rows end at other places, soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "_TOGETHER", 3)
        patch.setattr(database, "TOGETHER", 2)
        yield


def fill(root, wanted):
    """Make files, as far as no other path is in the way, and return which there are."""
    for path in wanted:
        target = os.path.join(root, "data", path)
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "x") as file:
                file.write(path.encode("utf-8", "surrogateescape").hex())
        except OSError:
            continue


def disturb(workspace, change, found):
    target = os.path.join(workspace.root, found.path)
    with closing(sqlite3.connect(workspace.temporary / "stat.db")) as connection, connection:
        key = found.path.encode("utf-8", "surrogatepass")
        if change == "content":
            with open(target, "a") as file:
                file.write("more")
        elif change == "gone":
            os.unlink(target)
        elif change == "new":
            connection.execute("DELETE FROM files WHERE path = ?", (key,))
        elif change == "seal":
            connection.execute(
                "UPDATE files SET seal = 0, signature = x'00' WHERE path = ?", (key,)
            )
        elif change == "key":
            connection.execute("UPDATE files SET path = path || x'ff' WHERE path = ?", (key,))


def is_alike(pair):
    found, row = pair
    return found is not None and row is not None and signature(found.stat) == row.signature


def told(pair):
    found, row = pair
    return found and (found.path, found.name, signature(found.stat)), row


@settings(max_examples=150)
@given(st.dictionaries(paths, changes, max_size=20))
def test_whatever_differs_is_found_as_if_each_path_was_looked_at(plan):
    root = Path(tempfile.mkdtemp())
    try:
        (root / "data").mkdir()
        statcache = StatCache(root / "stat.db")
        workspace = Workspace(root, root, None, None, statcache, (), None, None)
        fill(root, plan)
        everything = list(workspace.found("data"))
        with statcache.updating() as update:
            for found in everything:
                update.put(Row(found.path, signature(found.stat), b"f" + bytes(8)))
            update.commit({"data": Entry("").oid})
        for found in everything:
            disturb(workspace, plan.get(found.path.removeprefix("data/")), found)

        counted, pairs = 0, []
        for alike, others in beside_rows(workspace, "data"):
            counted += alike
            pairs += map(told, others)

        one_by_one = list(paired(workspace.found("data"), statcache.below("data")))
        different = [told(pair) for pair in one_by_one if not is_alike(pair)]
        same = [told(pair) for pair in one_by_one if is_alike(pair)]
        assert [pair for pair in pairs if pair not in same] == different
        assert counted + sum(pair in same for pair in pairs) == len(same)
    finally:
        statcache.close()
        shutil.rmtree(root)
