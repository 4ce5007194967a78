"""What dvclite writes is what DVC writes for the same input, byte for byte."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = [
    *("123", "1e5", "0x10", "010", "1_000", "+1", ".5", "true", "Null", "~", ".inf", "2001-12-14"),
    *("=", "<<", "yes", "no", "on", "y", "1:30", "12:30:45", "a: b", "a:b", "end:", "a #b", "a#b"),
    *("!x", "&x", "*x", "%x", "@x", "{x", "[x", ">x", "|x", "'x", '"x', "`x", "-dash", "- x", "?"),
    *("? x", "q?", "~tilde", "a,b", "br[ack]et", "quote'in", "back\\slash", "---x", "...x", "\xe9"),
    *("\u65e5\u672c", "\U0001f600", "e\u0301", "two words", "#x", "#", "-", "'", "a'b\"c", "x}"),
]


def write(bench, files):
    for path, data in files.items():
        if data is None:
            (bench.root / path).mkdir(parents=True, exist_ok=True)
        else:
            bench.write(path, data)


def add_by_both(make, files, outputs, name=""):
    """Return two repositories with the same outputs, of which DVC added one and dvclite the other."""
    theirs, ours = make(f"theirs{name}"), make(f"ours{name}")
    for bench in (theirs, ours):
        write(bench, files)
        for path in files:
            if path.endswith(".sh"):
                (bench.root / path).chmod(0o755)
    theirs.dvc("add", "--", *outputs)
    ours.lite("add", "--", *outputs)
    return theirs, ours


def check_same(theirs, ours):
    assert ours.tracked() == theirs.tracked()
    assert ours.cached() == theirs.cached()
    assert "up to date" in ours.dvc("status")
    assert "up to date" in theirs.lite("status")


def test_files_and_directories_of_all_kinds(make_shared):
    files = {
        "file": b"foo",
        "empty": b"",
        "run.sh": b"#!/bin/sh\n",
        "large.bin": os.urandom(3 << 20),
        "crlf.txt": b"a\r\nb\r\n",
        "sub/dir/file": b"below",
        "data/a": b"a",
        "data/sub-a": b"1",
        "data/sub.txt": b"2",
        "data/sub/deep/y": b"3",
        "data/.hidden": b"h",
        "data/.gitignore": b"nothing\n",
        "data/run.sh": b"#!/bin/sh\n",
        "data/\xe9": b"composed",
        "data/e\u0301": b"decomposed",
        "data/\U0001f600": b"astral",
        'data/qu"ote\\x\t': b"escaped",
        "data/nothing": None,
        "hollow": None,
        "hollows/in/side": None,
        "many": None,
        **{f"many/{number:04}": str(number).encode() for number in range(300)},
    }
    outputs = ["file", "empty", "run.sh", "large.bin", "crlf.txt", "sub/dir/file"]
    outputs += ["data", "hollow", "hollows", "many"]
    check_same(*add_by_both(make_shared, files, outputs))


def test_names_that_yaml_or_git_take_for_something_else(make_shared):
    theirs, ours = add_by_both(make_shared, {name: name for name in NAMES}, NAMES)
    assert ours.tracked() == theirs.tracked()
    for name in NAMES:
        assert ours.git("check-ignore", "--", name)
    assert "up to date" in theirs.lite("status")


CONTENTS = st.one_of(st.binary(max_size=40), st.sampled_from([b"", b"same", b"a\r\n" * 9]))
PARTS = st.text(
    st.characters(exclude_characters="/\0\\", exclude_categories=["Cs", "Cc", "Zl", "Zp"]),
    min_size=1,
    max_size=8,
).filter(lambda name: name.strip(". ") and not name.endswith((".dvc", "~1")))


@settings(
    max_examples=5,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(files=st.dictionaries(st.lists(PARTS, min_size=1, max_size=3).map("/".join), CONTENTS))
def test_any_directory(make_shared, tmp_path_factory, files):
    folder = tmp_path_factory.mktemp("any")
    inside = {}
    for path, data in files.items():
        if not any(path.startswith(other + "/") or other.startswith(path + "/") for other in files):
            inside[f"data/{path}"] = data
    inside["data/one"] = b"1"

    def make(name):
        return make_shared(name, folder)

    theirs, ours = add_by_both(make, inside, ["data"])
    check_same(theirs, ours)


def test_a_changed_output(make_shared):
    theirs, ours = add_by_both(
        make_shared, {"data/a": b"a", "data/b": b"b", "f": b"f"}, ["data", "f"]
    )
    for bench in (theirs, ours):
        bench.write("data/b", b"changed")
        bench.write("data/c/d", b"new")
        (bench.root / "data/a").unlink()
        bench.write("f", b"other")
        (bench.root / "f").chmod(0o755)
    theirs.dvc("add", "data", "f")
    ours.lite("add", "data", "f")
    check_same(theirs, ours)


POINTER = """\
# What this is.
outs:
- path: data  # beside its pointer
  md5: d751713988987e9331980363e24189ce.dir
  hash: md5
  labels:
  - x
  - y
  meta:
    owner: me
  desc: some words
  persist: true
  remote: store
