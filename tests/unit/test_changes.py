import os
import stat
import sys

import pytest

from dvclite.files import changes

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX only")


def test_a_new_file_is_made_and_written_whole(tmp_path):
    path = str(tmp_path / "file")
    data = bytes(range(256)) * 1000

    fd = changes.create(path)
    changes.write(fd, data)
    changes.flush(fd)
    changes.close(fd)

    assert (tmp_path / "file").read_bytes() == data


def test_what_has_a_name_is_never_opened_for_writing(tmp_path):
    (tmp_path / "file").write_bytes(b"mine")

    with pytest.raises(FileExistsError):
        changes.create(str(tmp_path / "file"))

    assert (tmp_path / "file").read_bytes() == b"mine"


def test_a_file_that_begins_its_way_to_the_disk_stays_what_it_is(tmp_path):
    fd = changes.create(str(tmp_path / "file"))
    changes.write(fd, b"abc")
    changes.begin_flush(fd)
    changes.write(fd, b"def")
    changes.begin_flush(fd)
    changes.flush(fd)
    changes.close(fd)

    assert (tmp_path / "file").read_bytes() == b"abcdef"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_disk_without_room_is_named_by_the_error_of_an_open_file():
    fd = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(OSError, match="No space left") as caught:
            changes.write(fd, b"abc")
    finally:
        os.close(fd)

    assert caught.value.errno in changes.NO_ROOM
    assert caught.value.filename == "/dev/full"


@posix
def test_a_link_to_nothing_is_not_written_through(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(FileExistsError):
        changes.create(str(tmp_path / "link"))
    with pytest.raises(OSError, match="symbolic links"):
        changes.open_lock(str(tmp_path / "link"))

    assert not (tmp_path / "elsewhere").exists()


@posix
def test_the_umask_is_taken_from_a_mode(tmp_path):
    before = os.umask(0o027)
    try:
        changes.close(changes.create(str(tmp_path / "file"), mode=0o666))
        changes.make_folder(str(tmp_path / "folder"), mode=0o777)
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o750


class Short:
    """The `os` module, but writing at most three bytes at a time."""

    def __getattr__(self, name):
        return getattr(os, name)

    def write(self, fd, data):
        return os.write(fd, data[:3])


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_short_writes_are_continued(tmp_path, monkeypatch, kind):
    fd = changes.create(str(tmp_path / "file"))
    monkeypatch.setattr(changes, "os", Short())

    changes.write(fd, kind(b"0123456789"))
    changes.close(fd)

    assert (tmp_path / "file").read_bytes() == b"0123456789"


def test_a_rename_takes_the_place_of_what_was_there(tmp_path):
    (tmp_path / "new").write_bytes(b"new")
    (tmp_path / "old").write_bytes(b"old")

    changes.rename(str(tmp_path / "new"), str(tmp_path / "old"))

    assert os.listdir(tmp_path) == ["old"]
    assert (tmp_path / "old").read_bytes() == b"new"


def test_a_hard_link_never_takes_the_place_of_anything(tmp_path):
    (tmp_path / "file").write_bytes(b"file")
    (tmp_path / "other").write_bytes(b"other")

    changes.link(str(tmp_path / "file"), str(tmp_path / "second"))
    with pytest.raises(FileExistsError):
        changes.link(str(tmp_path / "file"), str(tmp_path / "other"))

    assert (tmp_path / "second").samefile(tmp_path / "file")
    assert (tmp_path / "other").read_bytes() == b"other"


def test_times_are_set_to_the_present(tmp_path):
    (tmp_path / "file").touch()
    os.utime(tmp_path / "file", (1, 1))

    changes.touch(str(tmp_path / "file"))

    assert (tmp_path / "file").stat().st_mtime > 1_000_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_a_file_system_is_flushed_by_any_open_folder_of_it(tmp_path):
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        changes.flush_filesystem(fd)
    finally:
        os.close(fd)

    with pytest.raises(OSError, match="Bad file descriptor"):
        changes.flush_filesystem(fd)


def test_a_clone_is_the_same_or_says_that_it_cannot_be_made(tmp_path):
    (tmp_path / "source").write_bytes(b"x" * 8192)
    source = os.open(tmp_path / "source", os.O_RDONLY)
    target = changes.create(str(tmp_path / "target"))
    try:
        cloned = changes.clone(source, target)
    finally:
        os.close(source)
        changes.close(target)

    assert (tmp_path / "target").read_bytes() == (b"x" * 8192 if cloned else b"")


@posix
def test_names_are_changed_inside_an_open_folder_wherever_it_went(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "mine").write_bytes(b"mine")
    folder = os.open(tmp_path / "folder", os.O_RDONLY)
    os.rename(tmp_path / "folder", tmp_path / "moved")
    (tmp_path / "folder").mkdir()
    try:
        changes.close(changes.create("file", folder=folder))
        changes.make_folder("inner", folder=folder)
        changes.symlink("file", "link", folder=folder)
        changes.rename(str(tmp_path / "mine"), "taken", target_folder=folder)
        changes.link(str(tmp_path / "moved/taken"), "second", target_folder=folder)
        changes.set_mode("file", 0o600, folder=folder)
        assert sorted(os.listdir(tmp_path / "moved")) == [
            *("file", "inner", "link", "second", "taken")
        ]
        changes.unlink("file", folder=folder)
        changes.remove_folder("inner", folder=folder)
    finally:
        os.close(folder)

    assert sorted(os.listdir(tmp_path / "moved")) == ["link", "second", "taken"]
    assert os.listdir(tmp_path / "folder") == []
