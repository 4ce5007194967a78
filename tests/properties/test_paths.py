"""`check_path` beside a slow model that was written from the rules alone."""

import json
import unicodedata
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from dvclite.errors import HostilePathError
from dvclite.paths import check_path

CORPUS = json.loads(Path(__file__).parents[1].joinpath("corpus/paths.json").read_bytes())

IGNORED = {chr(code) for code in [0x200C, 0x200D, 0x200E, 0x200F, 0xFEFF]}
IGNORED |= {chr(code) for first in (0x202A, 0x206A) for code in range(first, first + 6)}
IGNORED -= {chr(0x202F)}

tokens = st.one_of(
    st.sampled_from(
        [
            *("/", "/", ".", "..", "a", "A", " ", "~", "1", "2", ":", "\\", "\0", "\n", "-", "x"),
            *("git", "GIT", "Git", "dvc", "dvclite", "DVCLIT", "hg", "g", "it", "dvclit", "lite"),
            *(".git", "git~1", ".dvc", ".dvclite", ".hg", "hg~1", "::$DATA", "::$INDEX_ALLOCATION"),
            *("é", "e\u0301", "\u200c", "\u202e", "\u202f", "\u206a", "\ufeff", "\uff0e", "\u2024"),
            *("\uff27\uff29\uff34", "\u24d6", "\uff5e", "\U0001d420", "İ", "\u017f", "K", "\u0662"),
            *("\udcff", "\udc80", "\udcc3", "\udca9", "\ud800", "\udfff", "\U0001f600", "x" * 250),
        ]
    ),
    st.characters(),
)
paths = st.one_of(
    st.lists(tokens, max_size=9).map("".join),
    st.lists(st.lists(tokens, max_size=4).map("".join), max_size=5).map("/".join),
)


def looks_reserved(part):
    """As git does it: letter by letter, then what may follow."""
    seen = [char for char in part if char not in IGNORED]
    plain = unicodedata.normalize("NFKC", "".join(seen)).casefold()
    for name in (".git", ".dvc", ".dvclite", ".hg", "git~", "dvc~", "dvclit~", "hg~"):
        if not plain.startswith(name):
            continue
        rest = list(plain[len(name) :])
        if name.endswith("~"):
            if not rest or not rest[0].isdecimal():
                continue
            while rest and rest[0].isdecimal():
                rest.pop(0)
        while rest and rest[0] in ". ":
            rest.pop(0)
        if not rest or rest[0] in ":\\":
            return True
    return False


def is_file_name(part):
    try:
        data = part.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return 1 <= len(data) <= 255 and data.decode("utf-8", "surrogateescape") == part


def model(path):
    """Say whether a path is safe, by the rules, in no hurry."""
    return len(path) <= 4096 and all(
        is_file_name(part)
        and part not in (".", "..")
        and "\0" not in part
        and not looks_reserved(part)
        for part in path.split("/")
    )


def is_safe(path):
    try:
        check_path(path)
    except HostilePathError:
        return False
    return True


@given(paths)
@example("a" * 255)
@example("a" * 256)
@example("é" * 127 + "a")
@example("é" * 128)
@example("a/" * 2047 + "ab")
@example("a/" * 2048 + "b")
def test_a_path_is_safe_if_a_slow_model_finds_so(path):
    assert is_safe(path) == model(path)


def test_the_model_agrees_with_the_corpus():
    for verdict, expected in {
        "refused": False,
        "accepted": True,
        "refused on Windows": True,
    }.items():
        for group in CORPUS[verdict].values():
            assert [path for path in group if model(path) != expected] == []


@given(paths.filter(model), paths.filter(model))
def test_safe_paths_make_a_safe_path_and_have_safe_parts(one, two):
    assert is_safe(f"{one}/{two}")
    assert all(is_safe(part) for part in one.split("/"))


@given(paths, paths)
def test_a_hostile_part_makes_the_whole_hostile(one, two):
    if not model(one):
        assert not is_safe(f"{one}/{two}")
        assert not is_safe(f"{two}/{one}")
