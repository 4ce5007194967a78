"""Local files as the SDK reads and writes them, with an account of what has moved."""

from pathlib import Path
from types import TracebackType
from typing import Self

from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.remote import OnBytes
from dvclite_gcs.client import Patience
from dvclite_gcs.sending import Sending

_WRITE_SIZE = 1 << 20


class Source:
    """A file that the SDK reads piece by piece and sends."""

    def __init__(self, path: Path, size: int, sending: Sending, patience: Patience) -> None:
        self._path = path
        self._file = path.open("rb")
        self._size = size
        self._sending = sending
        self._patience = patience

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, exactly so many where there are."""
        left = self._size - self._file.tell()
        wanted = left if size < 0 else min(size, left)
        data = self._file.read(wanted)
        if len(data) < wanted:
            raise OSError(f"{self._path} became shorter while it was sent")
        if data:
            self._patience.renew()  # What was read before this has arrived.
            self._sending.go_on(len(data))
        return data

    def tell(self) -> int:
        """Return where reading goes on."""
        return self._file.tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


class Target:
    """A new file that the SDK writes to, in many small pieces, which are gathered."""

    def __init__(self, path: Path, moved: OnBytes, patience: Patience) -> None:
        discard(str(path))
        self._fd = changes.create(str(path))
        self._gathered = bytearray()
        self._moved = moved
        self._patience = patience

    def write(self, data: bytes) -> int:
        """Take more bytes."""
        self._gathered += data
        if len(self._gathered) >= _WRITE_SIZE:
            self.flush()
        return len(data)

    def flush(self) -> None:
        """Write what has been gathered to the file, and count it."""
        if self._gathered:
            self._patience.renew()
            changes.write(self._fd, self._gathered)
            self._moved(len(self._gathered))
            self._gathered.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        changes.close(self._fd)
