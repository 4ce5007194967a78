"""Processes that take a share of a long piece of work, so that more than one core is busy.

Threads would not help where most of the work is the interpreter's own. The processes are forks:
they begin at once and know what this one knows. So there are none where forking is not safe: on
other systems than Linux, and beside threads of other people's.
"""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from operator import attrgetter
from typing import Any, Final

from dvclite.files.closing import Closing
from dvclite.files.member import Member, Work

OUR_THREADS: Final = "dvclite-"
"""How the names of threads begin that hold no lock which a fork of this process could need."""

_MOST_MEMBERS = 3

_HANDED_OUT = attrgetter("handed_out")


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
        self._members: list[Member] = []
        self._busy: deque[Member] = deque()
        try:
            with _uninterrupted():
                for _ in range(min(_cores() - 1, most)):
                    self._members.append(Member(work, room))
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
    def _next(self) -> Member:
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
