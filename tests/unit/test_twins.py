"""A twin is whole, durable and taken once, or it is nowhere."""

import errno
import os

import pytest

from dvclite.files import changes, twins
from dvclite.files.twins import Twin, Twins
from dvclite.hashing import Oid

A = Oid("a" * 64)


@pytest.fixture
def twin(tmp_path):
    return Twin(str(tmp_path / "twin"), 10)


@pytest.fixture
def made(tmp_path):
    """Twins for a tree in which nothing is."""
    (tmp_path / "tree").mkdir()
    made = Twins(tmp_path / "tree", tmp_path / "tmp")
    with made.made(lambda: True):
        yield made
    assert not list((tmp_path / "tmp").glob("*"))


def test_what_was_given_is_flushed_and_kept(twin, monkeypatch):
    flushed = []
    flush = changes.flush
    monkeypatch.setattr(changes, "flush", lambda fd: flushed.append(os.fstat(fd)) or flush(fd))
    twin.update(b"01234")
    twin.update(memoryview(b"56789"))

    assert twin.finish(10)
    assert [found.st_ino for found in flushed] == [os.stat(twin.path).st_ino]
    with open(twin.path, "rb") as file:
        assert file.read() == b"0123456789"


@pytest.mark.parametrize("step", ["write", "flush", "close"])
def test_one_that_cannot_be_written_takes_no_room(twin, monkeypatch, step):
    def fail(*_arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(changes, step, fail)
    twin.update(b"0123456789")
    assert os.path.exists(twin.path) == (step != "write")
    assert not twin.finish(10)
    assert not os.path.exists(twin.path)


def test_one_that_is_too_short_takes_no_room(twin):
    twin.update(b"01234")
    assert not twin.finish(10)
    assert not os.path.exists(twin.path)


def test_nothing_is_written_to_one_that_was_given_up(twin, monkeypatch):
    twin.discard()
    monkeypatch.setattr(changes, "write", None)
    twin.update(b"01234")
    twin.discard()
    assert not twin.finish(5)


def test_a_twin_is_taken_once(made, tmp_path):
    twin = made.begin("data/a", 5)
    twin.update(b"01234")
    made.keep(twin, A, 5)

    assert made.take(A, str(tmp_path / "1"), executable=False)
    assert not made.take(A, str(tmp_path / "2"), executable=False)
    assert (tmp_path / "1").read_bytes() == b"01234"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no executable bits")
def test_a_twin_becomes_executable_for_those_who_may_read_it(made, tmp_path):
    before = os.umask(0o027)
    try:
        twin = made.begin("data/a", 0)
    finally:
        os.umask(before)
    made.keep(twin, A, 0)
    assert made.take(A, str(tmp_path / "1"), executable=True)
    assert (tmp_path / "1").stat().st_mode & 0o777 == 0o750


def test_those_that_were_given_up_make_room_for_others(made):
    begun = [made.begin(f"{number}", 1) for number in range(4)]
    assert None not in begun
    assert made.begin("5", 1) is None
    made.discard(begun[0])
    assert made.begin("5", 1) is not None


def test_room_is_counted_for_all_that_are_on_their_way(made, monkeypatch):
    class Usage:
        free = 2 * 100 + twins._SPARE + 1

    monkeypatch.setattr(twins.shutil, "disk_usage", lambda _path: Usage)
    assert made.begin("1", 60) is not None
    assert made.begin("2", 41) is None
    assert made.begin("2", 40) is not None


def test_nothing_is_begun_where_something_is(made, tmp_path):
    (tmp_path / "tree/there").symlink_to("nowhere")
    assert made.begin("there", 1) is None


def test_whether_they_are_useful_is_asked_once(tmp_path):
    asked = []
    made = Twins(tmp_path, tmp_path / "tmp")
    with made.made(lambda: bool(asked.append(1))):
        assert [made.begin(f"{number}", 1) for number in range(3)] == [None] * 3
    assert asked == [1]
    assert made.begin("after", 1) is None