meta:
  more: [1, 2]
"""


def test_a_pointer_keeps_what_it_says_and_how(make_shared):
    theirs, ours = make_shared("theirs"), make_shared("ours")
    for bench in (theirs, ours):
        bench.write("data.dvc", POINTER)
        bench.write("data/a", b"a")
    theirs.dvc("add", "data")
    ours.lite("add", "data")
    assert ours.tracked() == theirs.tracked()


@pytest.mark.parametrize("line", ["", "/other\n", "/other"])
def test_ignore_files(make_shared, line):
    theirs, ours = make_shared("theirs"), make_shared("ours")
    for bench in (theirs, ours):
        if line:
            bench.write(".gitignore", line)
        bench.write("f", b"f")
    theirs.dvc("add", "f")
    ours.lite("add", "f")
    assert ours.tracked() == theirs.tracked()
    theirs.dvc("remove", "f.dvc")
    ours.lite("remove", "f.dvc")
    assert ours.tracked() == theirs.tracked()


def test_moved_outputs(make_shared):
    theirs, ours = add_by_both(make_shared, {"data/a": b"a", "f": b"f"}, ["data", "f"])
    (theirs.root / "sub").mkdir()
    (ours.root / "sub").mkdir()
    for move in (("data", "other"), ("f", "sub")):
        theirs.dvc("move", *move)
        ours.lite("move", *move)
    assert ours.tracked() == theirs.tracked()
    assert ours.data("other", "sub") == theirs.data("other", "sub")


def test_settings(make_shared):
    theirs, ours = make_shared("theirs"), make_shared("ours")
    for bench, tool in ((theirs, theirs.dvc), (ours, ours.lite)):
        tool("config", "core.autostage", "true")
        tool("config", "cache.type", "hardlink,copy")
        tool("remote", "add", "-d", "Store", "../store")
        tool("remote", "add", "cloud", "s3://bucket/a")
        tool("remote", "modify", "cloud", "region", "eu-west-1")
        tool("remote", "rename", "cloud", "sky")
        tool("remote", "modify", "--local", "sky", "profile", "me, and you")
        tool("remote", "add", "gone", "/tmp/gone")
        tool("remote", "remove", "gone")
        assert bench.dvc("remote", "list") == theirs.dvc("remote", "list")
    assert ours.read(".dvc/config") == theirs.read(".dvc/config")
    assert ours.read(".dvc/config.local") == theirs.read(".dvc/config.local")


def test_what_is_pushed(make_shared):
    files = {"data/a": b"a", "data/b": b"b", "f": b"f"}
    theirs, ours = add_by_both(make_shared, files, ["data", "f"])
    for bench, tool in ((theirs, theirs.dvc), (ours, ours.lite)):
        tool("remote", "add", "-d", "store", bench.root / "store")
        tool("push")
    assert ours.cached("store") == theirs.cached("store")
    assert len(ours.cached("store")) == 4
