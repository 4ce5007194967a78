"""A process that does tasks: forked, and spoken to through pipes that hold what may wait."""

import gc
import marshal
import mmap
import os
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

from dvclite.files import changes

Work = Callable[[Any, memoryview], Any]
"""Does a task, and returns what came of it; leaves bytes behind in shared memory.

Tasks and answers are made of what `marshal` takes. An answer is shorter than 64 KiB, and a pipe
holds as many as may wait, so that nobody waits for somebody who waits for him.
"""

_TASKS_AHEAD, _MOST_AHEAD, _MOST_AHEAD_WITH_ROOM = 2, 8, 4
"""How many tasks a member has at first, and later, so that it is busy while others do other things.

What is short is shared better if few of its tasks wait for one who does something else. Each has
its own room, which is memory.
"""

_TASKS_A_STEP = 4
"""After how many tasks there may be one more of them."""

_FRAME = 4
_ANSWER = 64 << 10


class Member:
    """One process. What tasks leave behind lies in its rooms by turns.

    Attributes:
        handed_out: How many tasks it was given.
    """

    def __init__(self, work: Work, room: int) -> None:
        """Have it wait for tasks.

        Args:
            work: What it does.
            room: How many bytes a task may leave behind.

        Raises:
            OSError: It is not to be had.
        """
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
        """Whether it may do anything more."""
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
        """Have it do a task."""
        self.handed_out += 1
        try:
            _send(self._tasks, task)
        except OSError:  # Which shows when the task is taken back.
            self.end()

    @property
    def has_answer(self) -> bool:
        """Whether the oldest task can be taken back without waiting for it."""
        if sys.platform != "linux":
            raise NotImplementedError
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        return bool(poll.poll(0))

    def take_back(self) -> tuple[Any, memoryview]:
        """Return what came of the oldest task, None if nothing did, and what it left behind."""
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
        """Send it home, whatever it is doing."""
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
