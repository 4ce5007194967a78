"""The second request for small contents is made like the first, and what it does not settle is settled."""

import base64
import zlib

import pytest

from dvclite.errors import KeyExistsError, KeyMissingError, RemoteUnavailableError

NO_KEYS = ("access_key_id", "secret_access_key")
ITS_OWN = frozenset(
    {
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "authorization",
        "content-length",
        "x-amz-checksum-crc32",
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-meta-dvclite-put",
    }
)
ODD = "a b/ü+%20~'()&=?#"
ANSWER = {"ETag": '"1"'}


@pytest.fixture
def asked(s3, canned, source, tmp_path):
    """Do the same with two keys: `asked(do, **options) -> two requests, as paths and headers`."""

    def asked(do, without=(), **options):
        address = canned(200, b"" if do.startswith("put") else b"content", ANSWER)
        remote = s3.open("p", without=without, endpointurl=address, **options)
        for number, key in enumerate(("first", ODD)):
            if do == "get":
                remote.get(key, tmp_path / "out")
                assert (tmp_path / "out").read_bytes() == b"content"
            else:
                content = source(b"content" * (number + 1))
                remote.put(key, content, if_absent=do == "put if absent")
        assert remote.requests.made == len(canned.asked) == 2
        return [
            (line.split()[1], {name.lower(): value for name, value in headers.items()})
            for line, headers in canned.asked
        ]

    return asked


CHOICES = {
    "nothing": {},
    "a token": {"session_token": "token-of-today"},
    "an encryption": {"sse_kms_key_id": "key-1", "storage_class": "STANDARD_IA"},
    "a key of one's own": {"sse_customer_key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
    "that the requester pays": {"requester_pays": "true"},
    "no credentials": {"without": NO_KEYS, "allow_anonymous_login": "true"},
    "no checksums": dict.fromkeys(
        ("request_checksum_calculation", "response_checksum_validation"), "when_required"
    ),
}


@pytest.mark.parametrize("do", ["get", "put", "put if absent"])
@pytest.mark.parametrize("choice", CHOICES)
def test_a_later_request_carries_what_the_first_does(asked, s3, do, choice):
    (_, first), (path, later) = asked(do, **CHOICES[choice])

    assert path == f"/{s3.bucket}/p/a%20b/%C3%BC%2B%2520~%27%28%29%26%3D%3F%23"
    assert {name: first[name] for name in first.keys() - ITS_OWN} == {
        name: later[name] for name in later.keys() - ITS_OWN
    }
    own = ITS_OWN - {"amz-sdk-invocation-id", "amz-sdk-request"}
    assert first.keys() & own == later.keys() & own
    for name in own & later.keys() - {"x-amz-date", "x-amz-content-sha256"}:
        assert first[name] != later[name]


def test_the_sdk_makes_the_first_alone(asked):
    (_, first), (_, later) = asked("get")
    assert "amz-sdk-invocation-id" in first
    assert "amz-sdk-invocation-id" not in later


def test_what_is_missing_or_there_already_is_told_later_too(s3, source, tmp_path):
    remote = s3.open("p")
    for key in ("1", "2", "3"):
        remote.put(key, source(b"old"), if_absent=True)
        remote.get(key, tmp_path / "out")
        with pytest.raises(KeyMissingError):
            remote.get(f"no {key}", tmp_path / "out")
        with pytest.raises(KeyExistsError):
            remote.put(key, source(b"new"), if_absent=True)
        remote.get(key, tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == b"old"


def test_a_later_content_that_was_damaged_on_its_way_is_refused(s3, canned, tmp_path):
    content, headers = b"content", dict(ANSWER)
    checksum = base64.b64encode(zlib.crc32(content).to_bytes(4)).decode()
    headers["x-amz-checksum-crc32"] = checksum
    remote = s3.open(endpointurl=canned(200, content, headers))
    for number in range(3):
        remote.get(f"{number}", tmp_path / "out")
    headers["x-amz-checksum-crc32"] = "AAAAAA=="
    with pytest.raises(RemoteUnavailableError, match="damaged"):
        remote.get("3", tmp_path / "out")


@pytest.mark.parametrize("fault", ["cut-answer", "lose-answer"])
def test_a_later_get_goes_on_where_the_connection_broke(s3, source, relay, tmp_path, fault):
    path = source(5000)
    s3.open().put("k", path)
    for key in ("1", "2", "3"):
        s3.keep(key, b"1234567")
    remote = s3.open(endpointurl=relay(s3.endpoint, fault, 3000, 1))
    for key in ("1", "2", "3"):
        remote.get(key, tmp_path / "out")
    remote.get("k", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == path.read_bytes()
