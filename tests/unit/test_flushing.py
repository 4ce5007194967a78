"""What is known of a file system decides how files on it are flushed."""

import errno
import os
import sys
import threading

import pytest

from dvclite.files import flushing
from dvclite.files.flushing import Meanwhile

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")


def test_what_is_done_meanwhile_is_done_when_it_was_waited_for():
    may, done = threading.Event(), []

    def do():
        may.wait()
        done.append(True)

    meanwhile = Meanwhile(do)
    assert not done
    may.set()
    meanwhile.wait()

    assert done


def test_what_fails_meanwhile_fails_where_it_is_waited_for():
    def fail():
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    meanwhile = Meanwhile(fail)

    with pytest.raises(OSError, match="Input/output error"):
        meanwhile.wait()


MOUNTS = r"""
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
22 21 8:2 / /mnt/with\040space rw - xfs /dev/sdb1 rw
23 21 0:50 / /mnt/数据 rw,nosuid - fuse.sshfs host:/data rw
24 23 0:51 / /mnt/数据/inner rw shared:4 master:2 - btrfs /dev/sdc rw
25 21 0:52 / /mnt/back\134slash rw - nfs4 host:/x rw
26 25 0:53 / /over rw - tmpfs tmpfs rw
27 26 0:54 / /over rw - fuse x rw
"""


@linux
@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/", "ext4"),
        ("/home/ada", "ext4"),
        ("/mnt/with space/cache", "xfs"),
        ("/mnt/with spaces", "ext4"),
        ("/mnt/数据", "fuse.sshfs"),
        ("/mnt/数据/cache", "fuse.sshfs"),
        ("/mnt/数据/inner/cache", "btrfs"),
        ("/mnt/back\\slash/x", "nfs4"),
        ("/over/x", "fuse"),
        ("/overt", "ext4"),
    ],
)
def test_the_type_of_a_file_system_is_that_of_the_innermost_mount(monkeypatch, place, kind):
    monkeypatch.setattr(flushing, "_mounts", lambda: MOUNTS.strip().splitlines())

    assert flushing._filesystem_type(place) == kind


@linux
@pytest.mark.parametrize(
    ("release", "trusted"),
    [
        ("4.18.0-553.el8_10.x86_64", False),
        ("5.7.19", False),
        ("5.8.0-rc1", True),
        ("5.10.0-28-amd64", True),
        ("6.1.0", True),
        ("10.0", True),
    ],
)
def test_a_linux_that_does_not_report_failures_is_not_asked_to_flush_all(
    monkeypatch, tmp_path, release, trusted
):
    monkeypatch.setattr(flushing, "_filesystem_type", lambda _place: "ext4")
    system = os.uname()
    monkeypatch.setattr(os, "uname", lambda: os.uname_result((*system[:2], release, *system[3:])))

    assert flushing.has_syncfs(str(tmp_path)) == trusted
