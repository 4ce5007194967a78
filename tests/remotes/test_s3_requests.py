"""What the options say is what requests carry."""

import base64

import pytest

from dvclite.errors import RemoteError

NO_KEYS = ("access_key_id", "secret_access_key")


@pytest.fixture
def asked(s3, canned, source):
    """Try to put a key with options: `asked(**options) -> the request's line and headers`."""

    def asked(without=(), endpoint="{}", **options):
        address = canned(403, b"<Error><Code>AccessDenied</Code></Error>")
        remote = s3.open(without=without, **{"endpointurl": endpoint.format(address), **options})
        with pytest.raises(RemoteError):
            remote.put("k", source(b"content"))
        line, headers = canned.asked[-1]
        return line, {name.lower(): value for name, value in headers.items()}

    return asked


def test_explicit_credentials_sign_with_their_token(asked):
    _, headers = asked(session_token="token-of-today")
    assert "Credential=AKIATEST/" in headers["authorization"]
    assert headers["x-amz-security-token"] == "token-of-today"


def test_anonymous_requests_carry_no_signature(asked):
    _, headers = asked(without=NO_KEYS, allow_anonymous_login="true")
    assert "authorization" not in headers


def test_a_file_of_credentials_is_read_where_the_option_says(asked, tmp_path):
    path = tmp_path / "credentials"
    path.write_text("[work]\naws_access_key_id = AKIAFILE\naws_secret_access_key = s\n")
    _, headers = asked(without=NO_KEYS, credentialpath=str(path), profile="work")
    assert "Credential=AKIAFILE/" in headers["authorization"]


def test_the_environment_is_looked_at_when_no_option_says_otherwise(asked, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    _, headers = asked(without=NO_KEYS)
    assert "Credential=AKIAENV/" in headers["authorization"]


def test_the_region_is_part_of_the_signature(asked):
    _, headers = asked(region="eu-west-3")
    assert "/eu-west-3/s3/aws4_request" in headers["authorization"]


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "http://s3.example.test/{}/k"),
        ({"addressing_style": "path"}, "http://s3.example.test/{}/k"),
        ({"addressing_style": "virtual"}, "http://{}.s3.example.test/k"),
    ],
)
def test_the_bucket_stands_in_the_path_or_in_the_host(asked, s3, canned, monkeypatch, options, url):
    monkeypatch.setenv("HTTP_PROXY", canned(403))
    line, _ = asked(endpointurl="http://s3.example.test", **options)
    assert line.split()[1] == url.format(s3.bucket)


def test_content_is_stored_as_the_options_say(asked):
    _, headers = asked(
        requester_pays="true",
        sse_kms_key_id="key-1",
        storage_class="STANDARD_IA",
        grant_read='emailAddress="a@example.com"',
    )
    assert headers["x-amz-request-payer"] == "requester"
    assert headers["x-amz-server-side-encryption"] == "aws:kms"
    assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == "key-1"
    assert headers["x-amz-storage-class"] == "STANDARD_IA"
    assert headers["x-amz-grant-read"] == 'emailAddress="a@example.com"'


def test_a_key_of_ones_own_is_sent_as_dvc_sends_it(asked):
    key = base64.b64encode(bytes(range(32))).decode()
    _, headers = asked(sse_customer_key=key)
    assert headers["x-amz-server-side-encryption-customer-algorithm"] == "AES256"
    assert headers["x-amz-server-side-encryption-customer-key"] == key


def test_checksums_go_along_unless_they_are_switched_off(asked):
    assert "x-amz-checksum-crc32" in asked()[1]
    assert "x-amz-checksum-crc32" not in asked(request_checksum_calculation="when_required")[1]
