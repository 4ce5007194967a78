"""Uploads in parts that were cut short go on, and leave nothing behind, on every cloud."""

import threading

import pytest

from dvclite.remote import Spared

MIB = 1 << 20


def test_parts_that_arrived_are_not_sent_again(parted, source):
    path = source(58 * MIB)
    parted.cut_short(path)
    assert parted.unfinished() == ["p/k"]
    assert parted.open().stat("k") is None

    sent, spared = parted.put(path)
    assert spared >= 5 * MIB
    assert sent + spared == 58 * MIB
    assert parted.content() == path.read_bytes()
    assert parted.unfinished() == []


def test_parts_of_other_content_are_sent_again(parted, source):
    parted.cut_short(source(58 * MIB))
    path = source(58 * MIB)
    assert parted.put(path) == (58 * MIB, 0)
    assert parted.content() == path.read_bytes()
    assert parted.unfinished() == []


def test_an_upload_that_somebody_ended_is_begun_anew(parted, source):
    path = source(58 * MIB)
    parted.cut_short(path)
    moved, lock = [], threading.Lock()

    def end(size):
        with lock:
            if not isinstance(size, Spared) and not moved:
                parted.end()
            moved.append(size)

    parted.open().put("k", path, moved=end)
    assert sum(moved) == 58 * MIB
    assert parted.content() == path.read_bytes()
    assert parted.unfinished() == []


def test_a_file_that_becomes_shorter_leaves_nothing(parted, source):
    path = source(58 * MIB)
    moved, lock = [], threading.Lock()

    def shrink(size):
        with lock:
            moved.append(size)
            if sum(moved) > 30 * MIB:
                with path.open("r+b") as file:
                    file.truncate(MIB)

    with pytest.raises(OSError, match="became shorter"):
        parted.open().put("k", path, moved=shrink)
    assert parted.unfinished() == []


def test_what_was_abandoned_is_cleared_away_and_nothing_else(parted, source):
    abandoned = "p/files/md5/ab/" + "c" * 30
    spared = [
        "p/files/md5/ab/" + "d" * 30,  # What is about to be put itself.
        "p/holiday/film.mov",
        "q/files/md5/ab/" + "c" * 30,
    ]
    for name in (abandoned, *spared):
        parted.begin(name)
    # To these servers all uploads have begun long ago.
    parted.put(source(6 * MIB), key=spared[0].removeprefix("p/"))
    assert sorted(parted.unfinished()) == spared
