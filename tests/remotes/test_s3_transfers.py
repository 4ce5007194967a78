import threading
import time
import tracemalloc
from itertools import accumulate, islice

import pytest

from dvclite.errors import KeyExistsError, RemoteSetupError, RemoteUnavailableError

IN_PARTS = {"multipart_threshold": "5MiB", "multipart_chunksize": "5MiB"}
MIB = 1 << 20


class GivenUpError(Exception):
    pass


def test_a_large_file_travels_in_parts_and_comes_back_whole(s3, source, tmp_path):
    remote = s3.open("deep/prefix", **IN_PARTS)
    path = source(12 * MIB + 5)
    sent, received = [], []
    remote.put("large", path, moved=sent.append)
    remote.get("large", tmp_path / "out", moved=received.append)
    head = s3.client.head_object(Bucket=s3.bucket, Key="deep/prefix/large")

    assert (tmp_path / "out").read_bytes() == path.read_bytes()
    assert sum(sent) == sum(received) == 12 * MIB + 5
    assert head["ETag"].endswith('-3"')


def test_a_file_as_large_as_the_threshold_travels_whole(s3, source):
    remote = s3.open(**IN_PARTS)
    remote.put("k", source(5 * MIB))
    assert "-" not in s3.client.head_object(Bucket=s3.bucket, Key="k")["ETag"]


@pytest.mark.parametrize("interruption", [GivenUpError, KeyboardInterrupt])
@pytest.mark.parametrize("size", [100, 12 * MIB])
def test_a_put_that_is_given_up_leaves_neither_key_nor_parts(s3, source, size, interruption):
    def give_up(_count):
        raise interruption

    remote = s3.open(**IN_PARTS)
    with pytest.raises(interruption):
        remote.put("k", source(size), moved=give_up)

    assert remote.stat("k") is None
    assert "Uploads" not in s3.client.list_multipart_uploads(Bucket=s3.bucket)


def test_a_put_that_is_given_up_stops_all_its_parts_at_once(s3, source):
    moved, lock = [], threading.Lock()

    def give_up(count):
        time.sleep(0.01)
        with lock:
            moved.append(count)
            if len(moved) == 10:
                raise GivenUpError

    remote = s3.open(**IN_PARTS)
    with pytest.raises(GivenUpError):
        remote.put("k", source(40 * MIB), moved=give_up)

    assert len(moved) < 60  # of 320
    assert "Uploads" not in s3.client.list_multipart_uploads(Bucket=s3.bucket)


def test_a_conditional_put_in_parts_does_not_replace(s3, source):
    remote = s3.open(**IN_PARTS)
    remote.put("k", source(b"first"))
    with pytest.raises(KeyExistsError):
        remote.put("k", source(11 * MIB), if_absent=True)

    assert remote.read("k", 0, 10) == b"first"
    assert "Uploads" not in s3.client.list_multipart_uploads(Bucket=s3.bucket)


def test_memory_does_not_grow_with_the_file(s3, source, tmp_path):
    remote = s3.open(**IN_PARTS)
    path = source(60 * MIB)
    remote.stat("warm")
    tracemalloc.start()
    try:
        remote.put("k", path)
        remote.get("k", tmp_path / "out")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * MIB


def test_a_get_does_not_mix_two_contents(s3, source, relay, tmp_path):
    remote = s3.open()
    remote.put("k", source(5 * MIB))
    broken = s3.open(endpointurl=relay(s3.endpoint, "cut-answer", 4 * MIB, 1))

    def replace(_count, done=[]):  # noqa: B006
        if not done:
            done.append(True)
            remote.put("k", source(5 * MIB))

    with pytest.raises(RemoteUnavailableError, match="replaced while it was read"):
        broken.get("k", tmp_path / "out", moved=replace)


def test_a_put_is_repeated_when_its_connection_breaks(s3, source, relay):
    moved = []
    broken = s3.open(endpointurl=relay(s3.endpoint, "cut-request", MIB, 2))
    broken.put("k", source(4 * MIB), moved=moved.append)
    assert sum(moved) == 4 * MIB == s3.open().stat("k")
    assert min(moved) < 0
    assert max(accumulate(moved)) == 4 * MIB


def test_a_page_of_a_listing_is_fetched_when_it_is_needed(s3, canned):
    page = b"""<ListBucketResult><IsTruncated>true</IsTruncated>
        <NextContinuationToken>more</NextContinuationToken>
        <Contents><Key>p/a</Key><Size>1</Size></Contents>
        <Contents><Key>p/b</Key><Size>2</Size></Contents></ListBucketResult>"""
    listing = s3.open("p", endpointurl=canned(200, page)).list("")
    assert list(islice(listing, 3)) == [("a", 1), ("b", 2), ("a", 1)]
    with pytest.raises(RemoteSetupError, match="PaginationError"):
        list(islice(listing, 3))


def test_what_is_stored_is_stored_as_the_options_say(s3, source):
    remote = s3.open(
        sse="AES256", storage_class="STANDARD_IA", acl="bucket-owner-full-control", **IN_PARTS
    )
    for key, size in (("small", 10), ("large", 6 * MIB)):
        remote.put(key, source(size))
        head = s3.client.head_object(Bucket=s3.bucket, Key=key)
        assert (head["ServerSideEncryption"], head["StorageClass"]) == ("AES256", "STANDARD_IA")


def test_a_server_that_knows_no_checksums_is_told_of_none(s3, source, tmp_path):
    options = dict.fromkeys(
        ("request_checksum_calculation", "response_checksum_validation"), "when_required"
    )
    remote = s3.open(**options, **IN_PARTS)
    path = source(6 * MIB)
    remote.put("k", path)
    remote.get("k", tmp_path / "out")
    answer = s3.client.head_object(Bucket=s3.bucket, Key="k", ChecksumMode="ENABLED")
    assert (tmp_path / "out").read_bytes() == path.read_bytes()
    assert not [name for name in answer if name.startswith("Checksum")]


@pytest.mark.slow
def test_bytes_damaged_on_their_way_up_are_refused(new_s3, source, relay):
    damaging = relay(new_s3.endpoint, "damage-request", 100, 1000)
    remote = new_s3.open(endpointurl=damaging)
    with pytest.raises(RemoteUnavailableError):
        remote.put("k", source(5000))
    assert new_s3.open().stat("k") is None


@pytest.mark.slow
def test_bytes_damaged_on_their_way_down_are_not_accepted(new_s3, source, relay, tmp_path):
    new_s3.open().put("k", source(5000))
    remote = new_s3.open(endpointurl=relay(new_s3.endpoint, "damage-answer", 100, 1))
    with pytest.raises(RemoteUnavailableError, match="damaged"):
        remote.get("k", tmp_path / "out")


@pytest.mark.slow
def test_parts_carry_checksums_that_a_strict_server_verifies(new_s3, source, tmp_path):
    remote = new_s3.open(**IN_PARTS)
    path = source(11 * MIB)
    remote.put("k", path)
    remote.get("k", tmp_path / "out")
    answer = new_s3.client.head_object(Bucket=new_s3.bucket, Key="k", ChecksumMode="ENABLED")
    assert (tmp_path / "out").read_bytes() == path.read_bytes()
    assert answer["ChecksumCRC32"]


@pytest.mark.slow
def test_of_many_conditional_puts_one_succeeds(new_s3, source):
    remote = new_s3.open()
    path, gate, won = source(b"mine"), threading.Barrier(8), []

    def put():
        gate.wait()
        try:
            remote.put("k", path, if_absent=True)
            won.append(1)
        except KeyExistsError:
            pass

    threads = [threading.Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [1]
