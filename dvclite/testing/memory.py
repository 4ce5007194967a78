"""A remote in the memory of one process, for tests."""

import threading
from collections.abc import Iterable, Iterator
from io import FileIO
from pathlib import Path

from dvclite.errors import KeyExistsError, KeyMissingError
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.remote import OnBytes, RemoteEntry, ignore_bytes

_PIECE = 1 << 20


class MemoryRemote:
    """Keeps the contract, but for being visible to another process."""

    def __init__(self, url: str = "memory://") -> None:
        """Begin with nothing."""
        self.url = url
        self._held: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def stat(self, key: str) -> int | None:
        """Return the size of what `key` holds, or None if it is absent."""
        data = self._held.get(key)
        return None if data is None else len(data)

    def list(self, prefix: str) -> Iterator[RemoteEntry]:
        """Yield every key that begins with `prefix`, as they were when the first was asked for."""
        with self._lock:
            held = sorted(self._held.items())
        for key, data in held:
            if key.startswith(prefix):
                yield RemoteEntry(key, len(data))

    def put(
        self, key: str, source: Path, *, if_absent: bool = False, moved: OnBytes = ignore_bytes
    ) -> None:
        """Store the content of the file `source` under `key`."""
        pieces = []
        with FileIO(source) as file:
            while piece := file.read(_PIECE):
                pieces.append(piece)
                moved(len(piece))
        data = b"".join(pieces)
        with self._lock:
            if if_absent and key in self._held:
                raise KeyExistsError(self.url, key)
            self._held[key] = data

    def get(self, key: str, target: Path, *, moved: OnBytes = ignore_bytes) -> None:
        """Write what `key` holds to the file `target`, made or replaced."""
        data = memoryview(self._data(key))
        discard(str(target))
        fd = changes.create(str(target))
        try:
            for start in range(0, len(data), _PIECE):
                piece = data[start : start + _PIECE]
                changes.write(fd, piece)
                moved(len(piece))
        finally:
            changes.close(fd)

    def read(self, key: str, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset` on; a negative one counts from the end."""
        data = self._data(key)
        start = max(0, len(data) + offset) if offset < 0 else offset
        return data[start : start + length]

    def delete(self, keys: Iterable[str]) -> None:
        """Make every one of `keys` absent."""
        for key in keys:
            self._held.pop(key, None)

    def close(self) -> None:
        """Keep everything: there are no connections."""

    def _data(self, key: str) -> bytes:
        try:
            return self._held[key]
        except KeyError as error:
            raise KeyMissingError(self.url, key) from error
