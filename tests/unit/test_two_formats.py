"""A repository that changed its format: which home is in charge, and what names what."""

from dataclasses import replace

import pytest

from dvclite.errors import PointerError
from dvclite.formats.dvc import DVC
from dvclite.formats.dvchome import DVC_HOME
from dvclite.formats.format import both, marked, succeeding
from dvclite.formats.homes import former, ruling
from dvclite.formats.native import NATIVE_HOME, native
from dvclite.hashing import BLAKE3, MD5, Oid, algorithm_of, hash_bytes, is_foreign
from dvclite.pointer import Output
from dvclite.pointer.reading import parse
from dvclite.pointer.writing import with_contents, with_output
from dvclite.tree import Entry
from dvclite.yamltext import changed, read

NATIVE = succeeding(native(BLAKE3), DVC)
BACK = succeeding(DVC, native(BLAKE3))
A_MD5 = "0cc175b9c0f1b6a831c399e269772661"
A_BLAKE3 = hash_bytes(b"a", BLAKE3)


@pytest.mark.parametrize(
    ("files", "in_charge", "beside"),
    [
        ([".dvc/config"], "dvc", None),
        ([".dvclite/config"], "native", None),
        ([".dvc/config", ".dvclite/config"], "native", "dvc"),
        ([".dvc/config", ".dvclite/config.former"], "dvc", "native"),
        # Commits from before a change bring one config, and the folders stay.
        ([".dvc/config", ".dvclite/cache/packs/a"], "dvc", "native"),
        ([".dvclite/config", ".dvc/cache/files/a"], "native", "dvc"),
        ([".dvclite/config", ".dvc/tmp/btime"], "native", None),
        (["data/config"], None, None),
    ],
)
def test_the_home_with_a_config_is_in_charge(tmp_path, files, in_charge, beside):
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    home = ruling(tmp_path)
    other = former(tmp_path, home) if home is not None else None

    assert (home.name if home else None) == in_charge
    assert (other.name if other else None) == beside
    if beside == "native":
        assert other.settings == "config.former"


def test_oids_of_the_other_format_bear_its_name():
    assert hash_bytes(b"a", both(NATIVE)[1]) == f"dvc:{A_MD5}"
    assert hash_bytes(b"a", both(BACK)[1]) == f"native:{A_BLAKE3}"
    assert hash_bytes(b"a", both(NATIVE)[0]) == A_BLAKE3
    assert algorithm_of(Oid(f"dvc:{A_MD5}"), NATIVE.algorithm) is both(NATIVE)[1]
    assert algorithm_of(Oid(A_MD5), BACK.algorithm) is BACK.algorithm
    assert algorithm_of(Oid(f"dvc:dos2unix-{A_MD5}"), NATIVE.algorithm).name == "md5-dos2unix"
    assert not is_foreign(A_BLAKE3, NATIVE.algorithm)
    assert NATIVE.algorithm == BLAKE3
    assert both(DVC) == [DVC.algorithm]


def test_old_text_is_named_as_dvc_2_did_under_a_mark():
    algorithm = algorithm_of(Oid(f"dvc:dos2unix-{A_MD5}"), NATIVE.algorithm)

    assert hash_bytes(b"1\r\n", algorithm) == "dvc:dos2unix-" + hash_bytes(b"1\n", MD5)


def test_trees_of_the_other_format_are_marked_where_they_name_content():
    tree = native(BLAKE3).make_tree([Entry("a", A_BLAKE3, 1), Entry("b", link="a"), Entry("c/")])

    found = marked(tree, "native:")

    assert found.oid == f"native:{tree.oid}"
    assert [entry.oid for entry in found] == [f"native:{A_BLAKE3}", "", ""]


def test_both_kinds_of_pointers_are_read():
    data = f"outs:\n- md5: {A_MD5}\n  size: 1\n  hash: md5\n  path: a\n".encode()

    (output,) = parse("a.dvc", data, NATIVE.algorithm).outputs

    assert output.oid == f"dvc:{A_MD5}"
    old = data.replace(b"  hash: md5\n", b"")
    assert parse("a.dvc", old, NATIVE.algorithm).outputs[0].oid == f"dvc:dos2unix-{A_MD5}"
    with pytest.raises(PointerError):
        parse("a.dvc", data, native(BLAKE3).algorithm)
    with pytest.raises(PointerError):
        parse("a.dvc", data.replace(b"md5", b"xxh128"), NATIVE.algorithm)
    with pytest.raises(PointerError):
        parse("a.dvc", data.replace(A_MD5.encode(), b"../../x"), NATIVE.algorithm)


def test_a_pointer_with_a_foreign_name_is_written_as_it_was_read():
    data = f"outs:\n- md5: {A_MD5}\n  size: 1\n  hash: md5\n  path: a\n".encode()
    pointer = parse("a.dvc", data, NATIVE.algorithm)

    again = with_output(pointer, replace(pointer.outputs[0], desc="a"), NATIVE.algorithm)

    assert again.text == data.decode() + "  desc: a\n"


@pytest.mark.parametrize(
    "text",
    [
        "outs:\n- {key}: {oid}\n  size: 1\n  hash: {key}\n  path: a\n",
        "# kept\nouts:\n  # this too\n  - path: a # here\n    {key}: {oid}\n    size: 1\n    hash: {key}\n",
        "outs: [{{{key}: {oid}, size: 1, hash: {key}, path: a}}]\n",
        'outs:\n- "{key}": {oid}\n  size: 1\n  desc: |\n    {key}: a text\n  path: a\n  hash: "{key}"\n',
    ],
)
def test_only_what_names_the_content_changes_and_changes_back(text):
    old = text.format(key="md5", oid=A_MD5)
    pointer = parse("a.dvc", old.encode(), NATIVE.algorithm)

    new = with_contents(pointer, [Output("a", A_BLAKE3, 1)], NATIVE.algorithm)
    back = with_contents(new, [Output("a", Oid(f"dvc:{A_MD5}"), 1)], NATIVE.algorithm)

    expected = text.replace('hash: "{key}"', "hash: {key}").replace("    {key}: a", "    md5: a")
    assert new.text == expected.format(key="blake3", oid=A_BLAKE3)
    (output,) = parse("a.dvc", new.text.encode(), NATIVE.algorithm).outputs
    assert (output.oid, output.size) == (A_BLAKE3, 1)
    assert back.text == old.replace('hash: "md5"', "hash: md5")


def test_one_of_several_outputs_can_change():
    data = (
        f"outs:\n- md5: {A_MD5}\n  hash: md5\n  path: a\n- md5: {A_MD5}\n  hash: md5\n  path: b\n"
    )
    pointer = parse("x.dvc", data.encode(), NATIVE.algorithm)

    new = with_contents(pointer, [Output("b", A_BLAKE3, 1)], NATIVE.algorithm)

    oids = [output.oid for output in parse("x.dvc", new.text.encode(), NATIVE.algorithm).outputs]
    assert oids == [f"dvc:{A_MD5}", A_BLAKE3]


def test_renaming_a_key_that_is_not_there_adds_the_new_one():
    text = "size: 1\n"

    assert changed(text, read(text), {"b": "2"}, {"a": "b"}) == "size: 1\nb: 2\n"


def test_homes_differ_in_what_steps_aside():
    assert (NATIVE_HOME.aside, DVC_HOME.aside) == ("config.former", "config")
