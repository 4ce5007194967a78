"""Processes that take a share of a long piece of work, so that more than one core is busy.

Threads would not help where most of the work is the interpreter's own. The processes are forks:
they begin at once and know what this one knows. So there are none where forking is not safe: on
other systems than Linux, and beside threads of other people's.
"""

import gc
import marshal
import mmap
import os
import select
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from operator import attrgetter
from typing import Any, Final

from dvclite.files import changes
from dvclite.files.closing import Closing

OUR_THREADS: Final = "dvclite-"
"""How the names of threads begin that hold no lock which a fork of this process could need."""

Work = Callable[[Any, memoryview], Any]
"""Does a task, and returns what came of it; leaves bytes behind in shared memory.

Tasks and answers are made of what `marshal` takes. An answer is shorter than 64 KiB, and a pipe
holds as many as may wait, so that nobody waits for somebody who waits for him.
"""

_MOST_MEMBERS = 3

_TASKS_AHEAD, _MOST_AHEAD, _MOST_AHEAD_WITH_ROOM = 2, 8, 4
"""How many tasks a member has at first, and later, so that it is busy while others do other things.

What is short is shared better if few of its tasks wait for one who does something else. Each has
its own room, which is memory.
"""

_TASKS_A_STEP = 4
"""After how many tasks there may be one more of them."""

_HANDED_OUT = attrgetter("handed_out")
_FRAME = 4
_ANSWER = 64 << 10


def can_have_crew() -> bool:
    """Say whether there are cores to spare, and forking is safe."""
    return _cores() > 1 and _are_threads_ours()


def _cores() -> int:
    """Return how many cores this process may use, where it may fork; otherwise 1."""
    if sys.platform != "linux":
        return 1
    return len(os.sched_getaffinity(0))


def _are_threads_ours() -> bool:
    main = threading.main_thread()
    others = (thread for thread in threading.enumerate() if thread is not main)
    return all(thread.name.startswith(OUR_THREADS) for thread in others)


class Crew(Closing):
    """Does tasks in other processes, and returns what came of them in the order of the tasks.

    A member that is gone, for whatever reason, has done nothing: whoever handed out a task does it
    himself then, and learns what is the matter.
    """

    def __init__(self, work: Work, *, room: int = 0, most: int = _MOST_MEMBERS) -> None:
        """Have processes wait for tasks; only where `can_have_crew` says so.

        Args:
            work: What they do.
            room: How many bytes a task may leave behind.
            most: How many there are at most.

        Raises:
            OSError: Not all of them are to be had, and there are none.
        """
        self._members: list[_Member] = []
        self._busy: deque[_Member] = deque()
        try:
            with _uninterrupted():
                for _ in range(min(_cores() - 1, most)):
                    self._members.append(_Member(work, room))
        except BaseException:
            self.close()
            raise

    @property
    def is_busy(self) -> bool:
        """Whether no task can be handed out before one is taken back, or ever, if all are gone."""
        if not self._members:
            return True
        member = self._next
        return not member.is_there or member.waiting >= member.ahead

    @property
    def _next(self) -> "_Member":
        """Whose turn it is: one of those who are there, if any are."""
        living = [member for member in self._members if member.is_there]
        return min(living or self._members, key=_HANDED_OUT)

    @property
    def has_answer(self) -> bool:
        """Whether the oldest task can be taken back without waiting for it."""
        return bool(self._busy) and self._busy[0].has_answer

    def hand_out(self, task: object) -> None:
        """Have a task done; only while it is not `is_busy`.

        All that are there have their turns, so that none has more to be taken back than others.
        """
        member = self._next
        self._busy.append(member)
        member.hand_out(task)

    def take_back(self) -> tuple[Any, memoryview]:
        """Return what came of the oldest task, None if nothing did, and what it left behind.

        That is there until the next task is handed out.
        """
        return self._busy.popleft().take_back()

    def end(self) -> None:
        """Have nobody do anything more, so that whoever waits for an answer gets none."""
        for member in self._members:
            member.end()

    def close(self) -> None:
        """Send everybody home, whatever they are doing, and forget what was not taken back."""
        self._busy.clear()
        while self._members:
            self._members.pop().close()


def hired(work: Work, *, room: int = 0, most: int = _MOST_MEMBERS) -> Crew | None:
    """Return a crew; None where there can be none, which is no reason to fail.

    Args:
        work: What it does.
        room: How many bytes a task may leave behind.
        most: How many members it has at most.
    """
    if not can_have_crew():
        return None
    try:
        return Crew(work, room=room, most=most)
    except OSError:  # So many processes, open files or so much memory are not to be had.
        return None


