"""The second request for small contents is made like the first, and what it does not settle is settled."""

import base64
import sys
import time
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
        "expect",
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
    own = ITS_OWN - {"amz-sdk-invocation-id", "amz-sdk-request", "expect"}
    assert first.keys() & own == later.keys() & own
    for name in own & later.keys() - {"x-amz-date", "x-amz-content-sha256"}:
        assert first[name] != later[name]


@pytest.mark.parametrize("do", ["get", "put", "put if absent"])
def test_the_sdk_makes_the_first_alone(asked, do):
    (_, first), (_, later) = asked(do)
    assert "amz-sdk-invocation-id" in first
    assert "amz-sdk-invocation-id" not in later
    assert "expect" not in later


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


@pytest.fixture
def proxied(s3, proxies):
    """A remote through a proxy, and the proxy."""
    proxy = proxies(s3.endpoint)
    proxy.rules()
    yield s3.open(endpointurl=proxy.address), proxy
    proxy.rules()


def busy(status, **headers):
    body = "<Error><Code>SlowDown</Code></Error>"
    return {"do": "answer", "status": status, "body": body, "headers": headers}


FAULTS = {
    "busy": busy(503),
    "too many": busy(429),
    "busy for a second": busy(503, **{"Retry-After": "1"}),
    "elsewhere": busy(301, Location="http://127.0.0.1:9/login"),
    "a page of a hotel": {"do": "answer", "status": 200, "body": "<html>Welcome</html>"},
    "reset": {"do": "reset", "after": 0},
    "lost answer": {"do": "lose"},
}


@pytest.mark.parametrize("fault", [*FAULTS, "truncated"])
def test_a_later_get_that_fails_once_succeeds_the_long_way(proxied, source, tmp_path, fault):
    remote, proxy = proxied
    paths = {key: source(5000) for key in ("first", "later", "last")}
    for key, path in paths.items():
        remote.put(key, path)
    remote.get("first", tmp_path / "out")
    before, began = remote.requests.made, time.monotonic()
    rule = FAULTS.get(fault, {"do": "truncate", "after": 3000})
    proxy.rules({**rule, "method": "GET", "times": 1})
    for key, path in paths.items():
        moved = []
        remote.get(key, tmp_path / "out", moved=moved.append)
        assert (tmp_path / "out").read_bytes() == path.read_bytes()
        assert sum(moved) == 5000
    assert proxy.struck() == 1
    assert (remote.requests.made - before, remote.requests.repeated) == (4, 1)
    assert time.monotonic() - began >= (1 if "second" in fault else 0)


@pytest.mark.parametrize("if_absent", [False, True])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_later_put_that_fails_once_succeeds_the_long_way(proxied, source, fault, if_absent):
    remote, proxy = proxied
    remote.put("first", source(5000))
    proxy.rules({**FAULTS[fault], "method": "PUT", "times": 1})
    path, moved = source(5000), []
    remote.put("later", path, if_absent=if_absent, moved=moved.append)
    with pytest.raises(KeyExistsError):
        remote.put("later", source(10), if_absent=True)
    assert proxy.struck() == 1
    assert sum(moved) == 5000
    assert remote.read("later", 0, 9999) == path.read_bytes()


def test_a_server_that_stays_busy_is_told_of(proxied, source, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    remote, proxy = proxied
    remote.put("k", source(10))
    remote.get("k", tmp_path / "out")
    proxy.rules(busy(503, **{"Retry-After": "3600"}))
    with pytest.raises(RemoteUnavailableError, match="left alone for 3,600 s"):
        remote.get("k", tmp_path / "out")
    with pytest.raises(RemoteUnavailableError, match="left alone for 3,600 s"):
        remote.put("k", source(10))
    assert proxy.struck() == 4


def test_other_requests_between_change_nothing(s3, source, tmp_path):
    remote = s3.open("p")
    content = {"x/k": b"theirs", "k": b"ours", "": b"", "large": bytes(300_000), "j": b"last"}
    content = {key or "empty": data for key, data in content.items()}
    for key, data in content.items():
        remote.put(key, source(data), if_absent=key == "k")
        assert remote.read("x/k", 1, 2) == b"he"
        remote.get_version("x/k", "", tmp_path / "out")
        assert remote.stat("nowhere") is None
    for key, data in content.items():
        remote.get(key, tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == data
        assert s3.client.get_object(Bucket=s3.bucket, Key=f"p/{key}")["Body"].read() == data


@pytest.mark.parametrize("key", ["a//b", "./k", "../k", "/k", "k.", "%2F", "a\\b", "ö"])
def test_odd_names_are_taken_as_they_are(s3, source, tmp_path, key):
    remote = s3.open("p")
    for name in ("first", key):
        remote.put(name, source(name.encode()))
        remote.get(name, tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == name.encode()
    assert sorted(entry.key for entry in remote.list("")) == sorted(["first", key])


def test_credentials_that_were_renewed_sign_later_requests(s3, canned, source, tmp_path):
    program = tmp_path / "renew.py"
    program.write_text(
        "import datetime, json, pathlib\n"
        f"count = pathlib.Path({str(tmp_path / 'count')!r})\n"
        "number = int(count.read_text()) + 1 if count.exists() else 1\n"
        "count.write_text(str(number))\n"
        "soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=1)\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': f'AKIA{number}', 'SecretAccessKey': 's',\n"
        "    'SessionToken': f'token-{number}', 'Expiration': soon.isoformat()}))\n"
    )
    config = tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = {sys.executable} {program}\n")
    address = canned(200, b"", ANSWER)
    remote = s3.open(without=NO_KEYS, endpointurl=address, configpath=str(config))
    for number in range(3):
        remote.put(f"{number}", source(b"x"))
    signed = [headers["Authorization"].split("AKIA")[1][:1] for _, headers in canned.asked]
    tokens = [headers["X-Amz-Security-Token"][-1] for _, headers in canned.asked]
    assert signed == tokens
    assert len(set(signed)) == len(signed) == 3


def test_the_bucket_stands_in_the_host_later_too(s3, canned, source, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", canned(200, b"", ANSWER))
    remote = s3.open(endpointurl="http://s3.example.test", addressing_style="virtual")
    for key in ("first", "later"):
        remote.put(key, source(b"x"))
    assert [line.split()[1] for line, _ in canned.asked] == [
        f"http://{s3.bucket}.s3.example.test/{key}" for key in ("first", "later")
    ]
