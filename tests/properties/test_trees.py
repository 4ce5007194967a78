"""Laws of trees, over names that no sane person would choose."""

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from dvclite.errors import HostilePathError, TreeError
from dvclite.formats.native import native
from dvclite.hashing import BLAKE3, Oid
from dvclite.paths import check_path
from dvclite.tree import Entry, below, check_spelling, checked, grafted, joined

FORMAT = native(BLAKE3)


@pytest.fixture(autouse=True, scope="module")
def few_together():
    """Let most trees have more entries than are looked at together."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dvclite.tree.TOGETHER", 2)
        patch.setattr("dvclite.formats.format.TOGETHER", 2)
        yield


characters = st.one_of(
    st.sampled_from('ab-./0 "\\~é\n\r\t\x7f\x1b\u2028\u200c\udcff\udc80\U0001f600\U0010ffff'),
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]),
)
names = st.one_of(
    st.sampled_from(["a", "b", "a-", "a.", "a0", "a-b", "a.b", "aa", "ä", "\udcff"]),
    st.text(characters.filter(lambda char: char != "/"), min_size=1, max_size=12),
)
paths = st.lists(names, min_size=1, max_size=4).map("/".join).filter(lambda path: is_safe(path))
oids = st.integers(0, 2**256 - 1).map(lambda number: Oid(f"{number:064x}"))
contents = st.one_of(
    st.tuples(oids, st.integers(0, 10**18 - 1), st.booleans(), st.none()),
    st.tuples(st.just(Oid("")), st.just(0), st.just(False), paths),
)


def is_safe(path):
    try:
        check_path(path)
    except HostilePathError:
        return False
    return True


def is_sound(entries):
    try:
        list(checked(entries))
    except (TreeError, HostilePathError):
        return False
    return True


@st.composite
def trees(draw, paths=paths):
    """Sorted entries of which none is in another's way."""
    taken = {}
    for path in draw(st.lists(paths, unique=True, max_size=12)):
        above = [path[: match.start()] for match in re.finditer("/", path)]
        if not any(name in taken for name in above) and not any(
            name.startswith(path + "/") for name in taken
        ):
            taken[path] = draw(st.one_of(st.none(), contents))
    entries = [
        Entry(path + "/") if content is None else Entry(path, *content)
        for path, content in taken.items()
    ]
    return sorted(entries, key=lambda entry: entry.path)


few = st.sampled_from(
    ["a", "b", "a-b", "a.b", "a/b", "a/b/c", "a/c", "a/b-c", "b/a", "b/a/c", "a0", "aa"]
)


@given(trees())
def test_a_tree_comes_back_as_it_was_written(entries):
    assert list(FORMAT.decode(FORMAT.encode(entries))) == entries


@given(trees())
def test_equal_trees_have_equal_bytes_and_different_ones_have_not(entries):
    data = FORMAT.encode(entries)

    assert data == FORMAT.encode(list(entries))
    for number, entry in enumerate(entries):
        changed = [*entries[:number], entry._replace(path=entry.path + "x"), *entries[number + 1 :]]
        assert FORMAT.encode(changed) != data


def assert_read_in_one_way_or_not_at_all(data):
    try:
        entries = list(checked(FORMAT.decode(data)))
    except (TreeError, HostilePathError):
        return
    assert FORMAT.encode(entries) == data


@given(st.binary(max_size=200))
@example(b'{"tree":1}\n')
def test_any_bytes_are_a_tree_in_canonical_form_or_a_tree_error(data):
    assert_read_in_one_way_or_not_at_all(data)
    assert_read_in_one_way_or_not_at_all(b'{"tree":1}\n' + data)
    assert_read_in_one_way_or_not_at_all(b'{"tree":1}\n' + data + b"\n")


