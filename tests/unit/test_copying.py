import os

import pytest

from dvclite.files import copying
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


@pytest.mark.parametrize("size", SIZES)
def test_a_copy_is_the_same_and_is_hashed_on_the_way(tmp_path, size, either_way):
    data, fd = source(tmp_path, size)
    hasher, moved = BLAKE3.new(), []

    with open(tmp_path / "target", "wb", buffering=0) as target:
        copied = copy(fd, target.fileno(), hasher, moved.append)
    os.close(fd)

    assert (tmp_path / "target").read_bytes() == data
    assert hasher.hexdigest() == hash_bytes(data, BLAKE3)
    assert copied == sum(moved) == size


@pytest.mark.parametrize("size", SIZES)
def test_a_file_is_hashed_from_where_it_stands(tmp_path, size, either_way):
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
