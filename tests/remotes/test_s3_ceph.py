"""A Ceph gateway keeps the contract: what large sites run, and older than the newest of S3."""

import types
from functools import partial

import pytest

import dvclite_s3
from dvclite.errors import AccessDeniedError
from dvclite.remotecheck import check_remote
from dvclite.testing.conformance import RemoteConformance

pytestmark = pytest.mark.slow

OPTIONS = types.MappingProxyType(
    {
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }
)


@pytest.fixture
def bench(ceph, s3_bench):
    return s3_bench(ceph)


class TestBucketOnCeph(RemoteConformance):
    @pytest.fixture
    def remote(self, bench):
        self.chosen = {**bench.options, **OPTIONS}
        return bench.open("a folder/of its own", **OPTIONS)

    def opener(self, remote):
        return partial(dvclite_s3.open, remote.url, self.chosen)


class TestBucketOnCephInParts(TestBucketOnCeph):
    @pytest.fixture
    def remote(self, bench):
        parts = {"multipart_threshold": "5MiB", "multipart_chunksize": "5MiB"}
        self.chosen = {**bench.options, **OPTIONS, **parts}
        return bench.open(**OPTIONS, **parts)


def test_ceph_does_all_that_is_needed(bench, tmp_path):
    results = [*check_remote(bench.open(**OPTIONS), tmp_path / "scratch")]

    assert all(result.ok for result in results), results


@pytest.mark.parametrize("options", [{"secret_access_key": "wrong"}, {"access_key_id": "NOBODY"}])
def test_ceph_refuses_wrong_credentials_and_that_is_told(bench, options):
    with pytest.raises(AccessDeniedError, match="the credentials were refused"):
        bench.open(**options).stat("k")