class _Member:
    """One process. What tasks leave behind lies in its rooms by turns."""

    def __init__(self, work: Work, room: int) -> None:
        self.handed_out = 0
        self._taken_back = 0
        self._process = 0
        self._open: list[int] = []
        try:
            self._begin(work, room)
        except BaseException:
            self.close()
            raise

    def _begin(self, work: Work, room: int) -> None:
        theirs, self._tasks = self._pipe()
        self._answers, back = self._pipe()
        _grow(self._tasks)
        _grow(self._answers)
        most = _MOST_AHEAD_WITH_ROOM if room else _MOST_AHEAD
        # Nobody reads answers while tasks are handed out: all but the one that is written must fit.
        self._most_ahead = min(_answers_that_fit(self._answers) + 1, most)
        view = memoryview(mmap.mmap(-1, max(room * self._most_ahead, 1)))
        self._rooms = [view[room * number :][:room] for number in range(self._most_ahead)]
        if self._most_ahead >= _TASKS_AHEAD:
            self._process = _forked(lambda: _serve(theirs, back, work, self._rooms))
        for end in (theirs, back):
            self._open.remove(end)
            os.close(end)

    def _pipe(self) -> tuple[int, int]:
        ends = os.pipe()
        self._open += ends
        return ends

    @property
    def is_there(self) -> bool:
        return bool(self._process)

    @property
    def waiting(self) -> int:
        """How many tasks it has that are not taken back."""
        return self.handed_out - self._taken_back

    @property
    def ahead(self) -> int:
        """How many it may have."""
        return min(_TASKS_AHEAD + self.handed_out // _TASKS_A_STEP, self._most_ahead)

    def hand_out(self, task: object) -> None:
        self.handed_out += 1
        try:
            _send(self._tasks, task)
        except OSError:  # Which shows when the task is taken back.
            self.end()

    @property
    def has_answer(self) -> bool:
        if sys.platform != "linux":
            raise NotImplementedError
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        return bool(poll.poll(0))

    def take_back(self) -> tuple[Any, memoryview]:
        left = self._rooms[self._taken_back % len(self._rooms)]
        self._taken_back += 1
        try:
            return marshal.loads(_receive(self._answers)), left  # noqa: S302 - our own process
        except (OSError, EOFError):
            self.end()
            return None, left

    def end(self) -> None:
        """See to it that it does nothing more from now on."""
        process, self._process = self._process, 0
        if process:  # Afterwards another one may get its number.
            _end(process)

    def close(self) -> None:
        self.end()
        while self._open:
            os.close(self._open.pop())


def _forked(do: Callable[[], None]) -> int:
    """Have a child do something, and nothing else, and return its number."""
    if sys.platform != "linux":
        raise NotImplementedError
    process = os.fork()
    if process == 0:
        try:
            do()
        finally:
            os._exit(0)
    return process


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Have an interrupt wait; what is forked meanwhile gets none, ever.

    It is for the process that was asked to do all of it, and that has to know of all its children.
    """
    if sys.platform != "linux":
        raise NotImplementedError
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with _interrupts_noted():
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@contextmanager
def _interrupts_noted() -> Iterator[None]:
    """Pass an interrupt on at the end: one that a thread blocks may go to another one.

    Whichever thread gets it, it is the main one that is interrupted.
    """
    handler = signal.getsignal(signal.SIGINT)
    if handler is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    noted: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: noted.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if noted:
            signal.raise_signal(signal.SIGINT)


def _grow(pipe: int) -> None:
    """Have a pipe hold what a member may have ahead, unless whoever runs this has too many pipes."""
    if sys.platform != "linux":
        raise NotImplementedError
    import fcntl

    with suppress(OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _ANSWER * (_MOST_AHEAD - 1))


def _answers_that_fit(pipe: int) -> int:
    """Return how many answers a pipe holds: none, if it was made smaller than others are."""
    if sys.platform != "linux":
        raise NotImplementedError
    import fcntl

    return int(fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)) // _ANSWER


def _end(process: int) -> None:
    """End a child, whatever it is doing.

    If somebody else has asked what became of it, its number may be another process's by now.
    """
    if sys.platform != "linux":
        raise NotImplementedError
    with suppress(ProcessLookupError, ChildProcessError):
        if os.waitpid(process, os.WNOHANG)[0] == 0:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def _serve(tasks: int, answers: int, work: Work, rooms: list[memoryview]) -> None:
    """Do tasks until there are no more. Never returns to what the fork interrupted."""
    gc.disable()
    _close_all_but(tasks, answers)
    done = 0
    with suppress(OSError, EOFError):
        while True:
            task = marshal.loads(_receive(tasks))  # noqa: S302 - our own process
            _send(answers, work(task, rooms[done % len(rooms)]))
            done += 1


def _close_all_but(*wanted: int) -> None:
    """Close the rest: locks and the other members' pipes must not outlive the command."""
    if sys.platform != "linux":
        raise NotImplementedError
    try:
        found = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        _close_all_between(2, *sorted(wanted), os.sysconf("SC_OPEN_MAX"))
        return
    for fd in found:
        if fd > 2 and fd not in wanted:
            with suppress(OSError):  # The list itself was read by one that is closed by now.
                os.close(fd)


def _close_all_between(*kept: int) -> None:
    """Close whatever may be open, which takes long where a process may have many files open."""
    for last, following in pairwise(kept):
        os.closerange(last + 1, following)


def _send(end: int, message: Any) -> None:
    data = marshal.dumps(message)
    changes.write(end, len(data).to_bytes(_FRAME, "little") + data)


def _receive(end: int) -> bytes:
    """Return a message.

    Raises:
        EOFError: There are no more.
    """
    return _exactly(end, int.from_bytes(_exactly(end, _FRAME), "little"))


def _exactly(end: int, size: int) -> bytes:
    pieces: list[bytes] = []
    while size:
        piece = os.read(end, size)
        if not piece:
            raise EOFError
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
