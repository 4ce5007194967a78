"""Many blobs by name, with their sizes."""

import sys
import tracemalloc
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dvclite.hashing import BlobRef, Oid
from dvclite.remotestore.named import Named
from dvclite.remotestore.sizes import Sizes

# Names that overlap with each other's bytes when they lie side by side.
DIGITS = ["00" * 32, "01" * 32, "10" * 32, "00" * 31 + "01", "01" + "00" * 31]
NAMES = some.sampled_from(
    [*DIGITS, *(name + ".dir" for name in DIGITS), "ab" * 16, "md5-dos2unix:" + "ab" * 16]
)
SIZES = some.integers(-1, 1 << 62)


@pytest.fixture(autouse=True)
def few_buckets(monkeypatch):
    monkeypatch.setattr("dvclite.remotestore.sizes._BUCKETS", 2)


def refs(model):
    return [BlobRef(Oid(name), size) for name, size in model.items()]


@given(some.lists(some.tuples(some.sampled_from("sdgp"), NAMES, SIZES)))
def test_they_behave_as_a_dict_does(steps):
    sizes, model = Sizes(), {}
    for what, name, size in steps:
        if what == "s":
            sizes[name] = model[name] = size
        elif what == "d":
            assert sizes.pop(name, None) == model.pop(name, None)
        elif what == "p":
            assert sizes.get(name) == model.get(name)
        else:
            sizes.gather([BlobRef(Oid(name), size)])
            if model.get(name, -1) < 0:
                model[name] = size
        assert (name in sizes) == (name in model)
    assert sizes == sizes.copy() == model
    assert len(sizes) == len(model)
    assert sizes.total() == sum(size for size in model.values() if size > 0)
    assert sorted(sizes.trees()) == sorted(name for name in model if name.endswith(".dir"))


@given(some.dictionaries(NAMES, SIZES), some.lists(NAMES))
def test_what_is_drawn_comes_once_and_is_out_then(model, names):
    sizes = Sizes(refs(model))

    drawn = [blob.ref.oid for blob in sizes.draw(Named("a", BlobRef(name, 1)) for name in names)]

    assert drawn == [name for name in dict.fromkeys(names) if name in model]
    assert set(sizes) == set(model) - set(names)


@given(some.dictionaries(some.sampled_from(DIGITS), SIZES), some.sets(some.sampled_from(DIGITS)))
def test_what_is_present_is_sifted_out_and_trees_are_not_asked_for(model, there):
    tree = Oid("00" * 32 + ".dir")
    sizes = Sizes([*refs(model), BlobRef(tree, 5)])
    asked = {}

    def present(group):
        asked.update(group)
        return {digest for digest in group if digest.hex() in there}

    sizes.sift(present)

    assert {digest.hex(): size for digest, size in asked.items()} == model
    assert sizes == {name: size for name, size in model.items() if name not in there} | {tree: 5}


@given(some.dictionaries(NAMES, SIZES), some.sets(NAMES))
def test_what_is_absent_from_nowhere_is_taken_out(model, absent):
    sizes = Sizes(refs(model))
    asked = {}

    def lacking(group):
        asked.update(group)
        return absent.intersection(ref.oid for ref in group)

    sizes.reduce(lacking)

    assert asked == model
    assert sizes == {name: size for name, size in model.items() if name in absent}


@given(
    some.dictionaries(some.sampled_from(DIGITS), SIZES),
    some.lists(some.tuples(some.integers(0, 2) | SIZES, some.sampled_from(DIGITS))),
)
def test_what_matches_has_the_size_that_is_known_and_may_be_discarded(model, blobs):
    sizes = Sizes(refs(model))
    asked = [(size, bytes.fromhex(name)) for size, name in blobs]

    matching = list(sizes.matching(asked))
    count = sizes.discard(digest for _size, digest in matching)

    assert matching == [
        (size, name) for size, name in asked if model.get(name.hex(), -2) in (-1, size)
    ]
    assert count == len({digest for _size, digest in matching})
    assert set(sizes) == set(model) - {digest.hex() for _size, digest in matching}


def test_digests_of_another_length_match_nothing():
    sizes = Sizes([BlobRef(Oid("ab" * 32), 5)])

    assert not list(sizes.matching([(5, bytes.fromhex("ab" * 16))]))


def test_what_was_yielded_may_be_taken_out_before_the_rest_comes():
    sizes = Sizes(BlobRef(Oid(f"{number:064x}"), number) for number in range(100))

    for oid in sizes:
        del sizes[oid]

    assert not sizes


def test_many_are_asked_for_some_thousands_at_a_time(monkeypatch):
    monkeypatch.setattr("dvclite.remotestore.sizes._BUCKETS", 1 << 10)
    monkeypatch.setattr("dvclite.remotestore.sizes._TOGETHER", 1000)
    sizes = Sizes(BlobRef(Oid(f"{number:064x}"), number) for number in range(10_000))
    groups = []

    sizes.sift(lambda group: groups.append(len(group)) or group.keys())

    assert not sizes
    assert sum(groups) == 10_000
    assert max(groups) < 2000


def test_they_take_half_the_memory_of_a_dict(monkeypatch):
    monkeypatch.setattr("dvclite.remotestore.sizes._BUCKETS", 1 << 10)
    count, random = 20_000, Random(1)
    tracemalloc.start()
    try:
        sizes = Sizes(BlobRef(Oid(random.randbytes(32).hex()), 8) for _ in range(count))
        taken, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(sizes) == count
    model = dict.fromkeys(sizes, 8)
    assert taken < (sys.getsizeof(model) + count * sys.getsizeof("0" * 64)) / 2
