"""What commands leave behind that were killed while they relied on blobs."""

import os
import subprocess
import sys

import pytest

from dvclite.cache.leases import Lease, collecting, leased
from dvclite.files import owners
from dvclite.hashing import Oid

pytestmark = pytest.mark.skipif(os.name == "nt", reason="nobody can tell there who still runs")

OURS, THEIRS = Oid("aa" * 32), Oid("bb" * 32)


@pytest.fixture
def gone():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "leases"
    folder.mkdir()
    return folder


def left_by(process, folder, ending=""):
    """Leave in a folder what a process would have."""
    name = owners.own_name().replace(f"-{os.getpid()}-", f"-{process}-") + ending
    (folder / name).write_text(f"{THEIRS}\n")


def test_the_next_command_removes_what_a_killed_one_relied_on(folder, gone):
    left_by(gone, folder)
    left_by(os.getppid(), folder)

    lease = Lease(str(folder), 0o777)
    lease.rely_on([OURS])

    assert len(list(folder.iterdir())) == 2
    assert leased(folder.parent) == {OURS, THEIRS}
    lease.end()
    assert len(list(folder.iterdir())) == 1


def test_while_somebody_collects_it_stays(folder, gone):
    left_by(gone, folder)
    with collecting(folder.parent, 0o777):
        left_by(gone, folder)
        lease = Lease(str(folder), 0o777)
        lease.rely_on([OURS])
        assert leased(folder.parent) == {OURS, THEIRS}
        lease.end()
        assert leased(folder.parent) == {OURS, THEIRS}


def test_a_collector_that_was_killed_keeps_nothing_alive(folder, gone):
    left_by(gone, folder)
    left_by(gone, folder, ".collecting")
    left_by(gone, folder, ".ended")

    lease = Lease(str(folder), 0o777)
    lease.rely_on([OURS])

    assert leased(folder.parent) == {OURS}
    lease.end()
    assert not list(folder.iterdir())
