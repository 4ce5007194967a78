"""The server that the tests of Google Cloud Storage rest on is as strict as it says."""

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

import google_crc32c
import pytest
from google.api_core import exceptions as api
from hypothesis import given
from hypothesis import strategies as st

SERVERS = Path(__file__).parents[1] / "servers"
KIB = 1024


@pytest.fixture
def ask(gcs):
    """Send a request: `ask("GET", path, body, headers) -> status, headers, body`."""

    def ask(method, path, body=None, **headers):
        url = path if path.startswith("http") else gcs.endpoint + path
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(url, body, named, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    return ask


@pytest.fixture
def begin(gcs, ask):
    """Begin a resumable upload: `begin(name) -> its address`."""

    def begin(name, query="", **headers):
        path = f"/upload/storage/v1/b/{gcs.bucket.name}/o?uploadType=resumable&name={name}{query}"
        status, answered, _ = ask("POST", path, b"{}", **headers)
        assert status == 200
        return answered["Location"]

    return begin


@given(st.binary(max_size=2000))
def test_the_checksum_in_python_is_googles(data):
    sys.path.insert(0, str(SERVERS))
    try:
        from crc32c import crc32c_by_tables
    finally:
        sys.path.remove(str(SERVERS))
    assert crc32c_by_tables(data) == google_crc32c.value(data)


def test_the_client_library_finds_what_it_stored(gcs):
    blob = gcs.bucket.blob("a b/ü")
    blob.metadata = {"k": "v"}
    blob.upload_from_string(
        b"content", content_type="text/x", checksum="md5", if_generation_match=0
    )
    found = gcs.bucket.get_blob("a b/ü")
    assert (found.size, found.content_type, found.metadata) == (7, "text/x", {"k": "v"})
    assert found.crc32c == blob.crc32c
    assert found.generation == blob.generation > 0
    assert found.download_as_bytes(checksum="md5") == b"content"
    assert found.download_as_bytes(start=2, end=4) == b"nte"
    assert found.download_as_bytes(start=-3) == b"ent"
    found.delete(if_generation_match=found.generation)
    assert gcs.bucket.get_blob("a b/ü") is None


def test_preconditions_hold_for_storing_reading_and_deleting(gcs):
    blob = gcs.bucket.blob("k")
    blob.upload_from_string(b"one")
    old = blob.generation
    for size in (3, 9 * KIB * KIB):
        with pytest.raises(api.PreconditionFailed):
            gcs.bucket.blob("k").upload_from_string(b"x" * size, if_generation_match=0)
    blob.upload_from_string(b"two", if_generation_match=old)
    with pytest.raises(api.PreconditionFailed):
        blob.download_as_bytes(if_generation_match=old)
    with pytest.raises(api.PreconditionFailed):
        blob.delete(if_generation_match=old)
    assert blob.download_as_bytes() == b"two"


def test_of_two_conditional_uploads_begun_at_once_the_second_to_end_fails(begin, ask):
    first, second = begin("k", "&ifGenerationMatch=0"), begin("k", "&ifGenerationMatch=0")
    whole = {"Content_Range": "bytes 0-2/3"}
    assert ask("PUT", second, b"two", **whole)[0] == 200
    assert ask("PUT", first, b"one", **whole)[0] == 412


def test_a_resumable_upload_tells_how_far_it_is_and_goes_on_from_there(gcs, begin, ask):
    data = bytes(range(256)) * 3 * KIB
    grain = 256 * KIB
    place = begin("k")
    assert ask("PUT", place, b"", Content_Range=f"bytes */{len(data)}")[0] == 308
    status, headers, _ = ask(
        "PUT", place, data[:grain], Content_Range=f"bytes 0-{grain - 1}/{len(data)}"
    )
    assert (status, headers["Range"]) == (308, f"bytes=0-{grain - 1}")
    assert gcs.bucket.get_blob("k") is None

    beyond = ask("PUT", place, data[-10:], Content_Range=f"bytes 700000-700009/{len(data)}")
    assert beyond[0] == 400
    ragged = ask("PUT", place, b"x" * 100, Content_Range=f"bytes {grain}-{grain + 99}/{len(data)}")
    assert ragged[0] == 400
    status, _, body = ask("PUT", place, data, Content_Range=f"bytes 0-{len(data) - 1}/{len(data)}")
    assert (status, json.loads(body)["size"]) == (200, str(len(data)))
    assert ask("PUT", place, b"", Content_Range="bytes */*")[0] == 200
    assert gcs.bucket.blob("k").download_as_bytes() == data


def test_an_upload_that_was_announced_otherwise_or_cancelled_fails(begin, ask):
    place = begin("k", X_Upload_Content_Length="5")
    assert ask("PUT", place, b"abc", Content_Range="bytes 0-2/3")[0] == 400
    assert ask("DELETE", place)[0] == 499
    assert ask("PUT", place, b"abcde", Content_Range="bytes 0-4/5")[0] == 404


@pytest.mark.parametrize("checksum", ["crc32c=AAAAAA==", "md5=AAAAAAAAAAAAAAAAAAAAAA=="])
def test_content_that_does_not_match_its_checksum_is_never_seen(gcs, begin, ask, checksum):
    status, _, body = ask("PUT", begin("k"), b"abc", X_Goog_Hash=checksum)
    assert status == 400
    assert "doesn't match calculated" in json.loads(body)["error"]["message"]
    assert gcs.bucket.get_blob("k") is None


def test_listings_come_in_pages_in_the_order_of_bytes_and_hold_what_was_asked_for(gcs, ask):
    names = ["a", "a/b", "a-b", "b", "é", "z"]
    for name in names:
        gcs.bucket.blob(name).upload_from_string(b"")
    path = f"/storage/v1/b/{gcs.bucket.name}/o?maxResults=4&fields=items(name),nextPageToken"
    first = json.loads(ask("GET", path)[2])
    rest = json.loads(ask("GET", f"{path}&pageToken={first['nextPageToken']}")[2])
    assert first["items"] == [{"name": name} for name in ("a", "a-b", "a/b", "b")]
    assert rest == {"items": [{"name": "z"}, {"name": "é"}]}
    assert [blob.name for blob in gcs.client.list_blobs(gcs.bucket, page_size=2)] == sorted(names)


def test_a_parameter_that_the_server_does_not_know_is_an_error(gcs, ask):
    assert ask("GET", f"/storage/v1/b/{gcs.bucket.name}/o?versions=true")[0] == 400


def test_a_batch_of_more_than_a_hundred_is_refused(gcs):
    batch = gcs.client.batch()
    gcs.client._push_batch(batch)
    for number in range(101):
        gcs.bucket.delete_blob(f"k{number}")
    gcs.client._pop_batch()
    with pytest.raises(api.BadRequest):
        batch.finish()


def test_a_token_that_nobody_issued_is_refused(gcs, ask):
    path = f"/storage/v1/b/{gcs.bucket.name}/o"
    assert ask("GET", path, Authorization="Bearer invented")[0] == 401


def test_replacing_takes_the_permission_to_delete(gcs):
    gcs.bucket.blob("k").upload_from_string(b"one")
    gcs.grant(objectCreator="allUsers")
    gcs.bucket.blob("new").upload_from_string(b"one")
    with pytest.raises((api.Unauthorized, Exception), match=r"401|refreshed"):
        gcs.bucket.blob("k").upload_from_string(b"two")
