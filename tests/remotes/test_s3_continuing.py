"""Uploads in parts that were cut short go on, and leave nothing behind."""

import json
import threading
import urllib.request

import pytest

from dvclite.errors import AccessDeniedError, RemoteUnavailableError
from dvclite.remote import Spared

MIB = 1 << 20
IN_PARTS = {"multipart_threshold": "5MiB", "multipart_chunksize": "5MiB"}
NO_CHECKSUMS = {"request_checksum_calculation": "when_required"}


@pytest.fixture
def cut_short(s3):
    """Put a file and be interrupted when some of it has arrived."""

    def cut_short(path, key="k", after=16 * MIB, **options):
        sent, lock = 0, threading.Lock()

        def interrupt(size):
            nonlocal sent
            with lock:
                sent += size
                if sent > after:
                    raise KeyboardInterrupt

        remote = s3.open("p", **IN_PARTS, **options)
        with pytest.raises(KeyboardInterrupt):
            remote.put(key, path, moved=interrupt)

    return cut_short


@pytest.fixture
def proxy(s3, serve):
    """Put a proxy before the server: `proxy(*rules) -> its address`."""

    def proxy(*rules):
        address = serve("proxy.py", s3.endpoint)
        body = json.dumps(rules).encode()
        request = urllib.request.Request(f"{address}/-/rules", body, method="PUT")
        urllib.request.urlopen(request).close()
        return address

    return proxy


def put(remote, path, key="k"):
    """Put a file; return how many bytes were sent and how many spared."""
    moved = []
    remote.put(key, path, moved=moved.append)
    spared = sum(size for size in moved if isinstance(size, Spared))
    return sum(moved) - spared, spared


def unfinished(s3):
    uploads = s3.client.list_multipart_uploads(Bucket=s3.bucket).get("Uploads", ())
    return [upload["Key"] for upload in uploads]


def content(s3, key="p/k"):
    return s3.client.get_object(Bucket=s3.bucket, Key=key)["Body"].read()


@pytest.mark.parametrize("options", [{}, NO_CHECKSUMS], ids=["crc32", "md5"])
def test_parts_that_arrived_are_not_sent_again(s3, source, cut_short, options):
    path = source(58 * MIB)
    cut_short(path, after=45 * MIB, **options)
    assert unfinished(s3) == ["p/k"]
    assert s3.open("p").stat("k") is None

    sent, spared = put(s3.open("p", **IN_PARTS, **options), path)
    assert spared >= 5 * MIB
    assert sent + spared == 58 * MIB
    assert content(s3) == path.read_bytes()
    assert unfinished(s3) == []


def test_parts_of_other_content_are_sent_again(s3, source, cut_short):
    cut_short(source(58 * MIB), after=45 * MIB)
    path = source(58 * MIB)
    assert put(s3.open("p", **IN_PARTS), path) == (58 * MIB, 0)
    assert content(s3) == path.read_bytes()
    assert unfinished(s3) == []


def test_parts_of_other_sizes_are_sent_again(s3, source, cut_short):
    path = source(58 * MIB)
    cut_short(path, after=45 * MIB)
    other = s3.open("p", multipart_threshold="5MiB", multipart_chunksize="6MiB")
    assert put(other, path) == (58 * MIB, 0)
    assert content(s3) == path.read_bytes()
    assert unfinished(s3) == []


def test_what_was_checked_otherwise_is_begun_anew(s3, source, cut_short):
    path = source(58 * MIB)
    cut_short(path, after=45 * MIB)
    assert put(s3.open("p", **IN_PARTS, **NO_CHECKSUMS), path) == (58 * MIB, 0)
    assert content(s3) == path.read_bytes()


def test_what_was_begun_without_encryption_is_not_kept_without_it(s3, source, cut_short):
    path = source(58 * MIB)
    cut_short(path, after=45 * MIB)
    moved = []
    s3.open("p", sse="AES256", **IN_PARTS).put("k", path, moved=moved.append)
    head = s3.client.head_object(Bucket=s3.bucket, Key="p/k")
    assert head["ServerSideEncryption"] == "AES256"
    assert sum(moved) == 58 * MIB
    assert content(s3) == path.read_bytes()


def test_an_upload_that_somebody_ended_is_begun_anew(s3, source, cut_short):
    path = source(58 * MIB)
    cut_short(path, after=45 * MIB)
    (upload,) = s3.client.list_multipart_uploads(Bucket=s3.bucket)["Uploads"]
    moved, lock = [], threading.Lock()

    def end(size):
        with lock:
            if not isinstance(size, Spared) and not moved:
                place = {"Key": upload["Key"], "UploadId": upload["UploadId"]}
                s3.client.abort_multipart_upload(Bucket=s3.bucket, **place)
            moved.append(size)

    s3.open("p", **IN_PARTS).put("k", path, moved=end)
    assert sum(moved) == 58 * MIB
    assert content(s3) == path.read_bytes()
    assert unfinished(s3) == []


def test_a_line_that_breaks_leaves_what_arrived(s3, source, proxy, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    path = source(58 * MIB)
    # Eight are sent at once: when this one begins, three have arrived.
    eleventh = {"method": "PUT", "path": r".*[?&]partNumber=11(&.*)?", "do": "reset", "after": 0}
    broken = s3.open("p", endpointurl=proxy(eleventh), **IN_PARTS)
    with pytest.raises(RemoteUnavailableError):
        broken.put("k", path)
    assert unfinished(s3) == ["p/k"]
    sent, spared = put(s3.open("p", **IN_PARTS), path)
    assert spared > 0
    assert sent + spared == 58 * MIB
    assert unfinished(s3) == []


def test_a_file_that_becomes_shorter_leaves_nothing(s3, source):
    path = source(58 * MIB)
    moved, lock = [], threading.Lock()

    def shrink(size):
        with lock:
            moved.append(size)
            if sum(moved) > 30 * MIB:
                with path.open("r+b") as file:
                    file.truncate(MIB)

    with pytest.raises(OSError, match="became shorter"):
        s3.open("p", **IN_PARTS).put("k", path, moved=shrink)
    assert unfinished(s3) == []


def test_without_the_right_to_find_them_parts_do_not_stay(s3, source, proxy):
    denied = {"do": "answer", "status": 403, "body": "<Error><Code>AccessDenied</Code></Error>"}
    parts = {"method": "PUT", "path": ".*partNumber.*", "skip": 4, **denied}
    address = proxy({"method": "GET", "path": r".*[?&]uploads.*", **denied}, parts)
    with pytest.raises(AccessDeniedError):
        s3.open("p", endpointurl=address, **IN_PARTS).put("k", source(58 * MIB))
    assert unfinished(s3) == []


def test_what_was_abandoned_is_cleared_away_and_nothing_else(s3, source):
    names = {
        "ours": "p/files/md5/ab/" + "c" * 30,
        "same": "p/files/md5/ab/" + "d" * 30,
        "elsewhere": "q/files/md5/ab/" + "c" * 30,
        "foreign": "p/holiday/film.mov",
    }
    for name in names.values():
        s3.client.create_multipart_upload(Bucket=s3.bucket, Key=name)
    # To this server all uploads have begun long ago.
    s3.open("p", **IN_PARTS).put(names["same"].removeprefix("p/"), source(6 * MIB))
    assert sorted(unfinished(s3)) == sorted([names["same"], names["elsewhere"], names["foreign"]])
