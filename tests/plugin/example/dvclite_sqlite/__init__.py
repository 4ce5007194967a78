"""A remote in one SQLite database: `sqlite:///path/to/store.db`."""

from collections.abc import Mapping

from dvclite.errors import RemoteSetupError
from dvclite.remote import Remote
from dvclite.remote.options import Readers, UnfitError, read_options

_SCHEME = "sqlite://"


def open(url: str, options: Mapping[str, str]) -> Remote:
    """Return the remote at `url`, without touching the file.

    Args:
        url: `sqlite://` and the path of a database, made at the first put.
        options: `timeout`: seconds to wait for others who write.

    Raises:
        RemoteSetupError: The address has no path, or an option makes no sense.
    """
    path = url.removeprefix(_SCHEME)
    if not path:
        raise RemoteSetupError(url, "the address has no path", hint=f"write {_SCHEME}/path/to/file")
    values = read_options(url, options, _READERS, "an SQLite remote")
    from dvclite_sqlite.remote import SQLiteRemote

    return SQLiteRemote(url, path, **values)


def _seconds(value: str) -> float:
    if not value.isdigit():
        raise UnfitError("must be a number of seconds")
    return float(value)


_READERS: Readers = {"timeout": _seconds}
