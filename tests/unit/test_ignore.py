import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dvclite.errors import FileAccessError
from dvclite.ignore.patterns import as_bytes, read_patterns
from dvclite.ignore.rules import IgnoreRules, Match

posix_only = pytest.mark.skipif(os.name == "nt", reason="names and files that Windows cannot have")


def rules(root, **files):
    """Write ignore files by folder, `_` for the root, and return the rules."""
    for folder, text in files.items():
        place = root if folder == "_" else root / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / ".dvcignore").write_bytes(text.encode("utf-8", "surrogateescape"))
    return IgnoreRules.load(root)


def by_git(root, paths):
    """Return what `git check-ignore` says about paths: file, line and pattern by path."""
    done = subprocess.run(
        ["git", "-C", root, "check-ignore", "-z", "-v", "-n", "--no-index", "--stdin"],
        input=b"\0".join(map(os.fsencode, paths)),
        capture_output=True,
    )
    assert done.returncode in (0, 1), done.stderr
    words = [os.fsdecode(word) for word in done.stdout.split(b"\0")[:-1]]
    return {words[i + 3]: tuple(words[i : i + 3]) for i in range(0, len(words), 4)}


# As git, on random trees

ATOMS = [
    *("a", "b", "ab", "é", "*", "**", "?", "/", "**/", "/**", "\\", "\\/", "!", "#", " ", ".", "-"),
    *("[ab]", "[!a]", "[^b]", "[a-c]", "[]a]", "[[:alpha:]]", "[[:punct:]-c]", "[[:", "[", "]"),
    *("\t", "\r", "\0", "^", ":"),
]
NAMES = ["a", "b", "c", "ab", "ba", "abc", ".a", "#a", "!a", "[a]", "a-b", "é", "a b", "^"]
if os.name != "nt":
    NAMES += ["a ", " ", "\\a", "a\nb"]
if sys.platform == "linux":
    NAMES.append("\udcff")

lines = st.lists(st.sampled_from(ATOMS), min_size=1, max_size=6).map("".join)
ignore_files = st.builds(
    lambda lines, end: end.join(lines), st.lists(lines, max_size=4), st.sampled_from(["\n", "\r\n"])
)
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join)


@pytest.fixture(scope="module")
def bare_tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("trees")
    subprocess.run(["git", "init", "--quiet", root], check=True)
    return root


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(paths, min_size=1, max_size=12), st.data())
def test_every_path_of_a_random_tree_is_ignored_by_the_line_that_git_names(bare_tree, paths, data):
    with tempfile.TemporaryDirectory(dir=bare_tree) as place:
        root = Path(place)
        for path in paths:
            try:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).touch()
            except (FileExistsError, NotADirectoryError):
                pass  # An earlier path has a file where this one wants a folder.
        everything = [found.relative_to(root).as_posix() for found in root.rglob("*")]
        folders = {"", *(path for path in everything if (root / path).is_dir())}
        for folder in sorted(folders):
            text = data.draw(ignore_files if folder in ("", "a", "b") else st.just(""), folder)
            for name in (".gitignore", ".dvcignore") if text else ():
                (root / folder / name).write_bytes(text.encode())
        found = IgnoreRules.load(root)
        theirs = by_git(root, everything)
        for path in everything:
            match = found.explain(path, is_folder=path in folders)
            file, line, pattern = theirs[path]
            file = file.removeprefix(f"{root.name}/")
            ours = (match.file, str(match.line), match.pattern) if match else ("", "", "")
            assert (ours[0].replace(".dvcignore", ".gitignore"), *ours[1:]) == (file, line, pattern)
            ignored = pattern != "" and not pattern.startswith("!")
            assert found.matches(path, path in folders) == ignored


