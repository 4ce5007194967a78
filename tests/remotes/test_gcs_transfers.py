import gc
import threading
import time
import tracemalloc
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest

from dvclite.errors import KeyExistsError, RemoteUnavailableError

MIB = 1 << 20


class GivenUpError(Exception):
    pass


def requests_for(bench):
    """Return what the server was asked for about a bench's bucket."""
    with urllib.request.urlopen(f"{bench.endpoint}/log") as answer:
        return [line for line in answer.read().decode().splitlines() if bench.bucket.name in line]


def test_a_large_file_travels_in_pieces_that_are_few(gcs, source, tmp_path):
    remote = gcs.open("deep/prefix")
    path = source(33 * MIB + 5)
    sent, received = [], []
    before = len(requests_for(gcs))
    remote.put("large", path, moved=sent.append)
    assert len(requests_for(gcs)) - before == 3
    remote.get("large", tmp_path / "out", moved=received.append)

    assert (tmp_path / "out").read_bytes() == path.read_bytes()
    assert sum(sent) == sum(received) == 33 * MIB + 5
    assert max(sent) <= 64 << 10  # As they go, and not when the SDK reads them.


def test_memory_does_not_grow_with_the_file(gcs, source, tmp_path):
    remote = gcs.open()
    path = source(80 * MIB)
    remote.stat("warm")
    tracemalloc.start()
    try:
        remote.put("k", path)
        remote.get("k", tmp_path / "out")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 70 * MIB


def test_memory_does_not_grow_with_the_number_of_large_files_at_once(gcs, source):
    remote, path, lock = gcs.open(), source(2 * MIB), threading.Lock()
    holding, most = 0, 0

    def hold(_count):
        nonlocal holding, most
        with lock:
            holding += 1
            most = max(most, holding)
        time.sleep(0.05)
        with lock:
            holding -= 1

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda n: remote.put(f"k{n}", path, moved=hold), range(20)))
    assert 1 < most <= 4


@pytest.mark.parametrize("size", [100, 9 * MIB])
def test_a_put_that_is_given_up_leaves_no_key(gcs, source, size):
    def give_up(_count):
        raise GivenUpError

    remote = gcs.open()
    with pytest.raises(GivenUpError):
        remote.put("k", source(size), moved=give_up)
    assert remote.stat("k") is None


@pytest.mark.parametrize("size", [100, 9 * MIB])
def test_a_conditional_put_does_not_replace(gcs, source, size):
    remote = gcs.open()
    remote.put("k", source(b"first"))
    with pytest.raises(KeyExistsError):
        remote.put("k", source(size), if_absent=True)
    assert remote.read("k", 0, 10) == b"first"


@pytest.mark.parametrize("size", [4 * MIB, 33 * MIB])
def test_a_put_is_repeated_when_its_connection_breaks(gcs, source, relay, tmp_path, size):
    moved = []
    path = source(size)
    broken = gcs.open(endpointurl=relay(gcs.endpoint, "cut-request", MIB, 2))
    broken.put("k", path, moved=moved.append)
    gcs.open().get("k", tmp_path / "out")
    assert sum(moved) == size
    assert (tmp_path / "out").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("size", [5000, 9 * MIB])
def test_bytes_damaged_on_their_way_up_are_refused(gcs, source, relay, size):
    remote = gcs.open(endpointurl=relay(gcs.endpoint, "damage-request", 2000, 1000))
    with pytest.raises(RemoteUnavailableError, match="damaged"):
        remote.put("k", source(size))
    assert gcs.open().stat("k") is None


def test_bytes_damaged_on_their_way_down_are_not_accepted(gcs, source, relay, tmp_path):
    gcs.open().put("k", source(5000))
    remote = gcs.open(endpointurl=relay(gcs.endpoint, "damage-answer", 2000, 1))
    with pytest.raises(RemoteUnavailableError, match="damaged"):
        remote.get("k", tmp_path / "out")


def test_an_answer_that_asks_for_another_try_leaves_no_connection_open(gcs, canned, tmp_path):
    remote = gcs.open(endpointurl=canned(503, b"busy" * 100_000))
    with pytest.raises(RemoteUnavailableError):
        remote.get("k", tmp_path / "out")
    remote.close()
    gc.collect()  # warns of sockets that nobody closed


def test_pages_of_a_listing_are_fetched_when_they_are_needed(gcs):
    for number in range(1001):
        gcs.bucket.blob(f"p/a{number:04}").upload_from_string(b"")
    listing = gcs.open("p").list("a")
    first = list(islice(listing, 1000))
    gcs.bucket.blob("p/ax").upload_from_string(b"late")
    rest = [entry.key for entry in listing]
    assert first[0].key == "a0000"
    assert rest == ["a1000", "ax"]


def test_a_hundred_keys_are_deleted_in_one_request(gcs, source):
    remote = gcs.open()
    path = source(b"x")
    for number in range(101):
        remote.put(f"k{number}", path)
    with urllib.request.urlopen(f"{gcs.endpoint}/log") as answer:
        before = answer.read().decode().count("/batch/")
    remote.delete(f"k{number}" for number in range(101))
    with urllib.request.urlopen(f"{gcs.endpoint}/log") as answer:
        after = answer.read().decode().count("/batch/")
    assert after - before == 2
    assert list(remote.list("")) == []


def test_content_stored_compressed_by_others_comes_as_it_is_stored(gcs, tmp_path):
    blob = gcs.bucket.blob("k")
    blob.content_encoding = "gzip"
    blob.upload_from_string(b"\x1f\x8bnot really", content_type="text/plain")
    gcs.open().get("k", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"\x1f\x8bnot really"
