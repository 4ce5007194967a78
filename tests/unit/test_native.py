import pytest

from dvclite.errors import HostilePathError, TreeError
from dvclite.formats.native import native
from dvclite.hashing import BLAKE3, XXH128, Oid, hash_bytes
from dvclite.tree import Entry

FORMAT = native(BLAKE3)
FIRST = b'{"tree":1}\n'
OID = "0123456789abcdef" * 4

ENTRIES = [
    Entry(" ~!", Oid(OID), 0),
    Entry("a-b", Oid(OID), 1, executable=True),
    Entry("a.b", link="a-b"),
    Entry("a/b", Oid(OID), 10**18 - 1),
    Entry('quote"back\\slash', Oid(OID), 2),
    Entry("tab\tnewline\n\x7f", link="\x1b\x00".replace("\0", "é")),
    Entry("z/"),
    Entry("é/\udcff", Oid(OID), 3),
    Entry("\U0001f600", Oid(OID), 4),
]
WRITTEN = (
    FIRST + b'{"path":" ~!","oid":"%b","size":0}\n'
    b'{"path":"a-b","oid":"%b","size":1,"exec":true}\n'
    b'{"path":"a.b","link":"a-b"}\n'
    b'{"path":"a/b","oid":"%b","size":999999999999999999}\n'
    rb'{"path":"quote\"back\\slash","oid":"%b","size":2}' + b"\n"
    rb'{"path":"tab\tnewline\n\u007f","link":"\u001b\u00e9"}' + b"\n"
    b'{"path":"z/"}\n'
    rb'{"path":"\u00e9/\udcff","oid":"%b","size":3}' + b"\n"
    rb'{"path":"\ud83d\ude00","oid":"%b","size":4}' + b"\n"
) % ((OID.encode(),) * 6)


def file(**changes):
    fields = {"path": '"a"', "oid": f'"{OID}"', "size": "1"} | changes
    inner = ",".join(f'"{key}":{value}' for key, value in fields.items() if value is not None)
    return f"{{{inner}}}\n".encode()


def test_a_tree_is_written_as_the_format_page_says():
    assert FORMAT.encode(ENTRIES) == WRITTEN
    assert FORMAT.encode([]) == FIRST


def test_a_tree_is_read_back_as_it_was_written():
    assert list(FORMAT.decode(WRITTEN)) == ENTRIES
    assert list(FORMAT.decode(FIRST)) == []


def test_a_line_made_by_this_test_is_a_valid_one():
    assert list(FORMAT.decode(FIRST + file())) == [Entry("a", Oid(OID), 1)]


def test_a_tree_longer_than_what_is_read_at_once_comes_back():
    entries = [Entry(f"{number:06}é", Oid(OID), number) for number in range(20_000)]

    assert list(FORMAT.decode(FORMAT.encode(entries))) == entries


@pytest.mark.parametrize(
    "line",
    [
        file(path=None),
        file(path="1"),
        file(path="null"),
        file(path='"a/"'),
        file(path='"\\u0061"'),
        file(path='"\\u00E9"'),
        file(path='"\\/"'),
        file(path='"\\x41"'),
        file(path='"\\u12"'),
        file(path='"a\tb"'),
        file(path='"a\x7fb"'),
        file(path='"é"'),
        file(path="'a'"),
        file(oid='""'),
        file(oid=f'"{OID[:-1]}"'),
        file(oid=f'"{OID}0"'),
        file(oid=f'"{OID.upper()}"'),
        file(oid=f'"{OID}.dir"'),
        file(oid=f'"{OID[:-1]}/"'),
        file(oid="1"),
        file(size=None),
        file(size='"1"'),
        file(size="-1"),
        file(size="01"),
        file(size="1.0"),
        file(size="1e3"),
        file(size="true"),
        file(size="NaN"),
        file(size="1000000000000000000"),
        file(size="9" * 5000),
        file(exec="false"),
        file(exec="1"),
        file(more="1"),
        file(link='"b"'),
        file(oid=None),
        file(oid=None, size=None),
        file(oid=None, size=None, link="null"),
        file(oid=None, size=None, link='"b"', exec="true"),
        file(path='"a/"', oid=None, size=None, link='"b"'),
        file(path='"a/"', oid=None, size=None, exec="true"),
        file().replace(b",", b", ", 1),
        file().replace(b":", b": ", 1),
        b" " + file(),
        file()[:-1] + b" \n",
        file()[:-1] + b"\r\n",
        file()[:-1] + b",\n",
        file()[:-1] + file(path='"b"'),
        file()[1:],
        file()[:-2] + b"\n",
        file()[:20] + b"\n" + file()[20:],
        b'"a"\n',
        b"[]\n",
        b"{}\n",
        b"null\n",
        b"\n",
        b"\0\n",
        b"\xff\n",
        b"[" * 100_000 + b"\n",
        b"[" * 2_000_000 + b"\n",
        b'{"a":' * 10_000 + b"\n",
        FIRST,
    ],
    ids=lambda line: ascii(line[:60]),
)
def test_a_line_that_is_not_in_the_one_valid_form_is_refused(line):
    with pytest.raises(TreeError):
        list(FORMAT.decode(FIRST + line))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        FIRST[:-1],
        FIRST + file()[:-1],
        FIRST + b"x",
        b" " + FIRST,
        b"\xef\xbb\xbf" + FIRST,
        b'{"tree":2}\n',
        b'{"tree":1.0}\n',
        b'{"tree":1}\r\n',
        file(),
        b"[]",
    ],
)
def test_what_does_not_begin_and_end_as_a_tree_does_is_refused(data):
    with pytest.raises(TreeError):
        list(FORMAT.decode(data))


def test_a_tree_of_one_algorithm_is_not_one_of_another():
    short = Entry("a", Oid("0" * 32), 1)

    assert list(native(XXH128).decode(native(XXH128).encode([short]))) == [short]
    with pytest.raises(TreeError):
        list(FORMAT.decode(native(XXH128).encode([short])))


def test_a_long_broken_line_takes_no_long_time_to_refuse():
    line = b'{"path":"' + b"a\\\\" * 300_000 + b"\n"

    with pytest.raises(TreeError) as refusal:
        list(FORMAT.decode(FIRST + line))

    assert len(str(refusal.value)) < 500


def test_a_trees_oid_is_the_hash_of_what_is_written():
    tree = FORMAT.make_tree(ENTRIES)

    assert tree.data == WRITTEN
    assert tree.oid == hash_bytes(WRITTEN, BLAKE3) + ".dir"
    assert (tree.files, tree.size) == (8, 10**18 - 1 + 0 + 1 + 2 + 3 + 4)
    assert tree.ref.size == len(WRITTEN)


def test_a_tree_that_could_not_be_read_is_never_made():
    with pytest.raises(TreeError, match="out of order"):
        FORMAT.make_tree([Entry("b", Oid(OID), 1), Entry("a", Oid(OID), 1)])
    with pytest.raises(HostilePathError):
        FORMAT.make_tree([Entry(".git/config", Oid(OID), 1)])


def test_reading_a_tree_checks_all_of_it_and_counts():
    made = FORMAT.make_tree(ENTRIES)

    read = FORMAT.read_tree(made.oid, made.data)

    assert list(read) == ENTRIES
    assert (read.data, read.oid, read.files, read.size) == (
        made.data,
        made.oid,
        made.files,
        made.size,
    )
    with pytest.raises(HostilePathError):
        FORMAT.read_tree(made.oid, FIRST + file(path='"../a"'))
    with pytest.raises(TreeError, match="does not name a tree"):
        FORMAT.read_tree(Oid(OID), made.data)
