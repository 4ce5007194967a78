"""Packs that somebody made to deceive: right in form, and telling lies."""

from struct import pack as packed

import pytest
from blake3 import blake3

from dvclite.compression import compress
from dvclite.errors import BlobCorruptError, BlobMissingError
from dvclite.hashing import BlobRef, Oid
from dvclite.pack.layout import Codec
from dvclite.pack.layout import Kind as Entry
from dvclite.recipe import Recipe, Run, encode
from dvclite.transfer.wanted import Wanted

MIB = 1 << 20


@pytest.fixture
def remote(far_or_near):
    return far_or_near


def digest(data):
    return blake3(data).digest()


def wanted(data, size=None):
    return Wanted(
        "model.bin", BlobRef(Oid(digest(data).hex()), len(data) if size is None else size)
    )


@pytest.fixture
def outcome(there, open_store):
    """Try to fetch, and return which error came of it; None if the right bytes came."""
    names = iter(range(100))

    def outcome(data, size=None):
        one = wanted(data, size)
        with open_store(f"there{next(names)}", jobs=2) as store:
            moved = there.fetch(store, one)
        if not moved.failures:
            assert there.cache.read(one.ref.oid) == data
            return None
        assert one.ref.oid not in there.cache
        ((_item, error),) = moved.failures
        return type(error)

    return outcome


def test_an_honest_pack_by_hand_is_accepted(outcome, put_pack):
    put_pack((Entry.BLOB, digest(b"content"), b"content"))

    assert outcome(b"content") is None


@pytest.mark.parametrize("entry", [b"c0ntent", b"content and more", b""])
def test_an_index_that_lies_about_a_name_is_not_believed(outcome, put_pack, entry):
    put_pack((Entry.BLOB, digest(b"content"), entry))

    assert outcome(b"content") is BlobCorruptError


@pytest.mark.parametrize("claimed", [100, 1000, MIB])
def test_a_compressed_entry_that_grows_beyond_its_claim_is_refused(outcome, put_pack, claimed):
    bomb = compress(bytes(64 * MIB))
    frame = bomb if len(bomb) < claimed else bomb[: claimed - 1]
    put_pack((Entry.BLOB, digest(b"content"), frame, {"codec": Codec.ZSTD, "size": claimed}))

    assert outcome(b"content") is BlobCorruptError


def test_a_right_blob_under_a_wrong_size_is_refused(outcome, put_pack):
    put_pack((Entry.BLOB, digest(b"content"), b"content"))

    assert outcome(b"content", size=8) is BlobCorruptError


@pytest.fixture
def large(noise):
    return noise(1, 3 * MIB)


@pytest.fixture
def chunks(put_pack, large):
    """A pack with a large blob in three chunks, and then something else."""
    pieces = [large[start : start + MIB] for start in range(0, 3 * MIB, MIB)]
    blob = (Entry.BLOB, digest(b"no chunk"), b"no chunk")
    empty = (Entry.CHUNK, digest(b""), b"")
    return bytes.fromhex(
        put_pack(*[(Entry.CHUNK, digest(piece), piece) for piece in pieces], blob, empty)
    )


def put_recipe(put_pack, large, data):
    put_pack((Entry.BLOB_RECIPE, digest(large), data))


def test_an_honest_recipe_by_hand_is_followed(outcome, put_pack, large, chunks):
    put_recipe(put_pack, large, encode(Recipe(3 * MIB, (Run(chunks, 0, 3),))))

    assert outcome(large) is None


