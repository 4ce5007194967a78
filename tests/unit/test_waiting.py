"""How long a server asks to be left alone."""

import pytest

from dvclite.remote.waiting import asked_for

NOON = "Mon, 06 Oct 2025 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": " 120 "}, 120),
        ({"Retry-After": "9" * 5000}, 999_999_999),
        ({"Retry-After": "-1"}, 0),
        ({"Retry-After": "soon"}, 0),
        ({"Retry-After": "٣"}, 0),
        ({"Retry-After": "Mon, 06 Oct 2025 12:00:09 GMT", "Date": NOON}, 9),
        ({"Retry-After": "Mon, 06 Oct 2025 11:59:00 GMT", "Date": NOON}, 0),
        ({"Retry-After": "Mon, 06 Oct 2025 12:00:09 GMT", "Date": "now"}, 0),
    ],
)
def test_seconds_and_times_are_understood_and_nonsense_is_not(headers, seconds):
    assert asked_for(headers) == seconds
