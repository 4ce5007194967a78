"""What is known of uploads in parts, whatever the place."""

from datetime import UTC, datetime

import pytest

from dvclite.remote.parts import Outgoing, is_abandoned

BLOB = "files/md5/ab/" + "c" * 30
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "date", "abandoned"),
    [
        (BLOB, "Tue, 09 Jan 2024 00:00:00 GMT", True),
        (BLOB + ".dir", "Tue, 09 Jan 2024 00:00:00 -0000", True),
        (BLOB, "Mon, 08 Jan 2024 00:00:00 GMT", False),
        (BLOB, None, False),
        (BLOB, "yesterday", False),
        ("holiday/film.mov", "Tue, 09 Jan 2024 00:00:00 GMT", False),
        ("cc/" + "c" * 29, "Tue, 09 Jan 2024 00:00:00 GMT", False),
    ],
)
def test_only_what_is_ours_and_old_is_abandoned(key, date, abandoned):
    assert is_abandoned(key, LONG_AGO, date) == abandoned
    assert is_abandoned(key, LONG_AGO.replace(tzinfo=None), date) == abandoned


@pytest.mark.parametrize(
    ("size", "length", "count", "last"),
    [(10, 4, 3, 2), (8, 4, 2, 4), (1, 4, 1, 1), (10**9, 5, 10_000, 100_000)],
)
def test_parts_are_as_long_as_wanted_and_not_too_many(tmp_path, size, length, count, last):
    spans = Outgoing(tmp_path, size, length, lambda _size: None).spans()
    assert len(spans) == count
    assert spans[-1] == (size - last, last)
    assert sum(size for _start, size in spans) == size
