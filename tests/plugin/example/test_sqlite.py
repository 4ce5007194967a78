"""An SQLite database keeps the contract of a remote."""

from functools import partial

import dvclite_sqlite
import pytest

from dvclite.errors import RemoteSetupError
from dvclite.testing.conformance import RemoteConformance


class TestSQLiteRemote(RemoteConformance):
    @pytest.fixture
    def remote(self, tmp_path):
        remote = dvclite_sqlite.open(f"sqlite://{tmp_path.as_posix()}/store.db", {})
        yield remote
        remote.close()

    def opener(self, remote):
        return partial(dvclite_sqlite.open, remote.url, {})


@pytest.mark.parametrize(("url", "options"), [("sqlite://", {}), ("sqlite://x", {"colour": "red"})])
def test_what_makes_no_sense_is_refused(url, options):
    with pytest.raises(RemoteSetupError):
        dvclite_sqlite.open(url, options)


def test_a_file_that_is_no_database_is_a_matter_of_setup(tmp_path):
    (tmp_path / "store.db").write_text("not a database, but long enough to be taken for one" * 9)

    with pytest.raises(RemoteSetupError, match="no database that can be used"):
        dvclite_sqlite.open(f"sqlite://{tmp_path.as_posix()}/store.db", {}).stat("k")