@pytest.mark.parametrize(
    "runs",
    [
        [("absent", 0, 3)],
        [("chunks", 0, 2)],
        [("chunks", 0, 6)],
        [("chunks", 1, 2), ("chunks", 0, 1)],
        [("chunks", 0, 2), ("chunks", 3, 1)],
        [("chunks", 4, 1), ("chunks", 0, 3), ("chunks", 4, 1)],
        [("chunks", 0, 3), ("chunks", 0, 3)],
        [("chunks", 0, 3), ("recipe", 0, 1)],
        [("chunks", 0, 700)],
    ],
)
def test_a_recipe_that_makes_something_else_is_refused(
    outcome, open_store, put_pack, large, chunks, runs
):
    ids = {"chunks": chunks, "absent": b"a" * 32}
    other = encode(Recipe(3 * MIB, (Run(chunks, 0, 3),)))
    ids["recipe"] = bytes.fromhex(put_pack((Entry.BLOB_RECIPE, digest(b"other"), other)))
    made = [Run(ids[name], first, count) for name, first, count in runs]
    put_recipe(put_pack, large, encode(Recipe(3 * MIB, tuple(made))))

    assert outcome(large) in {BlobMissingError, BlobCorruptError}


def test_a_wrong_recipe_does_not_hide_a_right_one(outcome, put_pack, large, chunks):
    for order in ((0, 2, 1), (2, 1, 0), (1, 0, 2)):
        swapped = tuple(Run(chunks, number, 1) for number in order)
        put_recipe(put_pack, large, encode(Recipe(3 * MIB, swapped)))
    put_recipe(put_pack, large, encode(Recipe(3 * MIB, (Run(chunks, 0, 3),))))
    put_recipe(put_pack, large, b"no recipe")

    assert outcome(large) is None


@pytest.mark.parametrize("lying", [0, 1, 2])
def test_a_chunk_that_is_not_what_its_name_says_is_taken_from_elsewhere(
    outcome, put_pack, large, chunks, lying
):
    pieces = [large[start : start + MIB] for start in range(0, 3 * MIB, MIB)]
    told = [digest(piece) for piece in pieces]
    pieces[lying] = bytes(MIB)
    liar = put_pack(*[(Entry.CHUNK, *one) for one in zip(told, pieces, strict=True)])
    put_recipe(put_pack, large, encode(Recipe(3 * MIB, (Run(bytes.fromhex(liar), 0, 3),))))

    assert outcome(large) is None


def test_a_recipe_of_absurd_size_takes_no_memory_and_no_time(
    outcome, there, open_store, put_pack, large, chunks
):
    runs = tuple(Run(chunks, number % 2 * 2, 1) for number in range(10_000))
    put_recipe(put_pack, large, encode(Recipe(1 << 62, runs)))

    assert outcome(large) is BlobMissingError
    assert outcome(large, size=-1) is BlobMissingError
    assert not (there.cache.root / "tmp/partial").exists()


@pytest.mark.parametrize("size", [0, 1, 1 << 31, (1 << 32) - 1])
def test_a_recipe_that_claims_a_huge_number_of_packs_or_runs_is_refused(
    outcome, put_pack, large, size
):
    header = packed("<8sB7xQII", b"dvcrecp\n", 1, 3 * MIB, size, size)
    put_recipe(put_pack, large, header)

    assert outcome(large) is BlobMissingError


def test_what_lies_is_not_taken_for_present_where_that_shows(open_store, put_pack, large, chunks):
    put_recipe(put_pack, large, encode(Recipe(3 * MIB, (Run(b"a" * 32, 0, 3),))))
    with open_store("asking") as store:
        assert store.missing([wanted(large).ref])

    put_recipe(put_pack, large, encode(Recipe(3 * MIB, (Run(chunks, 0, 9),))))
    with open_store("asking") as store:
        assert store.missing([wanted(large).ref])

    put_recipe(put_pack, large, encode(Recipe(2 * MIB, (Run(chunks, 0, 3),))))
    with open_store("asking") as store:
        assert store.missing([wanted(large).ref])


def test_a_tree_that_lies_is_not_read(here, open_store, put_pack):
    tree = here.format.make_tree([])
    put_pack((Entry.TREE, bytes.fromhex(tree.oid.removesuffix(".dir")), b"another tree"))

    with open_store("asking") as store, pytest.raises(BlobCorruptError):
        store.tree(tree.oid)
