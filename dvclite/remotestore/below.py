"""A part of a remote that goes by a prefix, as a remote of its own."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from dvclite.remote import OnBytes, Remote, RemoteEntry, ignore_bytes


class Below:
    """What lies below a prefix of another remote: see `dvclite.remote.Remote`.

    Attributes:
        url: The address, for messages.
    """

    def __init__(self, remote: Remote, prefix: str) -> None:
        """Put `prefix`, without a `/` at its end, before every key; `remote` is closed with it."""
        self.url = f"{remote.url.rstrip('/')}/{prefix}"
        self._remote = remote
        self._prefix = prefix + "/"

    def stat(self, key: str) -> int | None:
        """Return the size of what `key` holds."""
        return self._remote.stat(self._prefix + key)

    def list(self, prefix: str) -> Iterator[RemoteEntry]:
        """Yield every key that begins with `prefix`."""
        for key, size in self._remote.list(self._prefix + prefix):
            yield RemoteEntry(key[len(self._prefix) :], size)

    def put(
        self, key: str, source: Path, *, if_absent: bool = False, moved: OnBytes = ignore_bytes
    ) -> None:
        """Store the content of a file."""
        self._remote.put(self._prefix + key, source, if_absent=if_absent, moved=moved)

    def get(self, key: str, target: Path, *, moved: OnBytes = ignore_bytes) -> None:
        """Write what `key` holds to a file."""
        self._remote.get(self._prefix + key, target, moved=moved)

    def read(self, key: str, offset: int, length: int) -> bytes:
        """Return bytes of what `key` holds."""
        return self._remote.read(self._prefix + key, offset, length)

    def delete(self, keys: Iterable[str]) -> None:
        """Make keys absent."""
        self._remote.delete(self._prefix + key for key in keys)

    def close(self) -> None:
        """Let go of the remote."""
        self._remote.close()
