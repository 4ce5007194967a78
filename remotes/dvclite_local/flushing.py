"""One flush for many threads that put small files at the same time."""

import errno
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from dvclite.errors import DvcliteError
from dvclite.files import changes
from dvclite.files.naming import has_syncfs

_FEW = 4
"""So many writers at once flush for themselves, which spares them what other programs write."""

_SHORTEST_WAIT = 0.002
_LONGEST_WAIT = 0.05


class Written(Protocol):
    """A file that was written, has no name yet, and waits to become durable."""

    def flush_content(self) -> None:
        """Return when the content survives a power cut."""

    def close(self) -> None:
        """End the writing."""

    def give_name(self) -> None:
        """Give the file its name."""

    def flush_name(self) -> None:
        """Return when the name survives a power cut."""


class _Waiting:
    """A file that waits for its flush and its name, and what came of it."""

    __slots__ = ("done", "durable", "error", "failures", "written")

    def __init__(self, written: Written, failures: int) -> None:
        self.written = written
        self.failures = failures
        self.error: OSError | DvcliteError | None = None
        self.durable = False
        self.done = False

    def fail(self, error: OSError) -> None:
        """Note that a flush failed, if nothing failed before."""
        if self.error is None:
            self.error = OSError(error.errno, error.strerror)

    def check(self) -> None:
        """Return if the file is durable under its name."""
        if self.error is not None:
            raise self.error
        if not self.durable:
            raise InterruptedError(errno.EINTR, "interrupted before the flush")


class SharedFlush:
    """Makes files durable and gives them their names, together where many threads do so at once.

    Whoever comes while nobody leads becomes the leader, waits a moment for the others that are
    still writing, flushes the file system once for the content of all, gives them their names,
    and flushes once more for the names. The others sleep. On file systems that cannot be flushed
    as a whole, and while few write, each flushes its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)
        self._settled = threading.Condition(self._lock)
        self._queue: list[_Waiting] = []
        self._led = False
        self._writers = 0
        self._failures: list[OSError] = []
        self._seconds = 0.0
        self._volume: int | None = None
        self._examined = False

    @contextmanager
    def writing(self, place: str) -> Iterator[Callable[[Written], None]]:
        """Count as one who writes while the block runs; begin it before a file is made.

        Args:
            place: A folder on the file system that is written to, always the same.

        Yields:
            The function that makes a written file durable under its name.
        """
        with self._lock:
            self._examine(place)
            self._writers += 1
            failures = len(self._failures)
        try:
            yield lambda written: self._finish(written, failures)
        finally:
            with self._lock:
                self._writers -= 1
                self._arrived.notify()

    def close(self) -> None:
        """Let go of the file system."""
        with self._lock:
            if self._volume is not None:
                os.close(self._volume)
            self._volume, self._examined = None, False

    def _examine(self, place: str) -> None:
        # Open before anything is written, so that a flush reports whatever failed since then.
        if not self._examined:
            if sys.platform == "linux" and has_syncfs(place):
                self._volume = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self._examined = True

    def _finish(self, written: Written, failures: int) -> None:
        if self._volume is None or self._writers <= _FEW:
            written.flush_content()
            written.close()
            written.give_name()
            written.flush_name()
            return
        written.close()
        waiting = _Waiting(written, failures)
        with self._lock:
            self._queue.append(waiting)
            self._arrived.notify()
            try:
                while not waiting.done:
                    if self._led:
                        self._settled.wait()
                    else:
                        self._lead(self._volume)
            finally:
                if waiting in self._queue:
                    self._queue.remove(waiting)
        waiting.check()

    def _lead(self, volume: int) -> None:
        """Settle all who wait. The lock is held on entry and on return."""
        self._led = True
        batch: list[_Waiting] = []
        try:
            self._gather()
            batch, self._queue = self._queue, []
            self._lock.release()
            try:
                self._settle(batch, volume)
            finally:
                self._lock.acquire()
        finally:
            for waiting in batch:
                waiting.done = True
            self._led = False
            self._settled.notify_all()

    def _gather(self) -> None:
        patience = min(max(_SHORTEST_WAIT, self._seconds / 2), _LONGEST_WAIT)
        deadline = time.monotonic() + patience
        while len(self._queue) < self._writers:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            self._arrived.wait(left)

    def _settle(self, batch: list["_Waiting"], volume: int) -> None:
        for waiting in batch:
            # What was written before a flush failed may be what that flush lost.
            if waiting.failures < len(self._failures):
                waiting.fail(self._failures[-1])
        self._flush(batch, volume)
        for waiting in batch:
            if waiting.error is None:
                try:
                    waiting.written.give_name()
                except (OSError, DvcliteError) as error:
                    waiting.error = error
        self._flush(batch, volume)
        for waiting in batch:
            waiting.durable = waiting.error is None

    def _flush(self, batch: list["_Waiting"], volume: int) -> None:
        if all(waiting.error is not None for waiting in batch):
            return
        began = time.monotonic()
        try:
            changes.flush_filesystem(volume)
        except OSError as error:
            self._failures.append(error)
            for waiting in batch:
                waiting.fail(error)
        self._seconds = time.monotonic() - began
