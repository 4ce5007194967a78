"""A directory keeps the contract, and what else is promised of one."""

from functools import partial

import pytest

import dvclite_local
from dvclite.testing.conformance import RemoteConformance


class TestLocalRemote(RemoteConformance):
    @pytest.fixture
    def remote(self, tmp_path):
        remote = dvclite_local.open(str(tmp_path / "remote"), {})
        yield remote
        remote.close()

    def opener(self, remote):
        return partial(dvclite_local.open, remote.url, {})
