"""Much work done at once by a few threads, with bounded memory, one failure not hiding others."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from dvclite.errors import (
    AccessDeniedError,
    DvcliteError,
    RemoteSetupError,
    RemoteUnavailableError,
)
from dvclite.files.copying import OnBytes
from dvclite.progress import SILENT, UNWATCHED, Progress, Transfer
from dvclite.remotestore.packed import NOT_PACKED, Packed

_Item = TypeVar("_Item")

DEFAULT_JOBS = 32
"""How many threads to use where nobody says: they wait for the far side and its disks, and hardly
compute."""

_SOON, _PATIENCE = 0.004, 0.05
"""Seconds after which the workers are looked at: at first, and as long as all goes well.

No wait may be longer: on Windows Ctrl-C does not end one.
"""

_COMPUTES = 0.7
"""The part of the time from which on one computes rather than waits."""

_PAYS = 1.5
"""How many times as busy twice as many workers have to be for more to be of use."""

_SHORTEST = 1e-6

_GRACE = 0.7
"""Seconds that interrupted workers get to end what they do."""


def _cores() -> int:
    """Return how many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_CORES = _cores()


class _Nothing:
    """What stands for an item where there is none."""


_NOTHING = _Nothing()


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
        stopped: Whether a failure ended the work before its time.
        packed: What a push into packs took.
    """

    done: int = 0
    size: int = 0
    failures: list[Failure[_Item]] = field(default_factory=list)
    stopped: bool = False
    packed: Packed = NOT_PACKED


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
    is_crowded: Callable[[], bool] = lambda: False,
    begin: Callable[[_Item], Transfer] = lambda _item: UNWATCHED,
) -> Outcome[_Item]:
    """Work on many items at once, and return when all of that is done.

    A failure of one item does not keep the others from being tried, unless it is fatal or the
    remote seems to be gone.

    Args:
        items: What to work on. Each is drawn when a thread has time for it, by one thread after
            the other.
        work: Works on one item, in any thread. It calls its second argument with counts of bytes
            as they move, and lets what that raises pass.
        jobs: How many threads to use at most. There are only so many while they wait, for a server
            as a rule: what takes microseconds one of them does sooner than many who wait for the
            interpreter, and for each other.
        progress: Is told of items as files, and of bytes.
        fatal: Which errors end the work; items that are being worked on are finished then.
        is_crowded: Says whether those who wait right now may wait for each other, so that more
            would not help.
        begin: Begins the transfer of an item that `work` moves, which is told of bytes, too.

    Returns:
        What came of it. Items that were drawn and are not among its failures are done.

    Raises:
        KeyboardInterrupt: Somebody interrupted. All threads have been told to end, and were
            waited for as long as a person's patience lasts.
    """
    crew = _Crew(iter(items), work, jobs, progress, fatal)
    crew.is_crowded, crew.begin = is_crowded, begin
    try:
        crew.finish()
    except BaseException:
        crew.abandon()
        raise
    return crew.outcome


class _Load:
    """How busy this process is."""

    def __init__(self) -> None:
        self._last = time.monotonic(), time.process_time()

    def share(self) -> float:
        """Return how many cores were busy since this was asked last."""
        (began, spent), self._last = self._last, (time.monotonic(), time.process_time())
        now, spent_now = self._last
        return (spent_now - spent) / max(now - began, _SHORTEST)


class _Crew(Generic[_Item]):
    """The threads that do one piece of work."""

    def __init__(
        self,
        items: Iterator[_Item],
        work: Callable[[_Item, OnBytes], object],
        jobs: int,
        progress: Progress,
        fatal: Callable[[Exception], bool],
    ) -> None:
        self.outcome: Outcome[_Item] = Outcome()
        self.is_crowded: Callable[[], bool] = lambda: False
        self.begin: Callable[[_Item], Transfer] = lambda _item: UNWATCHED
        self._items = items
        self._work = work
        self._jobs = jobs
        self._progress = progress
        self._fatal = fatal
        self._threads: list[threading.Thread] = []
        self._taking = threading.Lock()
        self._counting = threading.Lock()
        self._taken = 0
        self._stopping = False
        self._interrupted = False
        self._unavailable = 0
        self._crash: BaseException | None = None
        self._load = _Load()
        self._busy_before = 0.0

    def finish(self) -> None:
        """Return when all is done; raise what a worker could not handle."""
        self._hire()
        patience, ended = _SOON, 0
        for thread in self._threads:  # More join while these work.
            while self._crash is None and thread.is_alive():
                thread.join(patience)
                busy = self._load.share()
                only_wait = self._only_wait(since=ended, busy=busy)
                ended = self._ended
                patience = _SOON if only_wait else min(2 * patience, _PATIENCE)
                if only_wait:
                    self._busy_before = busy
                    self._hire_as_many_again()
        if self._crash is not None:
            raise self._crash

    def abandon(self) -> None:
        """Tell the workers to end at once, and wait a moment for them to do so."""
        self._stopping = self._interrupted = True
        deadline = time.monotonic() + _GRACE
        for thread in list(self._threads):
            thread.join(max(0.0, deadline - time.monotonic()))

    @property
    def _ended(self) -> int:
        return self.outcome.done + len(self.outcome.failures)

    def _only_wait(self, *, since: int, busy: float) -> bool:
        """Say whether more workers would help.

        Args:
            since: How many items had ended at the last look.
            busy: How many cores were busy since then.
        """
        count = len(self._threads)
        ended = self._ended
        if count >= self._jobs or self._taken - ended < count or ended - since >= 2 * count:
            return False
        return self._leaves_room(busy) and not self.is_crowded()

    def _leaves_room(self, busy: float) -> bool:
        """Say whether the workers wait for something else than the interpreter.

        Who computes without it, as to hash or to encrypt, keeps more cores busy if more do so.
        """
        return busy < _COMPUTES or _PAYS * self._busy_before <= busy < _COMPUTES * _CORES

    def _hire_as_many_again(self) -> None:
        for _ in range(min(len(self._threads), self._jobs - len(self._threads))):
            if not self._stopping:
                self._hire()

    def _hire(self) -> None:
        # Not waited for when the interpreter ends: a call to a dead server may last for minutes.
        thread = threading.Thread(target=self._live, name="dvclite-transfer", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _live(self) -> None:
        try:
            while True:
                with self._taking:
                    if self._stopping:
                        return
                    item = next(self._items, _NOTHING)
                    if isinstance(item, _Nothing):
                        self._stopping = True
                        return
                    self._taken += 1
                self._do(item)
        except BaseException as error:  # noqa: BLE001  The thread that waits raises it again.
            self._stopping = self._interrupted = True
            self._crash = error

    def _do(self, item: _Item) -> None:
        moved, transfer = 0, self.begin(item)

        def count(size: int) -> None:
            nonlocal moved
            if self._interrupted:
                raise KeyboardInterrupt
            moved += size
            self._progress.advance(size=size)
            transfer.advance(size)

        try:
            self._work(item, count)
        except (DvcliteError, OSError) as error:
            self._progress.advance(size=-moved)
            self._fail(item, error)
            return
        finally:
            transfer.finish()
        with self._counting:
            self.outcome.done += 1
            self.outcome.size += moved
            self._unavailable = 0
        self._progress.advance(files=1)

    def _fail(self, item: _Item, error: DvcliteError | OSError) -> None:
        with self._counting:
            self.outcome.failures.append(Failure(item, error))
            if isinstance(error, RemoteUnavailableError):
                self._unavailable += 1
            # Each has been tried again by the remote itself: nobody is there any more.
            if self._fatal(error) or self._unavailable >= 2 * self._jobs:
                self._stopping = self.outcome.stopped = True
