"""S3 buckets keep the contract, on every server that can be had."""

import types
from functools import partial

import pytest

import dvclite_s3
from dvclite.testing.conformance import RemoteConformance

IN_PARTS = {"multipart_threshold": "5MiB", "multipart_chunksize": "5MiB"}
AS_AN_OLD_SERVER = {
    **IN_PARTS,
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
}


class Conformance(RemoteConformance):
    """The suite, for remotes that a bench opens."""

    prefix = ""
    options = types.MappingProxyType({})

    @pytest.fixture
    def bench(self, s3):
        return s3

    @pytest.fixture
    def remote(self, bench):
        self.chosen = {**bench.options, **self.options}
        return bench.open(self.prefix, **self.options)

    def opener(self, remote):
        return partial(dvclite_s3.open, remote.url, self.chosen)


class TestBucketOnMoto(Conformance):
    pass


@pytest.mark.slow
class TestPrefixOnMotoInPartsOverTls(Conformance):
    prefix = "übung/mit leer zeichen/+&%20"
    options = IN_PARTS

    @pytest.fixture
    def bench(self, moto_over_tls, s3_bench, certificate):
        trusted = str(certificate[0])
        bench = s3_bench(moto_over_tls, verify=trusted)
        bench.options["ssl_verify"] = trusted
        return bench


@pytest.mark.slow
class TestBucketOnLocalStackInParts(Conformance):
    options = IN_PARTS

    @pytest.fixture
    def bench(self, new_s3):
        return new_s3


@pytest.mark.slow
class TestPrefixOnLocalStackAsAnOldServer(TestBucketOnLocalStackInParts):
    prefix = "a b/+&%20"  # LocalStack cannot go to the second page of a prefix beyond ASCII
    options = AS_AN_OLD_SERVER
