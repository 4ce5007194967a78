"""`tests/corpus/paths.json` holds the names: hostile ones, and odd ones that must survive."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from dvclite import paths
from dvclite.errors import HostilePathError
from dvclite.paths import check_link, check_path, is_reserved

CORPUS = json.loads(Path(__file__).parents[1].joinpath("corpus/paths.json").read_bytes())


def names(verdict):
    return [
        pytest.param(name, id=f"{kind} {ascii(name)[:40]}")
        for kind, group in CORPUS[verdict].items()
        for name in dict.fromkeys(group)
    ]


@pytest.fixture
def on_windows(monkeypatch):
    """What `check_path` sees of a system whose names are Windows'."""
    system = SimpleNamespace(name="nt", fsencode=os.fsencode, fsdecode=os.fsdecode)
    monkeypatch.setattr(paths, "os", system)


def test_the_corpus_is_large_enough_to_mean_something():
    hostile = {name for group in CORPUS["refused"].values() for name in group}
    gits = {name for name in CORPUS["refused"]["git's folder"] if "/" not in name}

    assert len(hostile) >= 300
    assert len(gits) >= 40


@pytest.mark.parametrize("path", names("refused"))
def test_a_hostile_path_is_refused_and_the_message_can_be_printed(path):
    with pytest.raises(HostilePathError) as refusal:
        check_path(path)

    assert str(refusal.value).encode()
    assert "\0" not in str(refusal.value)


@pytest.mark.parametrize("path", names("accepted"))
def test_an_odd_path_survives(path):
    check_path(path)


@pytest.mark.parametrize("path", names("accepted"))
def test_an_odd_path_is_a_file_name_that_comes_back_as_it_was(path, tmp_path):
    *above, name = path.split("/")
    folder = tmp_path
    for part in above if len(path) < 1000 else []:
        folder = folder / part
        folder.mkdir()
    (folder / name).touch()

    assert os.listdir(folder) == [name]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize("path", names("refused on Windows"))
def test_a_name_that_only_windows_lacks_survives_elsewhere(path):
    check_path(path)


@pytest.mark.parametrize("path", names("refused on Windows"))
def test_a_name_that_windows_lacks_or_reads_otherwise_is_refused_there(path, on_windows):
    with pytest.raises(HostilePathError):
        check_path(path)


@pytest.mark.parametrize("path", names("accepted"))
def test_an_odd_path_survives_on_windows(path, on_windows):
    check_path(path)


@pytest.mark.parametrize(
    "name", [".git", ".GIT ", "git~1", ".dvc", ".dvclite", ".hg", ".\uff27\uff29\uff34"]
)
def test_what_git_or_dvclite_keep_for_themselves_is_reserved(name):
    assert is_reserved(name)


@pytest.mark.parametrize("name", ["", "git", ".gitignore", ".gi", "a.git", "git~", "~1", ".git x"])
def test_what_merely_looks_like_it_is_not_reserved(name):
    assert not is_reserved(name)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("link", "file"),
        ("link", "."),
        ("link", "./a/../b"),
        ("link", "a//b/"),
        ("a/b/link", "../.."),
        ("a/b/link", "../../c/d"),
        ("link", "nowhere at all"),
        ("link", "..."),
        ("link", "\udcff"),
        ("link", "a\nb"),
        ("link", "é" * 2047),
    ],
)
def test_a_link_inside_its_tree_is_taken(path, target):
    check_link(path, target)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("link", ""),
        ("link", ".."),
        ("link", "../x"),
        ("link", "a/../../x"),
        ("link", "/etc/passwd"),
        ("link", "//etc/passwd"),
        ("link", "/"),
        ("a/b/link", "../../../x"),
        ("a/b/link", "../../../../../../etc/passwd"),
        ("link", "a\0b"),
        ("link", "\0"),
        ("link", ".git/config"),
        ("a/link", "../.GIT"),
        ("link", "\ud800"),
        ("link", "\udcc3\udca9"),
        ("link", "é" * 2048),
        ("link", "a" * 4096),
    ],
)
def test_a_link_that_leads_out_or_cannot_be_made_is_refused(path, target):
    with pytest.raises(HostilePathError) as refusal:
        check_link(path, target)

    assert refusal.value.path == path


@pytest.mark.parametrize("target", ["..\\x", "C:\\x", "C:x", "\\\\server\\share", "a\\..\\..\\b"])
def test_a_link_that_leads_out_only_on_windows_is_refused_there(target, on_windows):
    with pytest.raises(HostilePathError):
        check_link("link", target)


def test_a_path_of_a_million_parts_is_refused_at_once():
    with pytest.raises(HostilePathError, match="longer than") as refusal:
        check_path("a/" * 1_000_000)

    assert len(str(refusal.value)) < 200
