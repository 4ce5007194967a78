"""A pack that is read from its beginning to its end."""

import random

import pytest

from dvclite.errors import PackDamagedError
from dvclite.remotestore.packs import window
from dvclite.remotestore.packs.window import Window

DATA = random.Random(1).randbytes(100_000)


@pytest.fixture
def reads():
    return []


@pytest.fixture
def open_window(reads, monkeypatch):
    monkeypatch.setattr(window, "_TOGETHER", 10_000)

    def read(offset, memory):
        piece = DATA[offset : offset + len(memory)]
        memory[: len(piece)] = piece
        reads.append((offset, len(memory)))
        return len(piece)

    def open_window(size=100_000):
        return Window(read, "a pack", size)

    return open_window


def test_what_lies_together_is_read_together(open_window, reads):
    pack = open_window()

    for at in range(0, 100_000, 3_000):
        size = min(2_500, 100_000 - at)
        assert pack.read(at, size) == DATA[at : at + size]

    assert len(reads) <= 12


def test_what_is_far_apart_is_read_apart(open_window, reads):
    pack = open_window()

    assert pack.read(90_000, 10) == DATA[90_000:90_010]
    assert pack.read(500, 10) == DATA[500:510]

    assert [offset for offset, _length in reads] == [90_000, 500]
    assert sum(length for _offset, length in reads) <= 20_000


def test_what_is_longer_than_is_read_at_once_comes_whole(open_window):
    assert open_window().read(1, 50_000) == DATA[1:50_001]


@pytest.mark.parametrize(("at", "size"), [(99_999, 2), (100_000, 1), (200_000, 1)])
def test_a_pack_that_is_too_short_is_damaged(open_window, at, size):
    with pytest.raises(PackDamagedError, match="cut short"):
        open_window(1_000_000).read(at, size)


def test_nothing_behind_the_end_of_a_pack_is_read(open_window, reads):
    with pytest.raises(PackDamagedError):
        open_window(5_000).read(4_000, 2_000)

    assert reads == [(4_000, 1_000)]