@pytest.mark.parametrize(
    ("text", "ignored", "kept"),
    [
        ("*.tmp", ["x.tmp", "d/x.tmp"], ["x.tmpl", "tmp"]),
        ("/x", ["x"], ["d/x"]),
        ("d/x", ["d/x"], ["e/d/x", "x"]),
        ("d/", ["d/x", "e/d/x"], ["x"]),
        ("**/x/y", ["x/y", "a/x/y", "a/b/x/y"], ["x/z/y"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["xa/b", "a/bb"]),
        ("a/**", ["a/b", "a/b/c"], ["b/a"]),
        ("a/*/b", ["a/x/b"], ["a/b", "a/x/y/b"]),
        ("**/a/**/a/**/b", ["a/a/b", "a/x/a/y/b"], ["a/b", "a/x/b"]),
        ("a/**\\/b", ["a/x/b", "a/x/y/b"], ["a/b"]),
        ("x/a[!b]c", ["x/adc"], ["x/abc", "x/a/c"]),
        ("ab**/c", ["ab/c", "abx/c", "abx/y/c", "abc"], ["a/c"]),
        ("*\n!keep", ["x"], ["keep"]),
        ("d/\n!d/keep", ["d/keep", "d/x"], []),
        ("d/*\n!d/keep", ["d/x"], ["d/keep"]),
        ("\\#x\n\\!y", ["#x", "!y"], ["x"]),
        ("#x", [], ["#x", "x"]),
        ("x  \ny\\ ", ["x", "y "], ["y", "x  "]),
        ("[[:digit:]]x", ["1x"], ["ax"]),
        ("[!a-c]", ["d", "-"], ["b", "dd"]),
        ("x\r\ny\r\n", ["x", "y"], ["z"]),
        ("\ufeffx", ["x"], ["y"]),
        ("[a\nx\\\n!\n/\ny", ["y"], ["[a", "x", "x\\", "!"]),
    ],
)
def test_rules_of_gitignore(tmp_path, text, ignored, kept):
    found = rules(tmp_path, _=text)
    assert [path for path in ignored if not found.matches(path, is_folder=False)] == []
    assert [path for path in kept if found.matches(path, is_folder=False)] == []


def test_a_pattern_for_folders_leaves_files_of_that_name(tmp_path):
    found = rules(tmp_path, _="d/")
    assert found.matches("d", is_folder=True)
    assert not found.matches("d", is_folder=False)


def test_deeper_files_and_later_lines_win(tmp_path):
    found = rules(tmp_path, _="*.csv\n!b.csv", d="!a.csv\nb.csv", **{"d/e": "a.csv\n!a.csv\n*.csv"})
    assert [found.matches(f"{name}.csv", is_folder=False) for name in "ab"] == [True, False]
    assert [found.matches(f"d/{name}.csv", is_folder=False) for name in "ab"] == [False, True]
    assert found.matches("d/e/a.csv", is_folder=False)
    assert not found.matches("d/e/a.txt", is_folder=False)


def test_patterns_of_a_nested_file_are_relative_to_its_folder(tmp_path):
    found = rules(tmp_path, dé="/x\ny/z")
    assert found.matches("dé/x", is_folder=False)
    assert found.matches("dé/y/z", is_folder=False)
    assert not found.matches("x", is_folder=False)
    assert not found.matches("dé/d/x", is_folder=False)


def test_the_deciding_line_is_explained(tmp_path):
    found = rules(tmp_path, _="# data\n*.tmp  \n!é.tmp\nout/", d="x*")
    assert found.explain("a/b.tmp", is_folder=False) == Match(".dvcignore", 2, "*.tmp", True)
    assert found.explain("é.tmp", is_folder=False) == Match(".dvcignore", 3, "!é.tmp", False)
    assert found.explain("out/deep/file", is_folder=False) == Match(".dvcignore", 4, "out/", True)
    assert found.explain("d/xyz", is_folder=False) == Match("d/.dvcignore", 1, "x*", True)
    assert found.explain("d/y", is_folder=False) is None


def test_an_ignore_file_in_an_ignored_folder_says_nothing(tmp_path):
    found = rules(tmp_path, _="d/", d="!*", **{"d/e": "!*"})
    assert found.matches("d/e/f", is_folder=False)


@posix_only
def test_names_that_are_not_utf8_are_compared_byte_by_byte(tmp_path):
    found = rules(tmp_path, _="\udcff*\n?é")
    assert found.matches("\udcffx", is_folder=False)
    assert found.matches("aé", is_folder=False)
    assert not found.matches("éé", is_folder=False)
    assert found.explain("\udcffx", is_folder=False).pattern == "\udcff*"


# What a scan needs


def test_a_folder_that_no_line_speaks_of_need_not_be_asked_about(tmp_path):
    found = rules(tmp_path, d="x", empty="# nothing\n\n")
    assert not found.speak_of("")
    assert not found.speak_of("empty")
    assert not found.speak_of("absent/deep")
    assert found.speak_of("d")
    assert found.speak_of("d/below")
    assert not IgnoreRules.load(tmp_path / "nowhere").speak_of("")


def test_who_has_listed_a_folder_spares_the_look_into_it(tmp_path):
    found = rules(tmp_path, d="x")
    assert found.speak_of("d", has_file=True)
    found = rules(tmp_path)
    assert not found.speak_of("d", has_file=False)
    assert not found.matches("d/x", is_folder=False)


def test_each_folder_is_looked_into_once(tmp_path, monkeypatch):
    found = rules(tmp_path, _="*.tmp")
    opened = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda path, *args: opened.append(path) or real(path, *args))
    for number in range(1000):
        found.matches(f"d/{number}.csv", is_folder=False)
    assert opened == [str(tmp_path / ".dvcignore"), str(tmp_path / "d" / ".dvcignore")]


