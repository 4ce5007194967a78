"""Ranges of what a key holds, for plugins that speak HTTP."""

from dvclite.errors import KeyMissingError
from dvclite.remote import Remote


def offset_to_ask_for(remote: Remote, key: str, offset: int, length: int) -> int:
    """Return at which offset a range begins that a request can ask for.

    No range says "so many bytes from so far before the end", nor "none": then the remote is asked
    how much there is.

    Args:
        remote: Where the key is.
        key: The key.
        offset: As `Remote.read` takes it; negative ones count from the end.
        length: How many bytes are wanted.

    Raises:
        KeyMissingError: The key is absent, and the remote was asked.
    """
    if length > 0 and -offset <= length:
        return offset
    size = remote.stat(key)
    if size is None:
        raise KeyMissingError(remote.url, key)
    return max(0, size + offset) if offset < 0 else offset
