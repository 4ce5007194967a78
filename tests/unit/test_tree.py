import pytest

from dvclite.errors import HostilePathError, TreeError
from dvclite.hashing import BlobRef, Oid
from dvclite.tree import Entry, below, check_spelling, checked, grafted, joined

OID = Oid("0" * 64)


def files(*paths):
    return [Entry(path) if path.endswith("/") else Entry(path, OID, 1) for path in paths]


def paths(entries):
    return [entry.path for entry in entries]


def test_an_entry_says_what_it_is():
    file, link, folder = Entry("a", OID, 3, True), Entry("a", link="b"), Entry("a/")

    assert [entry.is_file for entry in (file, link, folder)] == [True, False, False]
    assert [entry.is_folder for entry in (file, link, folder)] == [False, False, True]
    assert file.ref == BlobRef(OID, 3)


def test_entries_have_the_same_content_whatever_they_are_called():
    entry = Entry("a", OID, 3)

    assert entry.same_content(Entry("b", OID, -1))
    assert not entry.same_content(Entry("a", OID, 3, executable=True))
    assert not entry.same_content(Entry("a", Oid("1" * 64), 3))
    assert not entry.same_content(Entry("a", link="b"))


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["a"],
        ["a", "a-b", "a.b"],
        ["a-b", "a.b", "a/b"],
        ["a/", "b/c/"],
        ["a/b", "a/b-", "a0"],
        ["a", "aa", "aaa", "aaa.b", "b/a"],
        ["Z", "a", "é", "\udcff", "\U0001f600"],
    ],
)
def test_a_sound_tree_passes_unchanged(names):
    entries = files(*names)

    assert list(checked(entries)) == entries


@pytest.mark.parametrize(
    "names",
    [
        ["b", "a"],
        ["a", "a"],
        ["a/b", "a-b"],
        ["a/", "a/"],
        ["\U0001f600", "\ufb01"],
        ["a", "a/b"],
        ["a", "a/"],
        ["a/", "a/b"],
        ["a/", "a/b/"],
        ["a", "a-b", "a.b", "a/b"],
        ["a", "a-b", "a-b.c", "a/b/c/d"],
        ["x/a", "x/a!", "x/a-/b", "x/a/b"],
    ],
)
def test_paths_out_of_order_or_in_each_others_way_are_refused(names):
    with pytest.raises(TreeError):
        list(checked(files(*names)))


@pytest.mark.parametrize("path", ["", "/", "../a", "a/../b", "/a", "a//", "a//b/", ".git/", "./"])
def test_a_hostile_path_is_refused(path):
    with pytest.raises(HostilePathError):
        list(checked(files(path)))


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "", "a\0"])
def test_a_link_that_leads_out_of_the_tree_is_refused(target):
    with pytest.raises(HostilePathError):
        list(checked([Entry("a/link", link=target)]))


def test_entries_before_a_fault_have_been_yielded():
    entries = checked(files("a", "b", "b"))

    assert paths([next(entries), next(entries)]) == ["a", "b"]
    with pytest.raises(TreeError, match="'b'"):
        next(entries)


def test_two_trees_are_joined_by_path():
    pairs = joined(files("a", "c", "d"), files("b", "c"))

    assert [(one and one.path, other and other.path) for one, other in pairs] == [
        ("a", None),
        (None, "b"),
        ("c", "c"),
        ("d", None),
    ]


def test_below_a_path_is_what_begins_with_it_and_a_slash():
    tree = files("a", "a-b", "a.b", "b/a", "b/c/", "b/c-d")

    assert paths(below(tree, "a")) == ["a"]
    assert paths(below(tree, "b")) == ["b/a", "b/c/", "b/c-d"]
    assert paths(below(tree, "b/c")) == ["b/c/"]
    assert paths(below(tree, "")) == paths(tree)
    assert paths(below(tree, "c")) == []


@pytest.mark.parametrize(
    ("path", "replacement", "expected"),
    [
        ("b/c", ["b/c"], ["a", "b/c", "b/c-", "d/"]),
        ("b/c", ["b/c/x", "b/c/y"], ["a", "b/c-", "b/c/x", "b/c/y", "d/"]),
        ("b/c", [], ["a", "b/c-", "d/"]),
        ("b", ["b"], ["a", "b", "d/"]),
        ("b", [], ["a", "d/"]),
        ("a/x", ["a/x"], ["a/x", "b/c-", "b/c/1", "b/c/2", "d/"]),
        ("d/x/y", ["d/x/y"], ["a", "b/c-", "b/c/1", "b/c/2", "d/x/y"]),
        ("0", ["0/"], ["0/", "a", "b/c-", "b/c/1", "b/c/2", "d/"]),
        ("e", ["e"], ["a", "b/c-", "b/c/1", "b/c/2", "d/", "e"]),
    ],
)
def test_a_part_of_a_tree_is_replaced(path, replacement, expected):
    tree = files("a", "b/c-", "b/c/1", "b/c/2", "d/")

    grown = list(grafted(tree, [path], files(*replacement)))

    assert paths(grown) == expected
    assert list(checked(grown)) == grown


def test_a_file_gives_way_only_to_something_that_comes_below_it():
    assert paths(grafted(files("a", "b"), ["a/x"], files("a/x"))) == ["a/x", "b"]
    assert paths(grafted(files("a", "b"), ["a/x"], [])) == ["a", "b"]
    assert paths(grafted(files("a/", "b"), ["a/x"], [])) == ["a/", "b"]


def test_several_parts_of_a_tree_are_replaced_at_once():
    tree = files("a/b", "a/c", "b/c/1", "b/c/2", "b/d/", "c")

    grown = grafted(tree, ["a/b", "b/c", "b/d", "d/e"], files("a/b/x", "b/c", "d/e"))

    assert paths(grown) == ["a/b/x", "a/c", "b/c", "c", "d/e"]


@pytest.mark.parametrize(
    "names",
    [
        ["A", "a"],
        ["A/x", "a/x"],
        ["A/x", "a/y"],
        ["A", "a/x"],
        ["x/A/1", "x/B/1", "x/a/1"],
        ["e\u0301", "é"],
        ["STRASSE/", "straße/"],
    ],
)
def test_names_that_differ_only_in_spelling_are_refused(names):
    with pytest.raises(HostilePathError, match="same name"):
        check_spelling(files(*names))


@pytest.mark.parametrize("names", [["A/x", "A/y", "B/x"], ["a", "a-", "a.b"], ["x/a", "y/A", "z/"]])
def test_names_that_differ_are_taken(names):
    check_spelling(files(*names))
