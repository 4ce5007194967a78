"""Scans of real folders come in the order of trees."""

import os
import shutil
import tempfile

from hypothesis import given, settings
from hypothesis import strategies as st

from dvclite.files.folder import Folder
from dvclite.files.scan import Ignore, scan

names = st.one_of(
    st.sampled_from(
        ["a", "b", "a-b", "a.b", "a b", "a!", "a0", "aa", "A", "é", "\udcff", "😀", "-"]
    ),
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), max_size=8).filter(
        lambda name: name not in ("", ".", "..")
    ),
)
shapes = st.recursive(
    st.sampled_from(["file", "link"]),
    lambda inner: st.dictionaries(names, inner, max_size=5),
    max_leaves=20,
)


def build(folder, shape):
    """Make the folder that a dict of names describes."""
    for name, inner in shape.items():
        path = os.path.join(folder, name)
        if inner == "file":
            os.close(os.open(path, os.O_CREAT))
        elif inner == "link":
            os.symlink(folder, path)
        else:
            os.mkdir(path)
            build(path, inner)


def paths(shape, prefix=""):
    """Return what a slow model finds, in no order."""
    found = []
    for name, inner in shape.items():
        if isinstance(inner, dict):
            found += paths(inner, f"{prefix}{name}/") or [f"{prefix}{name}/"]
        else:
            found.append(prefix + name)
    return found


@given(st.dictionaries(names, shapes, max_size=8))
@settings(max_examples=150)
def test_a_scan_finds_everything_sorted_by_path(shape):
    root = tempfile.mkdtemp()
    try:
        build(root, shape)
        with Folder.open(root) as folder:
            found = [one.path for one in scan(folder)]
    finally:
        shutil.rmtree(root)

    assert found == sorted(paths(shape))


@given(st.dictionaries(names, shapes, max_size=6), st.sets(names, max_size=3))
@settings(max_examples=75)
def test_what_is_ignored_is_missing_and_nothing_else(shape, ignored):
    def matches(path, _is_folder):
        return path.rpartition("/")[2] in ignored

    ignore = Ignore(".rules", lambda _folder, _has_file: matches)

    def without(inner):
        if not isinstance(inner, dict):
            return inner
        return {name: without(below) for name, below in inner.items() if name not in ignored}

    root = tempfile.mkdtemp()
    try:
        build(root, shape)
        with Folder.open(root) as folder:
            found = [one.path for one in scan(folder, ignore=ignore)]
    finally:
        shutil.rmtree(root)

    assert found == sorted(paths(without(shape)))
