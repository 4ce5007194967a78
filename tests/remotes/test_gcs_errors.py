import json

import pytest

from dvclite.errors import (
    AccessDeniedError,
    KeyMissingError,
    RemoteSetupError,
    RemoteUnavailableError,
)

EMAIL = "robot@project.iam.gserviceaccount.com"
LARGE = 9 << 20


def refusal(status, reason, message=""):
    detail = {"code": status, "message": message, "errors": [{"reason": reason}]}
    return json.dumps({"error": detail}).encode()


@pytest.mark.parametrize(
    ("status", "reason", "kind", "words"),
    [
        (503, "backendError", RemoteUnavailableError, "failing or busy"),
        (429, "rateLimitExceeded", RemoteUnavailableError, "failing or busy"),
        (403, "rateLimitExceeded", RemoteUnavailableError, "failing or busy"),
        (403, "forbidden", AccessDeniedError, "storage.objects."),
        (400, "invalid", RemoteSetupError, "refused the request"),
        (400, "\x1b[31mred", RemoteSetupError, "BadRequest 400 31mred"),
    ],
)
@pytest.mark.parametrize("name", ["stat", "put", "get"])
def test_answers_become_the_contracts_errors(
    gcs, canned, source, name, status, reason, kind, words, calls, fails
):
    remote = gcs.open(endpointurl=canned(status, refusal(status, reason)))
    error = fails(kind, calls[name], remote, source(b"x"))
    assert words in f"{error} {error.hint}"


@pytest.mark.parametrize("name", ["stat", "list", "put", "get", "read", "delete"])
def test_an_endpoint_that_is_not_google_cloud_storage_is_called_that(
    gcs, canned, source, name, calls, fails
):
    page = b"<html><body>Welcome to our hotel</body></html>"
    remote = gcs.open(endpointurl=canned(200, page, {"Content-Type": "text/html"}))
    error = fails(RemoteSetupError, calls[name], remote, source(b"x"))
    assert "does not speak" in str(error)


def test_what_everybody_may_not_do_is_told_without_credentials(gcs, source, call, fails):
    gcs.grant()
    error = fails(AccessDeniedError, call, gcs.open(), source(b"x"))
    assert "wants credentials" in str(error)
    assert "allow_anonymous_login" in error.hint


def test_who_may_read_but_not_list_can_read(gcs, source, tmp_path):
    remote = gcs.open()
    remote.put("there", source(b"content"))
    gcs.grant(legacyObjectReader="allUsers")
    again = gcs.open()
    again.get("there", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"content"
    assert again.stat("absent") is None
    with pytest.raises(KeyMissingError):
        again.get("absent", tmp_path / "out")
    with pytest.raises(AccessDeniedError):
        list(again.list(""))


def test_without_credentials_the_message_says_how_to_get_some(gcs, calls, fails):
    remote = gcs.open(without=["allow_anonymous_login", "endpointurl"])
    error = fails(AccessDeniedError, calls["stat"], remote, None)
    assert "no credentials found" in str(error)
    assert "gcloud auth application-default login" in error.hint


@pytest.fixture(scope="session")
def private_key():
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def guarded(serve, private_key):
    """A server that knows one account."""
    modulus = private_key.public_key().public_numbers().n
    return serve("gcs_server.py", "--account", EMAIL, f"{modulus:x}")


@pytest.fixture
def account(guarded, gcs_bench, tmp_path):
    """Write a service account's key file: `account(private_key, **changes) -> bench, options`."""
    from cryptography.hazmat.primitives import serialization

    bench = gcs_bench(guarded)

    def account(key, **changes):
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        info = {
            "type": "service_account",
            "client_email": EMAIL,
            "private_key": pem.decode(),
            "private_key_id": "1",
            "token_uri": f"{guarded}/token",
            **changes,
        }
        path = tmp_path / "key.json"
        path.write_text(json.dumps(info))
        return bench, {"credentialpath": str(path), "without": ["allow_anonymous_login"]}

    return account


def test_a_service_account_does_what_it_may(account, private_key, source, tmp_path):
    bench, options = account(private_key)
    bench.grant(objectUser=f"serviceAccount:{EMAIL}")
    remote = bench.open("p", **options)
    for path in (source(b"x"), source(LARGE)):
        remote.put("k", path)
        remote.get("k", tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == path.read_bytes()
    assert [entry.key for entry in remote.list("")] == ["k"]
    remote.delete(["k"])
    assert remote.stat("k") is None


@pytest.mark.parametrize(
    ("name", "permission"),
    [
        ("stat", "get"),
        ("read", "get"),
        ("get", "get"),
        ("list", "list"),
        ("put", "create"),
        ("put if absent", "create"),
        ("delete", "delete"),
    ],
)
def test_what_the_account_may_not_do_is_named(
    account, private_key, source, name, permission, calls, fails
):
    bench, options = account(private_key)
    bench.grant()
    error = fails(AccessDeniedError, calls[name], bench.open(**options), source(LARGE))
    assert f"do not allow storage.objects.{permission}" in str(error)
    assert f"on the bucket {bench.bucket.name}" in error.hint


def test_an_account_that_the_server_does_not_know_is_refused(
    account, private_key, source, call, fails
):
    bench, options = account(private_key, client_email="gone@project.iam.gserviceaccount.com")
    error = fails(AccessDeniedError, call, bench.open(**options), source(b"x"))
    assert "expired or were revoked" in str(error)


def test_a_clock_that_is_wrong_is_called_that(account, private_key, monkeypatch, calls, fails):
    import datetime as dt

    from google.auth import _helpers

    bench, options = account(private_key)
    now = _helpers.utcnow
    monkeypatch.setattr(_helpers, "utcnow", lambda: now() + dt.timedelta(hours=2))
    error = fails(RemoteSetupError, calls["stat"], bench.open(**options), None)
    assert "clock" in str(error)


def test_a_key_that_is_not_the_accounts_is_refused(account, calls, fails):
    from cryptography.hazmat.primitives.asymmetric import rsa

    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    bench, options = account(other)
    error = fails(AccessDeniedError, calls["stat"], bench.open(**options), None)
    assert "expired or were revoked" in str(error)
    assert "PRIVATE KEY" not in str(error) + error.hint


def test_a_token_server_that_cannot_be_reached_is_unavailable(account, private_key, calls, fails):
    bench, options = account(private_key, token_uri="http://127.0.0.1:9/token")
    error = fails(RemoteUnavailableError, calls["stat"], bench.open(**options), None)
    assert "cannot be reached" in str(error)


def test_keys_that_were_not_deleted_are_an_error(account, private_key, source):
    bench, options = account(private_key)
    bench.grant(objectCreator=f"serviceAccount:{EMAIL}")
    remote = bench.open("p", **options)
    remote.put("a", source(b"x"))
    message = "/p/a: .*storage.objects.delete.*3 keys were not deleted"
    with pytest.raises(AccessDeniedError, match=message):
        remote.delete(["a", "b", "c"])
