import gc
import json
import urllib.request

import pytest

from dvclite.errors import (
    AccessDeniedError,
    KeyMissingError,
    RemoteSetupError,
    RemoteUnavailableError,
)

SECRET = "canary-secret-7d1f"


def test_a_server_that_keeps_failing_is_unavailable(s3, canned, source, call, tmp_path, fails):
    body = b"<Error><Code>SlowDown</Code><Message>Reduce your request rate</Message></Error>"
    config = tmp_path / "config"
    config.write_text("[default]\nmax_attempts = 1\n")
    remote = s3.open(endpointurl=canned(503, body), configpath=str(config))
    error = fails(RemoteUnavailableError, call, remote, source(b"x"))
    assert "try again later" in error.hint


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_network_that_leads_elsewhere_is_found_out(s3, canned, source, call, fails, status):
    remote = s3.open(endpointurl=canned(status, b"", {"Location": "http://127.0.0.1:9/login"}))
    error = fails(RemoteSetupError, call, remote, source(b"x"))
    assert "does not speak S3" in str(error) or "another region" in str(error)
    assert len(canned.asked) <= 6


def test_expired_credentials_are_called_that(s3, canned, source, call, fails):
    body = b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"
    remote = s3.open(endpointurl=canned(400, body))
    error = fails(AccessDeniedError, call, remote, source(b"x"))
    assert "expired" in str(error)
    assert "aws sso login" in error.hint


@pytest.mark.parametrize(
    ("status", "code", "kind", "words"),
    [
        (403, "RequestTimeTooSkewed", RemoteSetupError, "clock"),
        (400, "AuthorizationHeaderMalformed", RemoteSetupError, "another region"),
        (400, "XAmzContentSHA256Mismatch", RemoteSetupError, "when_required"),
        (411, "MissingContentLength", RemoteSetupError, "when_required"),
        (501, "NotImplemented", RemoteSetupError, "when_required"),
        (400, "BadDigest", RemoteUnavailableError, "damaged"),
        (409, "OperationAborted", RemoteUnavailableError, "failing or busy"),
        (400, "KMS.DisabledException", RemoteSetupError, "encryption key"),
        (403, "InvalidObjectState", RemoteSetupError, "archived"),
        (403, "SomethingNew", AccessDeniedError, "s3:PutObject"),
        (400, "SomethingNew", RemoteSetupError, "SomethingNew"),
        (400, "\x1b[31mred", RemoteSetupError, "(PutObject: 31mred)"),
    ],
)
def test_codes_become_the_contracts_errors(
    s3, canned, source, status, code, kind, words, calls, fails
):
    code = code.replace("\x1b", "&#155;")
    remote = s3.open(endpointurl=canned(status, f"<Error><Code>{code}</Code></Error>".encode()))
    error = fails(kind, calls["put"], remote, source(b"x"))
    assert words in f"{error} {error.hint}"


def test_the_right_region_is_told_where_the_server_tells_it(s3, canned, source, calls, fails):
    body = b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>"
    remote = s3.open(endpointurl=canned(400, body))
    error = fails(RemoteSetupError, calls["put"], remote, source(b"x"))
    assert error.hint == "set the option region of this remote to eu-west-3"


@pytest.mark.parametrize("name", ["stat", "list", "put", "put if absent", "get", "read"])
def test_an_endpoint_that_is_not_s3_is_called_that(s3, canned, source, name, calls, fails):
    page = b"<html><body>Welcome to our hotel</body></html>"
    remote = s3.open(endpointurl=canned(200, page, {"Content-Type": "text/html"}))
    error = fails(RemoteSetupError, calls[name], remote, source(b"x"))
    assert "does not speak S3" in str(error)
    del error
    gc.collect()  # A connection that was left open would be warned of, which is an error.


def test_keys_that_were_not_deleted_are_an_error(s3, canned):
    body = b"".join(
        [
            b"<DeleteResult>",
            b"<Error><Key>p/a</Key><Code>AccessDenied</Code></Error>",
            b"<Error><Key>p/b</Key><Code>AccessDenied</Code></Error>",
            b"</DeleteResult>",
        ]
    )
    remote = s3.open("p", endpointurl=canned(200, body))
    with pytest.raises(
        AccessDeniedError, match=r"/p/a: .*s3:DeleteObject.*2 keys were not deleted"
    ):
        remote.delete(["a", "b", "c"])


def test_without_credentials_the_message_says_how_to_get_some(s3, calls, fails):
    remote = s3.open(without=("access_key_id", "secret_access_key"))
    error = fails(AccessDeniedError, calls["stat"], remote, None)
    assert "no credentials found" in str(error)
    assert "aws configure" in error.hint


