import os
import threading
import time

import pytest

from dvclite.files import copying, flushing
from dvclite.files.copying import copy, ignore_bytes, read, read_whole
from dvclite.hashing import BLAKE3, READ_SIZE, hash_bytes

SIZES = [0, 1, READ_SIZE - 1, READ_SIZE, READ_SIZE + 1, 3 * READ_SIZE + 17]


@pytest.fixture(params=[True, False], ids=["readv", "read"])
def either_way(request, monkeypatch):
    """Read as systems with `readv` do, and as the others do."""
    if request.param and not hasattr(os, "readv"):
        pytest.skip("no readv")
    monkeypatch.setattr(copying, "_HAS_READV", request.param)


def source(tmp_path, size):
    data = os.urandom(size)
    (tmp_path / "source").write_bytes(data)
    return data, os.open(tmp_path / "source", os.O_RDONLY | getattr(os, "O_BINARY", 0))


@pytest.fixture(params=[True, False], ids=["large", "small"])
def large_or_small(request, monkeypatch):
    """Hash as if files were large, in a thread, and as if they were small."""
    monkeypatch.setattr(copying, "_LARGE", 0 if request.param else 1 << 60)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("flush", [True, False])
def test_a_copy_is_the_same_and_is_hashed_on_the_way(
    tmp_path, size, flush, either_way, large_or_small, monkeypatch
):
    data, fd = source(tmp_path, size)
    hasher, moved = BLAKE3.new(), []
    monkeypatch.setattr(flushing, "_TOGETHER", READ_SIZE)

    with open(tmp_path / "target", "wb", buffering=0) as target:
        copied = copy(fd, target.fileno(), hasher, moved.append, to_be_flushed=flush)
    os.close(fd)

    assert (tmp_path / "target").read_bytes() == data
    assert hasher.hexdigest() == hash_bytes(data, BLAKE3)
    assert copied == sum(moved) == size


class Slow:
    """A hasher that is always behind."""

    def __init__(self):
        self.taken = bytearray()

    def update(self, piece):
        time.sleep(0.01)
        self.taken += piece


def test_a_piece_stays_what_it_is_until_it_is_hashed(tmp_path, large_or_small):
    data, fd = source(tmp_path, 6 * READ_SIZE + 1)
    hasher = Slow()

    read(fd, hasher, ignore_bytes)
    os.close(fd)
    assert hasher.taken == data


class Broken:
    """A hasher that fails at its second piece."""

    def __init__(self):
        self.pieces = 0

    def update(self, piece):
        self.pieces += 1
        if self.pieces > 1:
            raise MemoryError


@pytest.mark.parametrize("size", [2 * READ_SIZE, 2 * READ_SIZE + 1, 5 * READ_SIZE])
def test_a_failure_to_hash_is_not_lost_in_another_thread(tmp_path, size, large_or_small):
    _, fd = source(tmp_path, size)

    with pytest.raises(MemoryError):
        read(fd, Broken(), ignore_bytes)
    os.close(fd)


@pytest.mark.parametrize("interrupted", [OSError, KeyboardInterrupt])
def test_no_thread_outlives_a_copy_that_fails(tmp_path, interrupted, large_or_small):
    _, fd = source(tmp_path, 5 * READ_SIZE)
    before = threading.active_count()

    def fail(_count):
        raise interrupted

    with open(tmp_path / "target", "wb") as target, pytest.raises(interrupted) as failure:
        copy(fd, target.fileno(), BLAKE3.new(), fail)
    os.close(fd)
    assert threading.active_count() == before, failure


@pytest.mark.parametrize("size", SIZES)
def test_a_file_is_hashed_from_where_it_stands(tmp_path, size, either_way, large_or_small):
    data, fd = source(tmp_path, size + 5)
    os.lseek(fd, 5, os.SEEK_SET)
    hasher = BLAKE3.new()

    assert read(fd, hasher, ignore_bytes) == size
    os.close(fd)
    assert hasher.hexdigest() == hash_bytes(data[5:], BLAKE3)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("off", [-1, 0, 1, 1000])
def test_a_file_is_read_whole_however_long_it_was_expected_to_be(tmp_path, size, off):
    data, fd = source(tmp_path, size)

    assert read_whole(fd, max(0, size + off)) == data
    os.close(fd)
