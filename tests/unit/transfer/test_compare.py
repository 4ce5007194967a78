"""What the cache has and a remote lacks, and the other way round."""

import pytest

from dvclite.errors import BlobMissingError
from dvclite.hashing import hash_bytes
from dvclite.progress import SILENT
from dvclite.transfer.compare import Paths, compare

loose = pytest.mark.parametrize("layout", ["loose"])
"""For tests that know under which key a blob lies."""

FILES = {"a": b"one", "b/c": b"two", "b/d": b"three"}


def test_what_is_in_both_places_is_clean(here, store):
    data = here.add("data", FILES)
    here.push(store, data)

    compared, failures = compare(here.cache, store, [data], SILENT)

    assert compared["data"].is_clean
    assert not failures


def test_what_was_never_pushed_is_new(here, store):
    data = here.add("data", FILES)
    file = here.add_file("model.bin", b"weights")

    compared, _failures = compare(here.cache, store, [data, file], SILENT)

    size = 11 + here.cache.tree(data.ref.oid).ref.size
    assert compared["data"].new == Paths(["data/", "data/a", "data/b/c", "data/b/d"], size)
    assert compared["model.bin"].new == Paths(["model.bin"], 7)


def test_what_was_never_fetched_is_deleted_here(here, there, store):
    data = here.add("data", FILES)
    here.push(store, data)

    compared, _failures = compare(there.cache, store, [data], SILENT)

    assert compared["data"].deleted.names == ["data/", "data/a", "data/b/c", "data/b/d"]
    assert not compared["data"].new.names
    assert not there.cache.root.exists()


@loose
def test_what_is_nowhere_is_missing(here, store, remote, format):
    data = here.add("data", FILES)
    here.push(store, data)
    lost = hash_bytes(b"two", format.algorithm)
    here.lose(lost)
    remote.delete([format.loose_key(lost)])

    compared, _failures = compare(here.cache, store, [data], SILENT)

    assert compared["data"].missing == Paths(["data/b/c"], 3)
    assert not compared["data"].is_clean


def test_a_part_is_compared_alone(here, store):
    data = here.add("data", FILES)

    compared, _failures = compare(here.cache, store, [data._replace(part="b")], SILENT)

    assert compared["data"].new.names == ["data/", "data/b/c", "data/b/d"]


def test_two_outputs_with_the_same_content_are_both_told(here, store):
    one, two = here.add("one", FILES), here.add("two", FILES)

    compared, _failures = compare(here.cache, store, [one, two], SILENT)

    assert len(compared["one"].new.names) == len(compared["two"].new.names) == 4


def test_a_tree_that_is_nowhere_cannot_be_compared(here, there, store):
    data = here.add("data", FILES)

    compared, failures = compare(there.cache, store, [data], SILENT)

    assert not compared
    (failure,) = failures
    assert failure.item.path == "data"
    assert isinstance(failure.error, BlobMissingError)


def test_everything_is_asked_for_together(here, store, remote):
    wanted = [here.add(f"data{number}", {"a": b"%d" % number}) for number in range(50)]

    compare(here.cache, store, wanted, SILENT)

    assert remote.traffic.requests <= 2