@given(trees(), st.data())
def test_a_mutated_tree_is_one_in_canonical_form_or_a_tree_error(entries, data):
    written = bytearray(FORMAT.encode(entries))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(written)))
        match data.draw(st.sampled_from(["set", "insert", "delete", "repeat", "cut"])):
            case "set" if place < len(written):
                written[place] = data.draw(st.integers(0, 255))
            case "insert":
                written[place:place] = data.draw(
                    st.one_of(st.binary(min_size=1, max_size=3), st.sampled_from(TOKENS))
                )
            case "delete":
                del written[place : place + data.draw(st.integers(1, 30))]
            case "repeat":
                written[place:place] = written[place : place + data.draw(st.integers(1, 120))]
            case "cut":
                del written[place:]

    assert_read_in_one_way_or_not_at_all(bytes(written))


TOKENS = [
    *(b'"', b"\\", b"\\u0061", b"\\ud800", b"\\/", b"{", b"}", b"[", b",", b":", b"\n", b"\r\n"),
    *(b"/", b"../", b".git/", b"null", b"true", b"NaN", b"1e9", b"-", b"0", b" ", b"\x0c", b"\xff"),
    *(b',"exec":true', b',"size":1', b',"link":"x"', b'{"path":"a/"}\n', b'{"tree":1}\n'),
]


@given(st.lists(st.tuples(few, st.booleans()), max_size=6))
def test_checked_finds_exactly_the_conflicts_of_a_slow_model(described):
    entries = [Entry(path + "/") if folder else Entry(path, Oid("0")) for path, folder in described]
    names = [entry.path for entry in entries]
    stripped = [name.rstrip("/") for name in names]
    sound = names == sorted(set(names)) and not any(
        two == one or two.startswith(one + "/")
        for number, one in enumerate(stripped)
        for other, two in enumerate(stripped)
        if number != other
    )

    assert is_sound(entries) == sound


@given(trees(few), trees(few))
def test_joined_trees_are_the_union_of_two_dicts(left, right):
    ours, theirs = {one.path: one for one in left}, {one.path: one for one in right}

    pairs = list(joined(left, right))

    assert pairs == [(ours.get(path), theirs.get(path)) for path in sorted(ours | theirs)]


@given(trees(few), few)
def test_below_is_what_a_slow_model_finds(entries, path):
    found = list(below(entries, path))

    assert found == [one for one in entries if (one.path + "/").startswith(path + "/")]
    assert is_sound(found)
    assert list(below(entries, "")) == entries


@given(trees(few), trees(few), trees(few))
def test_grafting_is_replacing_in_a_dict(entries, places, leaves):
    """Some paths are replaced by nothing, by a file, or by all that is in a small tree."""
    replaced = [place.path.rstrip("/") for place in places]
    inside = []
    for number, path in enumerate(replaced):
        if number % 3 == 1:
            inside.append(Entry(path, Oid("1" * 64), 1))
        elif number % 3 == 2:
            inside += [one._replace(path=f"{path}/{one.path}") for one in leaves]
    inside.sort(key=lambda one: one.path)
    model = {one.path: one for one in entries}
    for path in replaced:
        model = {
            name: one for name, one in model.items() if not (name + "/").startswith(path + "/")
        }
    for new in inside:
        model = {
            name: one
            for name, one in model.items()
            if not new.path.startswith(name.rstrip("/") + "/")
        }
    model |= {one.path: one for one in inside}

    grown = list(grafted(entries, replaced, inside))

    assert grown == [model[name] for name in sorted(model)]
    assert is_sound(grown)
    for path in replaced:
        assert list(below(grown, path)) == list(below(inside, path))


@given(trees(few), few)
def test_grafting_what_is_there_changes_nothing(entries, path):
    inside = list(below(entries, path))
    assume(inside)

    assert list(grafted(entries, [path], inside)) == entries


@given(trees(st.lists(st.sampled_from("aAbBéÉ"), min_size=1, max_size=3).map("/".join)))
def test_spelling_is_told_apart_as_a_slow_model_does(entries):
    spelled = {}
    for entry in entries:
        parts = entry.path.rstrip("/").split("/")
        for count in range(1, len(parts) + 1):
            name = "/".join(parts[:count])
            spelled.setdefault(name.lower(), set()).add(name)
    clear = all(len(spellings) == 1 for spellings in spelled.values())

    try:
        check_spelling(entries)
    except HostilePathError:
        assert not clear
    else:
        assert clear
