import errno
import os
import stat
import threading

import pytest

from dvclite.files import atomic, changes
from dvclite.files.atomic import PARTIAL_PREFIX, discard, flush_folder, write_atomically

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX only")


class Failing:
    """The `os` module, in which one call does not work."""

    def __init__(self, name, code=errno.EIO):
        self._name = name
        self._code = code

    def __getattr__(self, name):
        if name == self._name:
            raise OSError(self._code, os.strerror(self._code))
        return getattr(os, name)


def test_a_file_is_made_and_replaced(tmp_path):
    path = tmp_path / "file"

    for data in (b"one", b"", b"three" * 100_000):
        write_atomically(path, data)
        assert path.read_bytes() == data

    assert os.listdir(tmp_path) == ["file"]


@posix
def test_a_file_keeps_its_mode_and_a_new_one_has_the_usual_one(tmp_path):
    before = os.umask(0o022)
    try:
        write_atomically(tmp_path / "new", b"")
        write_atomically(tmp_path / "secret", b"", mode=0o600)
        write_atomically(tmp_path / "secret", b"more")
        os.chmod(tmp_path / "new", 0o4751)
        write_atomically(tmp_path / "new", b"", mode=0o600)
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o4751


@posix
@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_replaced_and_what_it_leads_to_is_not_touched(tmp_path, exists):
    (tmp_path / "there").mkdir()
    if exists:
        (tmp_path / "there/file").write_bytes(b"precious")
        os.chmod(tmp_path / "there/file", 0o600)
    (tmp_path / "link").symlink_to("there/file")

    write_atomically(tmp_path / "link", b"data")

    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link").read_bytes() == b"data"
    assert (tmp_path / "there/file").exists() == exists
    assert not exists or (tmp_path / "there/file").read_bytes() == b"precious"


@posix
def test_a_link_is_written_through_where_that_is_asked_for(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there/file")

    write_atomically(tmp_path / "link", b"data", follow=True)

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there/file").read_bytes() == b"data"
    assert os.listdir(tmp_path / "there") == ["file"]


def test_a_reader_meets_the_old_content_or_the_new_never_a_mixture(tmp_path):
    path = tmp_path / "file"
    contents = [bytes([letter]) * 50_000 for letter in b"ab"]
    write_atomically(path, contents[0])
    done = threading.Event()

    def write():
        for number in range(50):
            write_atomically(path, contents[number % 2])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    met = set()
    while not done.is_set():
        met.add(path.read_bytes())
    writer.join()

    assert met <= set(contents)


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_failure_leaves_the_old_content_and_nothing_beside_it(tmp_path, monkeypatch, call):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(changes, "os", Failing(call))

    with pytest.raises(OSError, match="Input/output error"):
        write_atomically(path, b"new")

    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_the_content_is_flushed_before_it_is_named_and_the_name_after(tmp_path, monkeypatch):
    calls = []
    for name in ("write", "flush", "rename"):
        real = getattr(changes, name)
        monkeypatch.setattr(
            changes, name, lambda *args, _name=name, _real=real: (calls.append(_name), _real(*args))
        )

    write_atomically(tmp_path / "file", b"data")

    assert calls == ["write", "flush", "rename", *(["flush"] if os.name != "nt" else [])]


def test_a_folder_in_the_way_is_an_error_that_leaves_nothing(tmp_path):
    (tmp_path / "folder").mkdir()

    with pytest.raises((IsADirectoryError, PermissionError)):
        write_atomically(tmp_path / "folder", b"data")

    assert os.listdir(tmp_path) == ["folder"]


@posix
def test_what_a_killed_process_left_is_swept_and_what_a_living_one_uses_is_not(tmp_path):
    child = os.fork()
    if child == 0:
        changes.create(str(tmp_path / (PARTIAL_PREFIX + atomic.own_name())))
        os._exit(0)
    os.waitpid(child, 0)
    (dead,) = os.listdir(tmp_path)
    alive = PARTIAL_PREFIX + atomic.own_name()
    (tmp_path / alive).touch()
    (tmp_path / (PARTIAL_PREFIX + "somebody's notes")).touch()

    write_atomically(tmp_path / "file", b"data")

    assert dead != alive
    assert sorted(os.listdir(tmp_path)) == sorted(
        [alive, PARTIAL_PREFIX + "somebody's notes", "file"]
    )


def test_discarding_what_is_gone_is_no_error(tmp_path):
    (tmp_path / "file").touch()

    discard(str(tmp_path / "file"))
    discard(str(tmp_path / "file"))

    assert os.listdir(tmp_path) == []


@posix
def test_a_file_system_that_cannot_flush_folders_is_borne_and_one_that_fails_is_not(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(changes, "os", Failing("fsync", errno.EINVAL))
    flush_folder(str(tmp_path))

    monkeypatch.setattr(changes, "os", Failing("fsync", errno.EIO))
    with pytest.raises(OSError, match="Input/output error"):
        flush_folder(str(tmp_path))
