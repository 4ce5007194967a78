"""The remote in memory keeps the contract."""

import pytest

from dvclite.testing.conformance import RemoteConformance
from dvclite.testing.memory import MemoryRemote


class TestMemoryRemote(RemoteConformance):
    @pytest.fixture
    def remote(self):
        remote = MemoryRemote()
        yield remote
        remote.close()