def test_many_folders_do_not_stay_in_memory(tmp_path):
    found = rules(tmp_path, _="x", f7="y")
    for number in range(25_000):
        found.matches(f"f{number}/a", is_folder=False)
    assert len(found._rules) <= 10_001
    assert found.matches("f7/y", is_folder=False)
    assert found.matches("f8/x", is_folder=False)


def test_a_path_of_two_thousand_parts_is_no_problem(tmp_path):
    found = rules(tmp_path, _="b")
    assert not found.matches("a/" * 2000 + "c", is_folder=False)
    assert found.matches("a/" * 2000 + "b/" + "a/" * 2000 + "c", is_folder=False)


# Hostile files


@given(
    st.lists(st.sampled_from(ATOMS), max_size=12).map("".join),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=5).map("/".join),
)
@example("*a" * 100 + "*b", "a" * 255)
@example("*[ab]" * 500 + "*c", "a" * 4000)
@example("*" + "?" * 1000 + "*" + "?" * 1000 + "b", "a" * 4000)
@example("**/a/" * 800 + "b", "a/" * 2000 + "a")
@example("**/*/" * 800 + "b", "a/" * 2000 + "a")
@example("**/*a*a*b/" * 400 + "b", "aaa/" * 1000 + "a")
@example("/**/" + "*?/" * 1000 + "b", "aa/" * 1300 + "a")
@example("[" * 4000, "[")
@example("[[:" * 1300, "[")
@example("a" * 5000, "a" * 5000)
def test_any_pattern_answers_at_once(text, path):
    for pattern in read_patterns(text.encode()):
        pattern.regex.fullmatch(as_bytes(path))


@given(st.binary())
def test_any_bytes_are_read(data):
    for pattern in read_patterns(data):
        assert pattern.line <= data.count(b"\n") + 1
        assert pattern.text.encode("utf-8", "surrogateescape") in data


def test_a_file_that_is_too_large_is_refused(tmp_path):
    found = rules(tmp_path, _="#" * ((1 << 20) + 1))
    with pytest.raises(FileAccessError, match="larger"):
        found.matches("x", is_folder=False)


@posix_only
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda p: os.symlink("/dev/zero", p)])
def test_what_is_no_file_is_refused_without_waiting(tmp_path, make):
    make(tmp_path / ".dvcignore")
    with pytest.raises(FileAccessError):
        IgnoreRules.load(tmp_path).matches("x", is_folder=False)
