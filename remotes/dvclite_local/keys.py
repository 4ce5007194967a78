"""Which names may be looked for below the remote's folder."""

import re

from dvclite.errors import HostilePathError

LONGEST = 200
"""The most characters that a key has."""

_PART = re.compile(r"[a-z0-9_-][a-z0-9._-]*")


def is_part(name: str) -> bool:
    """Say whether a file or folder may have this name and belong to a key."""
    return _PART.fullmatch(name) is not None


def is_key(text: str) -> bool:
    """Say whether `text` is made as the contract makes keys."""
    return len(text) <= LONGEST and all(map(is_part, text.split("/")))


def split_key(key: str) -> tuple[str, str]:
    """Return the folder of a key, perhaps empty, and the name in it.

    Raises:
        HostilePathError: It is no key, and might lead out of the remote.
    """
    if not is_key(key):
        raise HostilePathError(key, "no remote has such a key")
    folder, _, name = key.rpartition("/")
    return folder, name
