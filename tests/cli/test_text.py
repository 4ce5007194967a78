"""How names, counts and sizes read."""

import pytest

from dvclite.cli.text import count, joined, printable, size


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (14_445_097, "13.8 MiB"),
        (102_348, "99.9 KiB"),
        (102_349, "100 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (5 * 1024**4, "5.0 TiB"),
        (5000 * 1024**6, "5000 EiB"),
        (-2048, "-2.0 KiB"),
    ],
)
def test_sizes_are_short(number, text):
    assert size(number) == text


def test_counts_have_separators_and_agree_with_their_noun():
    assert count(1, "file") == "1 file"
    assert count(0, "file") == "0 files"
    assert count(12345, "directory", "directories") == "12,345 directories"


def test_words_are_joined():
    assert joined([]) == ""
    assert joined(["a"]) == "a"
    assert joined(["a", "b", "c"]) == "a, b and c"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("größe 数据", "größe 数据"),
        ("two\nlines\t", "two\\nlines\\t"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\udcff", "\\xff"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\ud800", "\\ud800"),
    ],
)
def test_names_cannot_steer_a_terminal(name, shown):
    assert printable(name) == shown
