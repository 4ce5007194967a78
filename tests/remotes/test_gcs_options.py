import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvclite.errors import RemoteSetupError
from dvclite.remote.address import Address
from dvclite_gcs.options import GCSOptions, parse_options, parse_url

URL = "gs://bucket/prefix"


@pytest.mark.parametrize(
    ("url", "address", "shown"),
    [
        ("gs://bucket", Address("gs", "bucket", ""), "gs://bucket"),
        ("gs://bucket/a/b/", Address("gs", "bucket", "a/b/"), "gs://bucket/a/b"),
        (
            "gs://my.bucket/a b/ü?#%20",
            Address("gs", "my.bucket", "a b/ü?#%20/"),
            "gs://my.bucket/a b/ü?#%20",
        ),
    ],
)
def test_an_address_is_taken_as_it_is_written(url, address, shown):
    assert parse_url(url) == address
    assert address.url == shown


@pytest.mark.parametrize(
    "url", ["gs://", "gs:///a", "gs://Bucket", "s3://bucket", "gs://bucket/a/../b"]
)
def test_an_address_without_a_bucket_or_with_dots_is_refused(url):
    with pytest.raises(RemoteSetupError):
        parse_url(url)


def test_credentials_in_an_address_are_refused_and_not_repeated():
    with pytest.raises(RemoteSetupError, match="without credentials") as caught:
        parse_url("gs://me:hidden@bucket")
    assert "hidden" not in str(caught.value) + caught.value.hint


def test_the_options_of_a_section_made_by_dvc_are_known(tmp_path):
    key = tmp_path / "key.json"
    key.write_text("{}")
    options = parse_options(
        URL, {"projectname": "p", "credentialpath": str(key), "endpointurl": "http://localhost:1/"}
    )
    assert options == GCSOptions(
        projectname="p", credentialpath=str(key), endpointurl="http://localhost:1"
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"project": "x"}, "no option 'project'"),
        (
            {"allow_anonymous_login": "perhaps"},
            "option allow_anonymous_login: must be true or false",
        ),
        ({"endpointurl": "localhost:9000"}, "option endpointurl: must be an address"),
        ({"endpointurl": "http://me:pw@host"}, "must hold no credentials"),
        ({"credentialpath": "/nowhere/at/all"}, "there is no file /nowhere/at/all"),
        ({"credentialpath": __file__, "allow_anonymous_login": "true"}, "exclude each other"),
        ({"endpointurl": "https://collect.example"}, "not sent to https://collect.example"),
        ({"endpointurl": "http://storage.googleapis.com"}, "not sent to http://"),
        ({"endpointurl": "https://evilgoogleapis.com"}, "not sent to https://"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_with_the_reason(options, reason):
    with pytest.raises(RemoteSetupError, match=reason):
        parse_options(URL, options)


@given(
    name=st.sampled_from(["projectname", "credentialpath", "endpointurl", "allow_anonymous_login"]),
    value=st.text(),
)
def test_any_text_as_an_option_is_read_or_refused(name, value):
    try:
        shown = repr(parse_options(URL, {name: value}))
    except RemoteSetupError as error:
        shown = str(error)
    assert name in shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "{}",
        json.dumps({"type": "service_account"}),
        json.dumps({"type": "external_account", "credential_source": {"executable": {}}}),
    ],
)
def test_a_file_without_usable_credentials_is_a_matter_of_setup(gcs, tmp_path, text):
    path = tmp_path / "key.json"
    path.write_text(text)
    remote = gcs.open(without=["allow_anonymous_login"], credentialpath=str(path))
    with pytest.raises(RemoteSetupError, match=r"key\.json holds neither"):
        remote.stat("k")


def test_credentials_that_cannot_be_read_are_a_matter_of_setup(gcs, tmp_path):
    path = tmp_path / "key.json"
    path.write_text("{}")
    remote = gcs.open(without=["allow_anonymous_login"], credentialpath=str(path))
    path.unlink()
    with pytest.raises(RemoteSetupError, match=r"key\.json cannot be read: No such file"):
        remote.stat("k")


def test_importing_the_plugin_loads_no_sdk_and_opening_does_not_touch_the_network():
    code = (
        "import sys, socket, dvclite_gcs\n"
        "assert not {'google.cloud', 'google.auth', 'requests', 'urllib3'} & sys.modules.keys()\n"
        "def refuse(*_): raise AssertionError('the network was touched')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "dvclite_gcs.open('gs://bucket', {'endpointurl': 'http://nowhere.invalid', 'allow_anonymous_login': 'true'})\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("missing", ["google", "google.cloud.storage"])
def test_without_the_sdk_the_message_says_what_to_install(missing):
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "import dvclite_gcs\n"
        "from dvclite.errors import RemoteSetupError\n"
        "try: dvclite_gcs.open('gs://bucket', {})\n"
        "except RemoteSetupError as error: print(error, error.hint)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "needs google-cloud-storage, which is not installed" in said.stdout
    assert "pip install 'dvclite[gcs]'" in said.stdout
