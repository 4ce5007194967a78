import inspect

import pytest

from dvclite import errors
from dvclite.errors import BlobMissingError, DvcliteError, listing

CLASSES = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, DvcliteError)
]


@pytest.mark.parametrize("error", CLASSES, ids=lambda value: value.__name__)
def test_every_error_stands_in_the_picture_below_its_parent_with_its_exit_code(error):
    picture = errors.__doc__.splitlines()
    lines = [line for line in picture if f" {error.__name__} " in f"{line} "]
    (line,) = lines
    indent = line.index(error.__name__)

    parents = [
        above.split("─ ")[-1].split()[0]
        for above in picture[: picture.index(line)]
        if "Error" in above and above.index(above.split("─ ")[-1].split()[0]) < indent
    ]
    assert error is DvcliteError or parents[-1] == error.__base__.__name__
    assert (f"exit {error.exit_code}" in line) == ("exit_code" in vars(error))


def test_no_error_exits_as_success_usage_or_interruption_do():
    assert not {0, 2, 130} & {error.exit_code for error in CLASSES}


def test_a_listing_shows_ten_names_and_counts_the_rest():
    text = listing([f"file{number}" for number in range(1, 2001)])

    assert text.count("\n") == 11
    assert "file10\n" in text
    assert text.endswith("… and 1,990 more")


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31mred", "\udcff", "a\rb", "\u202egnp.exe"])
def test_a_name_that_would_break_the_output_is_escaped(name):
    text = listing([name])

    assert name not in text
    assert text.encode().count(b"\n") == 1


@pytest.mark.parametrize(("count", "phrase"), [(1, "1 path is"), (2, "2 paths are")])
def test_numbers_agree_with_their_verbs(count, phrase):
    assert phrase in str(BlobMissingError(["name"] * count))


def test_missing_data_says_which_remotes_were_tried_and_whom_to_ask():
    error = BlobMissingError(["data/a.csv"], tried=["origin", "backup"])

    assert "origin, backup" in str(error)
    assert "dvclite push" in error.hint
    assert "dvclite pull" in BlobMissingError(["data/a.csv"]).hint
