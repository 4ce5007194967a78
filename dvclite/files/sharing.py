"""Tasks that come one after the other, done here and by a crew, and handed back in their order."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Generic, NamedTuple, TypeVar

from dvclite.files.closing import Closing
from dvclite.files.crew import Crew, hired
from dvclite.files.member import Work

_Tag = TypeVar("_Tag")

_MOST_WAITING = 64
"""How many tasks that were done here may wait for others."""

_MOST_ROOMS = 4
"""How many may, where each keeps the room that it was done in."""


class Done(NamedTuple, Generic[_Tag]):
    """A task that somebody did.

    Attributes:
        tag: What it was handed in with.
        answer: What came of it; None if nothing did.
        left: What it left behind, there until the next one is asked for.
    """

    tag: _Tag
    answer: Any
    left: memoryview


class _Waiting(NamedTuple, Generic[_Tag]):
    """A task whose turn to be handed back has not come, and the room in which it was done here."""

    tag: _Tag
    answer: Any
    room: memoryview | None


class Sharing(Closing, Generic[_Tag]):
    """Has tasks done by a crew, and does here those that it has no time for."""

    def __init__(self, work: Work, *, room: int = 0) -> None:
        """Do all of them here, as long as nobody calls for help.

        Args:
            work: Does a task.
            room: How many bytes a task may leave behind.
        """
        self._work = work
        self._size = room
        self._crew: Crew | None = None
        self._waiting: deque[_Waiting[_Tag]] = deque()
        self._rooms: list[memoryview] = []
        self._used = 0

    @property
    def has_help(self) -> bool:
        """Whether there is a crew."""
        return self._crew is not None

    def call_for_help(self, work: Work | None = None) -> None:
        """Have a crew, where there can be one.

        Args:
            work: What does a task there, where that has files open that have to be its own.
        """
        if self._crew is None:
            self._crew = hired(work or self._work, room=self._size)

    def do(self, tag: _Tag, task: object) -> Iterator[Done[_Tag]]:
        """Have a task done, and yield those whose turn has come, as far as they are done.

        Args:
            tag: What is to be handed back with what comes of it.
            task: The task. It is done when this has been drawn to the end.
        """
        most = _MOST_ROOMS if self._size else _MOST_WAITING
        yield from self._done()
        while self._is_crew_busy and self._used >= most:
            yield self._next()
        if self._crew is None or self._is_crew_busy:
            room = self._rooms.pop() if self._rooms else memoryview(bytearray(self._size))
            self._used += 1
            self._waiting.append(_Waiting(tag, self._work(task, room), room))
        else:
            self._crew.hand_out(task)
            self._waiting.append(_Waiting(tag, None, None))
        yield from self._done()

    def rest(self) -> Iterator[Done[_Tag]]:
        """Yield all others."""
        while self._waiting:
            yield self._next()

    def close(self) -> None:
        """Give up what was not handed back."""
        self._waiting.clear()
        crew, self._crew = self._crew, None
        if crew is not None:
            crew.close()

    @property
    def _is_crew_busy(self) -> bool:
        return self._crew is not None and self._crew.is_busy

    def _done(self) -> Iterator[Done[_Tag]]:
        while self._waiting and self._is_next_done:
            yield self._next()

    @property
    def _is_next_done(self) -> bool:
        is_done_here = self._waiting[0].room is not None
        return is_done_here or (self._crew is not None and self._crew.has_answer)

    def _next(self) -> Done[_Tag]:
        """Return the oldest, and wait for it if need be."""
        tag, answer, room = self._waiting.popleft()
        if room is None:
            assert self._crew is not None, "somebody was asked"
            return Done(tag, *self._crew.take_back())
        self._used -= 1
        self._rooms.append(room)
        return Done(tag, answer, room)


def shared_out(work: Work, tasks: Iterable[_Tag], *, helped: bool) -> Iterator[Done[_Tag]]:
    """Do tasks here, and in other processes where there are some; each is its own tag.

    Args:
        work: Does a task, in whichever process, and leaves nothing behind.
        tasks: Drawn as fast as they are handed out.
        helped: Whether there is so much to do that help pays.
    """
    with Sharing[_Tag](work) as sharing:
        if helped:
            sharing.call_for_help()
        for task in tasks:
            yield from sharing.do(task, task)
        yield from sharing.rest()
