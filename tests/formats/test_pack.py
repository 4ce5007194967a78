"""The page, the vectors and the program agree on what a pack is."""

import json
import re
import runpy
from pathlib import Path

import pytest

from dvclite.errors import PackDamagedError, PackError
from dvclite.hashing import Oid, algorithm
from dvclite.pack.index import read_end
from dvclite.pack.layout import Codec, Kind, digest_of, key_of, oid_of, pack_at
from dvclite.pack.reader import PackFile
from dvclite.pack.writer import PackWriter

PAGES = Path(__file__).parents[2] / "docs" / "formats"
WRITTEN = (PAGES / "pack-vectors.json").read_text("utf-8")
VECTORS = json.loads(WRITTEN)


def cases(group):
    return pytest.mark.parametrize("vector", VECTORS[group], ids=lambda one: one["name"])


@pytest.fixture
def put(tmp_path):
    """Writes a vector into a file: `put(vector) -> PackFile`."""
    opened = []

    def put(vector):
        path = tmp_path / "pack"
        path.write_bytes(data_of(vector))
        opened.append(PackFile(path, vector["id"]))
        return opened[-1]

    yield put
    for file in opened:
        file.close()


def data_of(vector):
    return bytes.fromhex("".join(vector["bytes"]))


def test_the_vectors_are_what_the_script_writes():
    script = runpy.run_path(str(Path(__file__).with_name("pack.py")))

    assert script["text"]() == WRITTEN


@cases("accepted")
def test_a_pack_is_read_as_described(vector, put):
    pack = put(vector)
    named_by = algorithm(vector["algorithm"])

    entries = pack.entries()

    assert entries.algorithm == named_by
    assert [
        {
            "kind": entry.kind,
            "codec": entry.codec,
            "offset": entry.offset,
            "stored": entry.stored,
            "size": entry.size,
            "digest": entry.digest.hex(),
            "content": pack.content(entry, named_by).decode(),
        }
        for entry in entries
    ] == vector["entries"]
    assert not list(pack.find_damage(entries))


@cases("accepted")
def test_the_same_entries_make_the_same_pack(vector, tmp_path):
    data = data_of(vector)
    writer = PackWriter(tmp_path / "written", algorithm(vector["algorithm"]))

    for number, entry in enumerate(vector["entries"]):
        stored = data[entry["offset"] :][: entry["stored"]]
        kind, digest = Kind(entry["kind"]), bytes.fromhex(entry["digest"])
        codec = Codec(entry["codec"])
        assert writer.add(kind, digest, stored, codec=codec, size=entry["size"]) == number
    pack = writer.finish()

    assert pack.id == vector["id"]
    assert (tmp_path / "written").read_bytes() == data


@cases("refused")
def test_what_breaks_the_rules_is_refused_whatever_its_name(vector, put):
    pack = put(vector)

    with pytest.raises(PackError):
        pack.entries()
    with pytest.raises(PackError):
        read_end(data_of(vector), vector["size"], vector["id"])


@cases("refused when the entry is read")
def test_an_entry_that_lies_about_its_content_is_refused(vector, put):
    pack = put(vector)
    entries = pack.entries()

    with pytest.raises(PackDamagedError):
        pack.content(entries[0], entries.algorithm)
    assert [entry for entry, _error in pack.find_damage(entries)] == list(entries)


def test_the_page_shows_the_smallest_pack():
    page = (PAGES / "pack.md").read_text("utf-8")
    smallest = VECTORS["accepted"][0]
    shown = re.findall(r"```text\n((?:[0-9a-f ]+\n)+)```", page)[-1]

    assert bytes.fromhex(shown) == data_of(smallest)
    assert f"Its id is `{smallest['id']}`." in page


def test_a_packs_key_is_made_of_its_id():
    pack_id = VECTORS["accepted"][0]["id"]

    assert key_of(pack_id) == f"packs/{pack_id[:2]}/{pack_id}"
    assert pack_at(key_of(pack_id)) == pack_id


@pytest.mark.parametrize(
    "key",
    [
        "packs/" + "a" * 64,
        "packs/ab/" + "a" * 64,
        "packs/aa/" + "a" * 63,
        "packs/aa/" + "a" * 65,
        "packs/AA/" + "A" * 64,
        "packs/aa/" + "a" * 64 + "\n",
        "files/aa/" + "a" * 64,
    ],
)
def test_no_other_key_is_that_of_a_pack(key):
    assert pack_at(key) is None


@pytest.mark.parametrize("kind", [Kind.BLOB, Kind.TREE, Kind.BLOB_RECIPE, Kind.TREE_RECIPE])
def test_an_entry_has_the_oid_that_it_was_put_in_under(kind, tmp_path):
    suffix = ".dir" if kind in {Kind.TREE, Kind.TREE_RECIPE} else ""
    oid = Oid("0123456789abcdef" * 4 + suffix)
    writer = PackWriter(tmp_path / "pack", algorithm("blake3"))
    writer.add(kind, digest_of(oid), b"content")

    (entry,) = writer.finish().entries

    assert oid_of(entry) == oid
