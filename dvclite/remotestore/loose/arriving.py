"""A large blob that comes in pieces, and lies on the disk from its beginning up to some point."""

import os
import threading

from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.progress import UNWATCHED, Transfer
from dvclite.remotestore.named import Named


class Arriving:
    """One large blob on its way.

    Pieces may come in any order, and are written in their own: whatever ends this, the next
    attempt goes on where the file ends.

    Attributes:
        blob: The blob.
        path: The file.
        position: How many bytes are in the file.
        was_begun: Whether some of them were there before.
        is_over: Whether it failed, or is complete.
        told: How many bytes the user was told of.
        transfer: Is told of them, too.
    """

    def __init__(self, blob: Named, path: str) -> None:
        """Go on with the file at `path`, which may exist.

        Raises:
            OSError: It cannot be written.
        """
        self.blob = blob
        self.path = path
        self.is_over = False
        self.transfer: Transfer = UNWATCHED
        self._fd: int | None = changes.open_partial(path)
        self.position = os.fstat(self._fd).st_size
        if self.position > blob.ref.size:
            changes.truncate(self._fd, 0)
            self.position = 0
        self.was_begun = self.position > 0
        self.told = self.position
        self._early: dict[int, bytes] = {}
        self._lock = threading.Lock()

    def take(self, data: bytes, begin: int) -> int:
        """Take a piece in; return how many were written, or are of no use any more.

        Raises:
            OSError: The disk is full or failing.
        """
        with self._lock:
            if self._fd is None:
                return 1
            self._early[begin] = data
            self.told += len(data)
            written = 0
            while (piece := self._early.pop(self.position, None)) is not None:
                changes.write_at(self._fd, piece, self.position)
                self.position += len(piece)
                written += 1
            return written

    @property
    def is_complete(self) -> bool:
        """Whether all of it is in the file."""
        return self.position == self.blob.ref.size

    def end(self) -> int | None:
        """Take no more; return how many pieces were waiting, None if this is not the first time."""
        with self._lock:
            if self.is_over:
                return None
            self.is_over = True
            self.close()
            waiting = len(self._early)
            self._early.clear()
            return waiting

    def close(self) -> None:
        """Let go of the file, and leave it."""
        fd, self._fd = self._fd, None
        if fd is not None:
            changes.close(fd)

    def discard(self) -> None:
        """Remove the file, in which something is wrong."""
        discard(self.path)
