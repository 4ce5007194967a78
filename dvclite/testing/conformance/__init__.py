"""What every remote must do, as tests that a plugin's author runs.

    from dvclite.testing.conformance import RemoteConformance

    class TestMyRemote(RemoteConformance):
        @pytest.fixture
        def remote(self, tmp_path):
            remote = dvclite_mine.open(f"mine://{tmp_path}", {})
            yield remote
            remote.close()

The contract is the docstring of `dvclite.remote`.
"""

import pytest

pytest.register_assert_rewrite(
    "dvclite.testing.conformance.harness",
    "dvclite.testing.conformance.contents",
    "dvclite.testing.conformance.groups",
    "dvclite.testing.conformance.keys",
    "dvclite.testing.conformance.near",
    "dvclite.testing.conformance.races",
    "dvclite.testing.conformance.breaks",
)

from dvclite.testing.conformance.breaks import Breaks  # noqa: E402
from dvclite.testing.conformance.contents import Contents  # noqa: E402
from dvclite.testing.conformance.groups import Groups  # noqa: E402
from dvclite.testing.conformance.keys import Keys  # noqa: E402
from dvclite.testing.conformance.near import Near  # noqa: E402
from dvclite.testing.conformance.races import Races  # noqa: E402


class RemoteConformance(Contents, Keys, Races, Breaks, Groups, Near):
    """Proves that a remote keeps the contract.

    A subclass defines the fixture `remote`: a remote in which nothing is yet, new for each test,
    closed by the fixture. It may define `opener`, without which tests of a second look at the
    same place are skipped.
    """
