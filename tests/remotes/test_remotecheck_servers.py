"""What `dvclite remote test` finds out on real servers: each permission that may be lacking."""

import json
import urllib.request

import pytest

from dvclite.remotecheck import check_remote

ALL = [
    "list",
    "write",
    "read",
    "range",
    "conditional write",
    "latency",
    "throughput",
    "delete",
]


@pytest.fixture
def check(tmp_path):
    """Checks a remote; returns what came of each check, by name."""

    def check(remote):
        results = {result.name: result for result in check_remote(remote, tmp_path / "scratch")}
        assert list(results) == ALL
        return results

    return check


def failing(results):
    return {name for name, result in results.items() if result.ok is False}


def test_all_is_well_on_an_s3_server_and_nothing_is_left(check, s3):
    results = check(s3.open("prefix"))

    assert all(result.ok for result in results.values())
    assert list(s3.open().list("")) == []


def test_all_is_well_on_a_google_cloud_storage_server_and_nothing_is_left(check, gcs):
    results = check(gcs.open("prefix"))

    assert all(result.ok for result in results.values())
    assert list(gcs.open().list("")) == []


@pytest.mark.parametrize(
    ("action", "names"),
    [
        ("s3:ListBucket", {"list"}),
        ("s3:GetObject", {"read", "range"}),
        ("s3:PutObject", {"write"}),
        ("s3:DeleteObject", {"delete"}),
    ],
)
def test_each_permission_that_is_lacking_on_s3_is_named_and_no_other(
    check, s3, gate, action, names
):
    results = check(s3.open("prefix", endpointurl=gate(s3.endpoint, "--deny", action)))

    assert failing(results) == names
    for name in names:
        assert f"the credentials do not allow {action} there" in results[name].detail
        assert f"allow {action} on the bucket {s3.bucket}" in results[name].hint


def test_a_gateway_that_refuses_conditions_is_found_out(check, s3, gate):
    results = check(s3.open(endpointurl=gate(s3.endpoint, "--deny", "conditional")))

    assert failing(results) == {"conditional write"}
    assert "writing is allowed, but not on the condition" in results["conditional write"].detail


def test_a_server_that_ignores_conditions_is_found_out(check, s3, gate):
    results = check(s3.open(endpointurl=gate(s3.endpoint, "--ignore-conditions")))

    assert failing(results) == {"conditional write"}
    assert "was replaced" in results["conditional write"].detail


def test_wrong_credentials_are_told_once_and_not_as_lacking_permissions(check, serve, s3_bench):
    server = serve("moto_server.py")
    bench = s3_bench(server)
    plain = {"Content-Type": "text/plain"}
    asking = urllib.request.Request(f"{server}/moto-api/reset-auth", b"0", plain)
    urllib.request.urlopen(asking).close()

    results = check(bench.open())

    assert failing(results) == {"list", "write"}
    assert (
        "the credentials were refused (ListObjectsV2: InvalidAccessKeyId)" in results["list"].detail
    )
    assert "check access_key_id and secret_access_key" in results["list"].hint
    assert "same reason" in results["read"].detail


@pytest.mark.parametrize(
    "options", [{"bucket": "nowhere-at-all"}, {"endpointurl": "http://127.0.0.1:9"}]
)
def test_what_nothing_works_without_is_told_and_then_no_more(check, s3, options):
    results = check(s3.open(**options))

    assert failing(results) == {"list", "write"}
    assert results["list"].hint == results["write"].hint
    assert all("same reason" in results[name].detail for name in ALL[2:])


@pytest.mark.parametrize(
    ("permission", "names"),
    [
        ("list", {"list"}),
        ("get", {"read", "range"}),
        ("create", {"write"}),
        ("delete", {"delete"}),
    ],
)
def test_each_permission_that_is_lacking_on_google_cloud_storage_is_named_and_no_other(
    check, guarded_gcs_server, gcs_bench, tmp_path, permission, names
):
    server, bench = guarded_gcs_server, gcs_bench(guarded_gcs_server.address)
    server.grant(bench.bucket.name, f"projects/p/roles/no{permission}")
    key = tmp_path / "key.json"
    key.write_text(json.dumps(server.key))

    results = check(bench.open(credentialpath=str(key), without=["allow_anonymous_login"]))

    assert failing(results) == names
    for name in names:
        assert f"do not allow storage.objects.{permission} there" in results[name].detail
        assert f"a role with storage.objects.{permission} on the bucket" in results[name].hint


def test_somebody_whom_google_cloud_storage_does_not_know_is_told_so_once(
    check, guarded_gcs_server, gcs_bench
):
    bench = gcs_bench(guarded_gcs_server.address)
    guarded_gcs_server.grant(bench.bucket.name)

    results = check(bench.open())

    assert failing(results) == {"list", "write"}
    assert "the server wants credentials" in results["list"].detail
    assert "same reason" in results["delete"].detail
