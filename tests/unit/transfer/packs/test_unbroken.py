"""A file that is filled in any order is hashed as if it had come in one piece."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from blake3 import blake3

from dvclite.hashing import BLAKE3
from dvclite.remotestore.packs.unbroken import Unbroken

SIZE = 3_000_000


class File:
    """A file in memory, filled piece by piece."""

    def __init__(self):
        self.data = random.Random(1).randbytes(SIZE)
        self.unbroken = Unbroken(BLAKE3.new())
        self.there = bytearray(SIZE)
        self.read_back = 0

    def pieces(self, length):
        return [(at, self.data[at : at + length]) for at in range(0, SIZE, length)]

    def fill(self, piece):
        position, data = piece
        self.there[position : position + len(data)] = data
        self.unbroken.add(data, position, self.read)

    def read(self, length, position):
        self.read_back += length
        return bytes(self.there[position : position + length])


@pytest.fixture
def file():
    return File()


def test_what_comes_in_order_is_not_read_back(file):
    for piece in file.pieces(7_777):
        file.fill(piece)

    assert file.unbroken.hasher(SIZE).hexdigest() == blake3(file.data).hexdigest()
    assert not file.read_back


@pytest.mark.parametrize("length", [777, 100_000, 1_000_001])
def test_what_comes_in_disorder_is_read_back_once(file, length):
    pieces = file.pieces(length)
    random.Random(2).shuffle(pieces)

    for piece in pieces:
        file.fill(piece)

    assert file.unbroken.hasher(SIZE).hexdigest() == blake3(file.data).hexdigest()
    assert 0 < file.read_back < SIZE


def test_many_threads_fill_it_at_once(file):
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(file.fill, file.pieces(999)))

    assert file.unbroken.hasher(SIZE).hexdigest() == blake3(file.data).hexdigest()


def test_nothing_is_told_of_what_has_a_gap(file):
    first, second, *others = file.pieces(100_000)

    for piece in (first, *others):
        file.fill(piece)
    assert file.unbroken.hasher(SIZE) is None

    file.fill(second)
    assert file.unbroken.hasher(SIZE) is not None
    assert file.unbroken.hasher(SIZE + 1) is None


def test_nothing_is_told_of_what_could_not_be_read_back(file):
    first, second = file.pieces(SIZE // 2)

    def fail(length, position):
        raise OSError(5, "Input/output error")

    file.fill(second)
    with pytest.raises(OSError, match="Input/output"):
        file.unbroken.add(first[1], 0, fail)

    assert file.unbroken.hasher(SIZE) is None
