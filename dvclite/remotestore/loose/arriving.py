"""A large blob that comes in pieces, and lies on the disk from its beginning up to some point."""

import os
import threading
from collections.abc import Callable, Iterator

from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.copying import read_into
from dvclite.files.flushing import Outflow
from dvclite.hashing import READ_SIZE, Hasher, apart
from dvclite.progress import UNWATCHED, Transfer
from dvclite.remotestore.named import Named


class _Lane:
    """Something that is done with all pieces in their order, by one thread at a time.

    Attributes:
        do: Does it with a piece.
        position: With how many bytes it is done.
        turn: Is held by whoever does it.
    """

    def __init__(self, do: Callable[[bytes | memoryview], object], position: int) -> None:
        self.do = do
        self.position = position
        self.turn = threading.Lock()


class Arriving:
    """One large blob on its way.

    Pieces may come in any order, and are written and hashed in their own: whatever ends this, the
    next attempt goes on where the file ends. Whichever thread brings a piece does what is to be
    done next: one writes while another hashes.

    Attributes:
        blob: The blob.
        path: The file.
        hasher: What all bytes of it are given to.
        begin: How many bytes were there before.
        is_over: Whether it failed, or is complete.
        told: How many bytes the user was told of.
        transfer: Is told of them, too.
    """

    def __init__(
        self, blob: Named, path: str, hasher: Hasher, release: Callable[[int], object]
    ) -> None:
        """Go on with the file at `path`, which may exist.

        Args:
            blob: The blob.
            path: The file.
            hasher: Is given all bytes, those that are there already too.
            release: Is told how many pieces are of no use any more.

        Raises:
            OSError: It cannot be written.
        """
        self.blob = blob
        self.path = path
        self.hasher = hasher
        self.is_over = False
        self.transfer: Transfer = UNWATCHED
        self._release = release
        self._fd = changes.open_partial(path)
        self.begin = os.fstat(self._fd).st_size
        if self.begin > blob.ref.size:
            changes.truncate(self._fd, 0)
            self.begin = 0
        self.told = self.begin
        self._outflow = Outflow(self._fd)
        self._pieces: dict[int, bytes] = {}
        self._writing = _Lane(self._write, self.begin)
        self._lanes = [_Lane(one.update, self.begin) for one in apart(hasher)] + [self._writing]
        self._knows_what_was_there = not self.begin
        self._has_looked = False
        self._looking = threading.Lock()
        self._lock = threading.Lock()

    def take(self, data: bytes, begin: int) -> None:
        """Take a piece in, and do what can be done now.

        Raises:
            OSError: The disk is full or failing.
        """
        with self._lock:
            useful = bool(data) and not self.is_over
            if useful:
                self._pieces[begin] = data
                self.told += len(data)
        if not useful:
            self._release(1)
        self._look_at_what_was_there()
        for lane in self._lanes:
            # Looked at again afterwards: who came meanwhile left the piece to whoever was there.
            while self._has_work(lane) and lane.turn.acquire(blocking=False):
                try:
                    self._work(lane)
                finally:
                    lane.turn.release()

    @property
    def is_complete(self) -> bool:
        """Whether all of it is in the file, and hashed."""
        return self._knows_what_was_there and all(
            lane.position == self.blob.ref.size for lane in self._lanes
        )

    def end(self) -> bool:
        """Take no more, and let go of the file; say whether this is the first time."""
        with self._lock:
            if self.is_over:
                return False
            self.is_over = True
        for turn in (self._looking, *(lane.turn for lane in self._lanes)):
            with turn:
                pass  # Whoever had it has left the file.
        changes.close(self._fd)
        self._release(len(self._pieces))
        self._pieces.clear()
        return True

    def discard(self) -> None:
        """Remove the file, in which something is wrong."""
        discard(self.path)

    def _look_at_what_was_there(self) -> None:
        """Hash what an earlier attempt left, once for all: a second look might find something else."""
        if self._knows_what_was_there or not self._looking.acquire(blocking=False):
            return  # Who is at it does what is to be done next.
        try:
            if not self._has_looked and not self.is_over:
                self._has_looked = True
                for piece in self._there():
                    self.hasher.update(piece)
                self._knows_what_was_there = not self.is_over
        finally:
            self._looking.release()

    def _has_work(self, lane: _Lane) -> bool:
        # Nothing is hashed before what was there is.
        is_ready = self._knows_what_was_there or lane is self._writing
        return is_ready and not self.is_over and lane.position in self._pieces

    def _work(self, lane: _Lane) -> None:
        while not self.is_over and (data := self._pieces.get(lane.position)) is not None:
            lane.do(data)
            lane.position += len(data)
            self._drop_done()

    def _there(self) -> Iterator[memoryview]:
        """Yield what an earlier attempt left, as far as it is wanted."""
        buffer = memoryview(bytearray(READ_SIZE))
        fd = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        left = self.begin
        try:
            while not self.is_over and left and (count := read_into(fd, buffer[:left])):
                yield buffer[:count]
                left -= count
        finally:
            os.close(fd)
        if left and not self.is_over:
            raise OSError(f"{self.path} became shorter while it was read")

    def _write(self, data: bytes | memoryview) -> None:
        changes.write_at(self._fd, data, self._writing.position)
        self._outflow.add(len(data))

    def _drop_done(self) -> None:
        """Forget the pieces that all is done with."""
        with self._lock:
            everywhere = min(lane.position for lane in self._lanes)
            done = [begin for begin in self._pieces if begin < everywhere]
            for begin in done:
                del self._pieces[begin]
        self._release(len(done))