def test_a_profile_that_is_not_there_is_a_matter_of_setup(s3, calls, fails):
    remote = s3.open(without=("access_key_id", "secret_access_key"), profile="nobody")
    error = fails(RemoteSetupError, calls["stat"], remote, None)
    assert "ProfileNotFound" in str(error)


def test_a_profile_whose_login_is_over_says_how_to_log_in(s3, tmp_path, calls, fails):
    config = tmp_path / "config"
    config.write_text(
        "[profile work]\nsso_session = company\nsso_account_id = 123456789012\nsso_role_name = r\n"
        "[sso-session company]\nsso_region = eu-west-1\nsso_start_url = https://x.invalid/start\n"
    )
    options = {"configpath": str(config), "profile": "work"}
    remote = s3.open(without=("access_key_id", "secret_access_key"), **options)
    error = fails(AccessDeniedError, calls["stat"], remote, None)
    assert "aws sso login" in error.hint


def test_an_untrusted_certificate_is_a_matter_of_setup_and_ssl_verify_trusts_it(
    moto_over_tls, certificate, s3_bench, source, tmp_path, calls, fails
):
    trusted = str(certificate[0])
    bench = s3_bench(moto_over_tls, verify=trusted)
    error = fails(RemoteSetupError, calls["put"], bench.open(), source(b"x"))
    assert "ssl_verify" in error.hint

    remote = bench.open(ssl_verify=trusted, multipart_threshold="5MiB")
    for path in (source(b"x"), source(6 << 20)):
        remote.put("k", path)
        remote.get("k", tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == path.read_bytes()


@pytest.fixture(scope="module")
def guarded(serve):
    """An S3 server that asks for credentials: `guarded() -> its address and a user of no rights`."""
    pytest.importorskip("moto")
    return serve("moto_server.py")


@pytest.fixture
def user(guarded, s3_bench):
    """Make a user with rights to actions: `user("s3:GetObject") -> bench, options`."""
    import boto3

    bench = s3_bench(guarded)
    iam = boto3.client(
        "iam",
        endpoint_url=guarded,
        region_name="us-east-1",
        aws_access_key_id="root",
        aws_secret_access_key="root",
    )

    def user(*actions):
        name = bench.bucket
        iam.create_user(UserName=name)
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        if actions:
            iam.put_user_policy(
                UserName=name,
                PolicyName="p",
                PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            )
        key = iam.create_access_key(UserName=name)["AccessKey"]
        bench.client.put_object(Bucket=bench.bucket, Key="there", Body=b"content")
        ask_for_credentials(guarded, after=0)
        return bench, {
            "access_key_id": key["AccessKeyId"],
            "secret_access_key": key["SecretAccessKey"],
        }

    yield user
    ask_for_credentials(guarded, after=1e9)
    iam.close()


def ask_for_credentials(server, *, after):
    plain = {"Content-Type": "text/plain"}
    url = f"{server}/moto-api/reset-auth"
    urllib.request.urlopen(urllib.request.Request(url, str(after).encode(), plain)).close()


def test_credentials_that_the_server_does_not_know_are_refused(user, source, call, fails):
    bench, _ = user()
    error = fails(AccessDeniedError, call, bench.open(), source(b"x"))
    assert "the credentials were refused (" in str(error)


def test_a_wrong_secret_is_refused(user, source, call, fails):
    bench, options = user("s3:*")
    remote = bench.open(**{**options, "secret_access_key": SECRET})
    error = fails(AccessDeniedError, call, remote, source(b"x"))
    assert "the credentials were refused (" in str(error)


@pytest.mark.parametrize(
    ("name", "permission"),
    [
        ("stat", "GetObject"),
        ("read", "GetObject"),
        ("get", "GetObject"),
        ("list", "ListBucket"),
        ("put", "PutObject"),
        ("put if absent", "PutObject"),
        ("delete", "DeleteObject"),
    ],
)
def test_what_the_credentials_do_not_allow_is_named(user, source, name, permission, calls, fails):
    bench, options = user("s3:GetBucketLocation")
    error = fails(AccessDeniedError, calls[name], bench.open(**options), source(b"x"))
    assert f"do not allow s3:{permission}" in str(error)
    assert f"allow s3:{permission} on the bucket {bench.bucket}" in error.hint


def test_who_may_read_but_not_list_can_read(user, tmp_path):
    bench, options = user("s3:GetObject")
    remote = bench.open(**options)
    remote.get("there", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"content"
    assert remote.stat("there") == 7
    assert remote.stat("absent") is None
    with pytest.raises(KeyMissingError):
        remote.read("absent", 0, 1)
    with pytest.raises(AccessDeniedError, match="s3:ListBucket"):
        list(remote.list(""))
