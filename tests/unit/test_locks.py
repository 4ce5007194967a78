import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from dvclite.errors import LockTimeoutError
from dvclite.files import changes
from dvclite.files.locks import hold, try_lock

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX only")

HOLDER = """
import sys, time
from dvclite.files.locks import hold
with hold(sys.argv[1]):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def start_holder(path, seconds):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), str(seconds)], stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"held\n" or os.name == "nt"
    holder.stdout.close()
    return holder


def test_a_lock_is_free_after_its_block_even_after_an_error(tmp_path):
    path = str(tmp_path / "lock")
    with pytest.raises(KeyError), hold(path):
        raise KeyError

    with hold(path, seconds=0):
        pass

    assert os.listdir(tmp_path) == ["lock"]


def test_a_lock_that_another_holds_is_waited_for_and_then_named(tmp_path):
    path = str(tmp_path / "lock")

    with hold(path):
        began = time.monotonic()
        with pytest.raises(LockTimeoutError, match="lock"), hold(path, seconds=0.1):
            pass

    assert time.monotonic() - began >= 0.1


def test_a_lock_is_had_as_soon_as_another_process_lets_go(tmp_path):
    path = str(tmp_path / "lock")
    holder = start_holder(path, 0.3)

    with hold(path, seconds=30):
        assert holder.wait(30) == 0


@posix
def test_a_killed_holder_holds_nothing(tmp_path):
    path = str(tmp_path / "lock")
    holder = start_holder(path, 60)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()

    with hold(path, seconds=1):
        pass


@posix
def test_where_a_file_system_has_no_locks_work_goes_on_without(monkeypatch, tmp_path):
    import fcntl

    code = errno.ENOLCK

    def refuse(_fd, _operation):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    fd = changes.open_lock(str(tmp_path / "lock"))
    try:
        assert try_lock(fd)
        code = errno.EIO
        with pytest.raises(OSError, match="Input/output error"):
            try_lock(fd)
    finally:
        os.close(fd)
