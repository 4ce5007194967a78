"""Google Cloud Storage buckets keep the contract, on the server that the tests bring along."""

from functools import partial

import pytest

import dvclite_gcs
from dvclite.testing.conformance import RemoteConformance


class Conformance(RemoteConformance):
    """The suite, for remotes that a bench opens."""

    prefix = ""

    @pytest.fixture
    def remote(self, gcs):
        self.options = gcs.options
        return gcs.open(self.prefix)

    def opener(self, remote):
        return partial(dvclite_gcs.open, remote.url, self.options)


class TestPrefix(Conformance):
    prefix = "übung/mit leer zeichen/+&%20"


@pytest.mark.slow
class TestBucket(Conformance):
    pass
