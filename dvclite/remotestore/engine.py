"""Much work done at once by a few threads, with bounded memory, one failure not hiding others."""

import os
import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from dvclite.errors import (
    AccessDeniedError,
    DvcliteError,
    RemoteSetupError,
    RemoteUnavailableError,
)
from dvclite.files.copying import OnBytes
from dvclite.progress import SILENT, Progress

_Item = TypeVar("_Item")
_PATIENCE = 0.2
"""Seconds that a wait lasts before it is begun again: on Windows Ctrl-C does not end one."""

_GRACE = 0.7
"""Seconds that interrupted workers get to end what they do."""


class Failure(NamedTuple, Generic[_Item]):
    """An item that could not be worked on, and why."""

    item: _Item
    error: DvcliteError | OSError


@dataclass(slots=True)
class Outcome(Generic[_Item]):
    """What came of a piece of work.

    Attributes:
        done: How many items succeeded.
        size: How many bytes these moved.
        failures: Items that failed.
        untried: Items that were taken up, but not begun when the work was stopped.
        stopped: Whether a failure ended the work before its time.
    """

    done: int = 0
    size: int = 0
    failures: list[Failure[_Item]] = field(default_factory=list)
    untried: list[_Item] = field(default_factory=list)
    stopped: bool = False


def default_jobs() -> int:
    """Return how many threads to work with where nobody says: they wait more than they compute."""
    return min(32, 4 * (os.cpu_count() or 1))


def ends_all(error: Exception) -> bool:
    """Say whether an error would meet every other item as well."""
    return isinstance(error, AccessDeniedError | RemoteSetupError)


def run(
    items: Iterable[_Item],
    work: Callable[[_Item, OnBytes], object],
    jobs: int,
    *,
    progress: Progress = SILENT,
    fatal: Callable[[Exception], bool] = ends_all,
) -> Outcome[_Item]:
    """Work on many items at once, and return when all of that is done.

    Items are taken only as fast as they are worked on, by the calling thread. A failure of one
    does not keep the others from being tried, unless it is fatal or the remote seems to be gone.

    Args:
        items: What to work on; never all in memory at once.
        work: Works on one item, in any thread. It calls its second argument with counts of bytes
            as they move, and lets what that raises pass.
        jobs: How many threads to use at most.
        progress: Is told of items as files, and of bytes.
        fatal: Which errors end the work; items that are being worked on are finished then.

    Raises:
        KeyboardInterrupt: Somebody interrupted. All workers have been told to end, and were
            waited for as long as a person's patience lasts.
    """
    crew = _Crew(work, jobs, progress, fatal)
    try:
        for item in items:
            if not crew.give(item):
                break
        crew.finish()
    except BaseException:
        crew.abandon()
        raise
    return crew.outcome


class _End:
    """What workers find in the queue when there is nothing more to do."""


class _Crew(Generic[_Item]):
    """The threads that do one piece of work."""

    def __init__(
        self,
        work: Callable[[_Item, OnBytes], object],
        jobs: int,
        progress: Progress,
        fatal: Callable[[Exception], bool],
    ) -> None:
        self.outcome: Outcome[_Item] = Outcome()
        self._work = work
        self._jobs = jobs
        self._progress = progress
        self._fatal = fatal
        self._queue: queue.Queue[_Item | _End] = queue.Queue(jobs)
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._stopping = False
        self._interrupted = False
        self._unavailable = 0
        self._crash: BaseException | None = None

    def give(self, item: _Item) -> bool:
        """Let a worker have an item, as soon as one has time; say whether more may follow."""
        if len(self._threads) < self._jobs:
            # Not joined when the interpreter ends: a call to a dead server may last for minutes.
            thread = threading.Thread(target=self._live, name="dvclite-transfer", daemon=True)
            self._threads.append(thread)
            thread.start()
        while not self._stopping:
            if self._offer(item):
                return True
        self.outcome.untried.append(item)
        return False

    def finish(self) -> None:
        """Return when the workers are done; raise what one of them could not handle."""
        for _thread in self._threads:
            while self._crash is None and not self._offer(_End()):
                pass
        for thread in self._threads:
            while self._crash is None and thread.is_alive():
                thread.join(_PATIENCE)
        if self._crash is not None:
            raise self._crash

    def abandon(self) -> None:
        """Tell the workers to end at once, and wait a moment for them to do so."""
        self._stopping = self._interrupted = True
        deadline = time.monotonic() + _GRACE
        self._empty()
        for _thread in self._threads:
            self._queue.put(_End())
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _empty(self) -> None:
        try:
            while True:
                self._queue.get_nowait()
        except queue.Empty:
            pass

    def _offer(self, item: _Item | _End) -> bool:
        try:
            self._queue.put(item, timeout=_PATIENCE)
        except queue.Full:
            return False
        return True

    def _live(self) -> None:
        while not self._interrupted:
            item = self._queue.get()
            if isinstance(item, _End):
                return
            if self._stopping:
                with self._lock:
                    self.outcome.untried.append(item)
            else:
                self._do(item)

    def _do(self, item: _Item) -> None:
        moved = 0

        def count(size: int) -> None:
            nonlocal moved
            if self._interrupted:
                raise KeyboardInterrupt
            moved += size
            self._progress.advance(size=size)

        try:
            self._work(item, count)
            self._progress.advance(files=1)
        except (DvcliteError, OSError) as error:
            self._progress.advance(size=-moved)
            self._fail(item, error)
        except BaseException as error:  # noqa: BLE001  The thread that waits raises it again.
            self._crash = error
            self._stopping = self._interrupted = True
        else:
            with self._lock:
                self.outcome.done += 1
                self.outcome.size += moved
                self._unavailable = 0

    def _fail(self, item: _Item, error: DvcliteError | OSError) -> None:
        with self._lock:
            self.outcome.failures.append(Failure(item, error))
            if isinstance(error, RemoteUnavailableError):
                self._unavailable += 1
            # Each has been tried again by the remote itself: nobody is there any more.
            if self._fatal(error) or self._unavailable >= 2 * self._jobs:
                self._stopping = self.outcome.stopped = True
