"""The bytes of DVC's trees and pointers, and the names that it gives blobs."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvclite.errors import HostilePathError, TreeError
from dvclite.formats.dos2unix import DOS2UNIX, MARK
from dvclite.formats.dvc import ALGORITHM, DVC
from dvclite.hashing import BlobRef, Oid, hash_bytes
from dvclite.pointer import Output
from dvclite.pointer.reading import parse
from dvclite.pointer.writing import with_output
from dvclite.tree import Entry

FOO = Oid("acbd18db4cc2f85cedef654fccc4a4d8")
BAR = Oid("37b51d194a7513e45b56f6524f2d51f2")

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)
PATHS = st.lists(NAMES.filter(lambda name: len(name.encode()) < 60), min_size=1, max_size=3).map(
    "/".join
)


def test_a_tree_is_written_as_dvc_writes_it():
    tree = DVC.make_tree([Entry("bar", BAR, 3), Entry("sub/foo", FOO, 3, executable=True)])

    assert tree.data == (
        b'[{"md5": "37b51d194a7513e45b56f6524f2d51f2", "relpath": "bar"}, '
        b'{"md5": "acbd18db4cc2f85cedef654fccc4a4d8", "relpath": "sub/foo"}]'
    )
    assert tree.oid == hashlib.md5(tree.data).hexdigest() + ".dir"
    assert (tree.files, tree.size) == (2, 6)


def test_an_empty_directory_has_the_name_that_dvc_gives_it():
    tree = DVC.make_tree([])

    assert (tree.data, tree.oid) == (b"[]", "d751713988987e9331980363e24189ce.dir")
    assert list(DVC.read_tree(tree.oid, tree.data)) == []


def test_names_in_trees_are_escaped_as_dvc_escapes_them():
    tree = DVC.make_tree([Entry('a"b\\c', FOO, 3), Entry("é\U0001f600", FOO, 3)])

    assert rb'"relpath": "a\"b\\c"' in tree.data
    assert rb'"relpath": "\u00e9\ud83d\ude00"' in tree.data


@given(st.dictionaries(PATHS, st.binary(max_size=3), max_size=8))
def test_what_is_written_is_json_as_python_writes_it_and_reads_back(files):
    entries = [Entry(path, hash_bytes(data, ALGORITHM), len(data)) for path, data in files.items()]
    try:
        tree = DVC.make_tree(sorted(entries))
    except (TreeError, HostilePathError):
        return  # One is a file and a folder, or no name at all.

    expected = [{"md5": entry.oid, "relpath": entry.path} for entry in sorted(entries)]
    assert tree.data == json.dumps(expected).encode()
    again = DVC.read_tree(tree.oid, tree.data)
    assert list(again) == [Entry(entry.path, entry.oid, -1) for entry in sorted(entries)]
    assert again.size == (-1 if entries else 0)


@pytest.mark.parametrize(
    "data",
    [
        b'[{"relpath": "b", "md5": "%s"}, {"md5": "%s", "relpath": "a"}]',
        b'[{"md5":"%s","relpath":"b"},{"md5":"%s","relpath":"a"}]',
        b'[{"md5": "%s", "relpath": "b", "size": 3}, {"md5": "%s", "relpath": "a"}]\n',
    ],
)
def test_trees_that_others_wrote_in_another_way_are_read(data):
    data = data % (FOO.encode(), BAR.encode())
    oid = Oid(hashlib.md5(data).hexdigest() + ".dir")

    assert list(DVC.read_tree(oid, data)) == [Entry("a", BAR, -1), Entry("b", FOO, -1)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[",
        b"{}",
        b"[[]]",
        b'[{"md5": "%s"}]' % FOO.encode(),
        b'[{"md5": "x", "relpath": "a"}]',
        b'[{"md5": "%s.dir", "relpath": "a"}]' % FOO.encode(),
        b'[{"md5": "%s", "relpath": "a"}]]' % FOO.encode(),
        b'[{"md5": "%s", "relpath": "../a"}]' % FOO.encode(),
        b'[{"md5": "%s", "relpath": "/a"}]' % FOO.encode(),
        b'[{"md5": "%s", "relpath": ".git/config"}]' % FOO.encode(),
    ],
)
def test_what_is_no_tree_is_refused(data):
    with pytest.raises((TreeError, HostilePathError)):
        DVC.read_tree(Oid("0" * 32 + ".dir"), data)


def test_a_name_that_is_not_utf8_is_refused():
    with pytest.raises(HostilePathError, match="not UTF-8"):
        DVC.make_tree([Entry("a\udcff", FOO, 3)])


def test_blobs_lie_where_dvc_has_them():
    assert DVC.loose_key(FOO) == "files/md5/ac/bd18db4cc2f85cedef654fccc4a4d8"
    assert DVC.oid_at("files/md5/ac/bd18db4cc2f85cedef654fccc4a4d8") == FOO
    assert DVC.loose_key(Oid(MARK + FOO)) == "ac/bd18db4cc2f85cedef654fccc4a4d8"
    assert DVC.oid_at("ac/bd18db4cc2f85cedef654fccc4a4d8") == MARK + FOO
    for key in ("files/md5/ac/x", "ac/x", "runs/ac/bd18db4cc2f85cedef654fccc4a4d8", "tmp/x"):
        assert DVC.oid_at(key) is None


def test_the_files_of_an_old_tree_have_old_names():
    tree = DVC.make_tree([Entry("foo", FOO, 3)])

    old = DVC.read_tree(Oid(MARK + tree.oid), tree.data)
    assert list(old) == [Entry("foo", Oid(MARK + FOO), -1)]


def old_hash(data):
    """What DVC 2 named data by, put in other words."""
    whole = hashlib.md5()
    for start in range(0, len(data), 1 << 20):
        piece = data[start : start + (1 << 20)]
        head = piece[:512]
        other = [byte for byte in head if not (32 <= byte < 127 or byte in b"\n\r\t\f\b")]
        if 0 not in head and len(other) / len(head) <= 0.3:
            piece = piece.replace(b"\r\n", b"\n")
        whole.update(piece)
    return MARK + whole.hexdigest()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a\r\nb\r\n",
        b"a\r\nb\0\r\n",
        b"\xff" * 400 + b"\r\n" * 300,
        b"x" * ((1 << 20) - 1) + b"\r\n" * 10,
        b"a\r\n" * (1 << 19) + b"\0" + b"\r\n" * 600_000,
    ],
)
def test_old_names_do_not_depend_on_the_line_ends_of_text(data):
    assert hash_bytes(data, DOS2UNIX) == old_hash(data)
    hasher = DOS2UNIX.new()
    for start in range(0, len(data), 100_001):
        hasher.update(memoryview(data)[start : start + 100_001])
    assert hasher.hexdigest() == old_hash(data)


def test_pointers_without_a_word_about_the_hash_have_old_names():
    text = f"outs:\n- md5: {FOO}\n  size: 3\n  path: foo\n"
    pointer = parse("foo.dvc", text.encode(), ALGORITHM)

    assert pointer.outputs[0].oid == MARK + FOO
    assert with_output(pointer, pointer.outputs[0], ALGORITHM).text == text
    now = Output("foo", BAR, 3)
    assert with_output(pointer, now, ALGORITHM).text == (
        f"outs:\n- md5: {BAR}\n  size: 3\n  path: foo\n  hash: md5\n"
    )


def test_a_pointer_is_written_as_dvc_writes_it():
    pointer = with_output(None, Output("sub/foo", FOO, 3, executable=True), ALGORITHM)

    assert pointer.text == (
        f"outs:\n- md5: {FOO}\n  size: 3\n  isexec: true\n  hash: md5\n  path: foo\n"
    )


@pytest.mark.parametrize("oid", ["1" * 32, "1" * 15 + "e" + "1" * 16])
def test_an_oid_that_looks_like_a_number_is_quoted(oid):
    assert f"md5: '{oid}'\n" in with_output(None, Output("foo", Oid(oid), 3), ALGORITHM).text


def test_blobs_are_found_on_a_remote_by_old_and_new_names(tmp_path):
    from dvclite.remotestore.loose.store import LooseStore
    from dvclite_local import open as open_local

    new, old = Oid(FOO), Oid(MARK + BAR)
    for oid in (new, old):
        path = tmp_path / DVC.loose_key(oid)
        path.parent.mkdir(parents=True)
        path.write_bytes(b"foo")
    many = [Oid(MARK + f"{number:032x}") for number in range(100)]
    with LooseStore(open_local(str(tmp_path), {}), DVC) as store:
        refs = [BlobRef(oid, -1) for oid in (new, old, Oid(MARK + FOO), *many)]
        assert store.missing(refs).keys() == {MARK + FOO, *many}
