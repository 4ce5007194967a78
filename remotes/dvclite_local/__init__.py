"""A directory as a remote: on this machine, on a mounted share, behind a UNC path."""

from collections.abc import Mapping

from dvclite.remote import Remote
from dvclite_local.remote import LocalRemote
from dvclite_local.settings import read_settings


def open(url: str, options: Mapping[str, str]) -> Remote:
    """Return the remote in a directory, which need not exist yet.

    Args:
        url: A path, or a `file://` address.
        options: `type` (link types that may be used, separated by commas: a remote clones files
            where `reflink` is among them or nothing is said, and copies them everywhere else) and
            `shared` (`group`: all members of the folder's group may write).

    Raises:
        RemoteSetupError: The address is not one of a folder here, or an option is unknown.
    """
    return LocalRemote(read_settings(url, options))
