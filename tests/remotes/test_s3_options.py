import dataclasses
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvclite.errors import RemoteSetupError
from dvclite.remote.address import Address
from dvclite_s3.options import S3Options, parse_options, parse_url

URL = "s3://bucket/prefix"
OF_DVC = {
    "endpointurl": "https://minio.example.com:9000",
    "region": "eu-central-1",
    "profile": "work",
    "access_key_id": "AKIATEST",
    "secret_access_key": "hidden",
    "session_token": "hidden",
    "use_ssl": "true",
    "ssl_verify": "false",
    "allow_anonymous_login": "false",
    "listobjects": "false",
    "cache_regions": "true",
    "sse": "aws:kms",
    "sse_kms_key_id": "key",
    "acl": "bucket-owner-full-control",
    "read_timeout": "60",
    "connect_timeout": "5",
}


@pytest.mark.parametrize(
    ("url", "address", "shown"),
    [
        ("s3://bucket", Address("s3", "bucket", ""), "s3://bucket"),
        ("s3://bucket/", Address("s3", "bucket", ""), "s3://bucket"),
        ("s3://bucket/a/b/", Address("s3", "bucket", "a/b/"), "s3://bucket/a/b"),
        (
            "s3://bucket/a b/ü?#%20",
            Address("s3", "bucket", "a b/ü?#%20/"),
            "s3://bucket/a b/ü?#%20",
        ),
    ],
)
def test_an_address_is_taken_as_it_is_written(url, address, shown):
    assert parse_url(url) == address
    assert address.url == shown


@pytest.mark.parametrize(
    "url", ["s3://", "s3:///a", "s3://b", "s3://bu cket/a", "gs://bucket", "s3://bucket/a/../b"]
)
def test_an_address_without_a_bucket_or_with_dots_is_refused(url):
    with pytest.raises(RemoteSetupError):
        parse_url(url)


@pytest.mark.parametrize("url", ["s3://AKIA:hidden@bucket/a", "s3://AKIA:hidden"])
def test_credentials_in_an_address_are_refused_and_not_repeated(url):
    with pytest.raises(RemoteSetupError, match="without credentials") as caught:
        parse_url(url)
    assert "hidden" not in str(caught.value) + caught.value.hint


def test_the_options_of_a_section_made_by_dvc_are_known():
    options = parse_options(URL, OF_DVC)
    assert options.region == "eu-central-1"
    assert options.ssl_verify is False
    assert options.connect_timeout == 5.0


def test_an_unknown_option_is_named_with_those_that_are_known():
    with pytest.raises(RemoteSetupError, match="no option 'endpoint_url'") as caught:
        parse_options(URL, {"endpoint_url": "x"})
    assert "endpointurl" in caught.value.hint


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"use_ssl": "perhaps"}, "option use_ssl: must be true or false"),
        ({"read_timeout": "-1"}, "option read_timeout: must be a number of seconds"),
        ({"endpointurl": "minio:9000"}, "option endpointurl: must be an address"),
        ({"endpointurl": "http://host:99999"}, "option endpointurl: must be an address"),
        ({"addressing_style": "host"}, "must be one of auto, path, virtual"),
        ({"multipart_chunksize": "1MiB"}, "from 5 MiB to 5 GiB"),
        ({"credentialpath": "/nowhere/at/all"}, "there is no file /nowhere/at/all"),
        ({"access_key_id": "AKIA"}, "belong together"),
        ({"session_token": "x"}, "session_token belongs"),
        ({"acl": "private", "grant_read": "id=1"}, "exclude each other"),
        ({"sse_customer_key": "aGlkZGVu", "sse": "AES256"}, "excludes sse"),
        (
            {"allow_anonymous_login": "true", "access_key_id": "a", "secret_access_key": "b"},
            "exclude each other",
        ),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_with_the_reason(options, reason):
    with pytest.raises(RemoteSetupError, match=reason):
        parse_options(URL, options)


@pytest.mark.parametrize(
    ("text", "size"),
    [("8388608", 8 << 20), ("8MiB", 8 << 20), ("8MB", 8 << 20), ("1 GiB", 1 << 30)],
)
def test_sizes_may_have_units(text, size):
    assert parse_options(URL, {"multipart_threshold": text}).multipart_threshold == size


@given(
    name=st.sampled_from(
        ["secret_access_key", "session_token", "access_key_id", "sse_customer_key"]
    ),
    value=st.text().map("canary-7d1f".__add__),
)
def test_any_text_as_an_option_is_read_or_refused_and_secrets_are_never_repeated(name, value):
    given_options = {"access_key_id": "AKIA", "secret_access_key": "b" * 40, name: value}
    try:
        shown = repr(parse_options(URL, given_options))
    except RemoteSetupError as error:
        shown = f"{error} {error.hint}"
    assert value not in shown


def test_secrets_are_not_part_of_the_options_text():
    hidden = {field.name for field in dataclasses.fields(S3Options) if not field.repr}
    assert hidden == {"access_key_id", "secret_access_key", "session_token", "sse_customer_key"}


def test_importing_the_plugin_loads_no_sdk_and_opening_does_not_touch_the_network():
    code = (
        "import sys, socket, dvclite_s3\n"
        "assert not {'boto3', 'botocore', 'urllib3'} & sys.modules.keys()\n"
        "def refuse(*_): raise AssertionError('the network was touched')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "dvclite_s3.open('s3://bucket', {'endpointurl': 'http://nowhere.invalid'})\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("missing", ["boto3", "botocore"])
def test_without_the_sdk_the_message_says_what_to_install(missing):
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "import dvclite_s3\n"
        "from dvclite.errors import RemoteSetupError\n"
        "try: dvclite_s3.open('s3://bucket', {})\n"
        "except RemoteSetupError as error: print(error, error.hint)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "needs boto3, which is not installed" in said.stdout
    assert "pip install 'dvclite[s3]'" in said.stdout
