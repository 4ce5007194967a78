"""Processes that take a share of a long piece of work, so that more than one core is busy.

Threads would not help where most of the work is the interpreter's own. The processes are forks:
they begin at once and know what this one knows. So there are none where forking is not safe: on
other systems than Linux, and beside threads of other people's.
"""

import gc
import marshal
import mmap
import os
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from dvclite.files.closing import Closing

OUR_THREADS: Final = "dvclite-"
"""How the names of threads begin that hold no lock which a fork of this process could need."""

Work = Callable[[Any, Sequence[int], memoryview], Any]
"""Does a task in open folders, and returns what came of it; leaves bytes behind in shared memory.

Tasks and answers are made of what `marshal` takes. The folders are closed afterwards.
"""

MOST_FOLDERS: Final = 64
"""How many folders a task may be about."""

_MOST_MEMBERS = 3
_TASKS_AHEAD = 2
_FRAME = 4


def can_have_crew() -> bool:
    """Say whether there are cores to spare, and forking is safe."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1 and _are_threads_ours()


def _are_threads_ours() -> bool:
    main = threading.main_thread()
    others = (thread for thread in threading.enumerate() if thread is not main)
    return all(thread.name.startswith(OUR_THREADS) for thread in others)


class Crew(Closing):
    """Does tasks in other processes, and returns what came of them in the order of the tasks.

    A member that is gone, for whatever reason, has done nothing: whoever handed out a task does it
    himself then, and learns what is the matter.
    """

    def __init__(self, work: Work, *, room: int = 0) -> None:
        """Have processes wait for tasks; only where `can_have_crew` says so.

        Args:
            work: What they do.
            room: How many bytes a task may leave behind.
        """
        count = min(len(os.sched_getaffinity(0)) - 1, _MOST_MEMBERS)
        self._members = [_Member(work, room) for _ in range(count)]
        self._busy: deque[_Member] = deque()
        self._handed_out = 0

    @property
    def is_busy(self) -> bool:
        """Whether no task can be handed out before one is taken back."""
        return len(self._busy) >= _TASKS_AHEAD * len(self._members)

    @property
    def tasks(self) -> int:
        """How many tasks are handed out."""
        return len(self._busy)

    def hand_out(self, task: object, folders: Sequence[int]) -> None:
        """Have a task done in open folders, which may be closed as soon as this returns."""
        member = self._members[self._handed_out % len(self._members)]
        self._handed_out += 1
        self._busy.append(member)
        member.hand_out(task, folders)

    def take_back(self) -> tuple[Any, memoryview]:
        """Return what came of the oldest task, None if nothing did, and what it left behind.

        That is there until two more tasks are handed out.
        """
        return self._busy.popleft().take_back()

    def close(self) -> None:
        """Send everybody home, whatever they are doing."""
        for member in self._members:
            member.close()


class _Member:
    """One process. What tasks leave behind lies in the halves of its room by turns."""

    def __init__(self, work: Work, room: int) -> None:
        self._room = mmap.mmap(-1, max(room, 1) * _TASKS_AHEAD)
        view = memoryview(self._room)
        self._halves = [view[:room], view[max(room, 1) :]]
        self._taken_back = 0
        self._socket, theirs = socket.socketpair()
        # An interrupt is for the process that was asked to do all of it.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process = os.fork()
            if self._process == 0:
                try:
                    _serve(theirs, work, self._halves)
                finally:
                    os._exit(0)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        theirs.close()

    def hand_out(self, task: object, folders: Sequence[int]) -> None:
        with suppress(OSError):  # That it is gone shows when the task is taken back.
            _send(self._socket, task, folders)

    def take_back(self) -> tuple[Any, memoryview]:
        left = self._halves[self._taken_back % _TASKS_AHEAD]
        self._taken_back += 1
        try:
            return marshal.loads(_receive(self._socket)[0]), left  # noqa: S302 - our own process
        except (OSError, EOFError):
            return None, left

    def close(self) -> None:
        self._socket.close()
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)


def _serve(tasks: socket.socket, work: Work, halves: list[memoryview]) -> None:
    """Do tasks until there are no more. Never returns to what the fork interrupted."""
    gc.disable()
    _keep_open(tasks.fileno())
    done = 0
    with suppress(OSError, EOFError):
        while True:
            data, folders = _receive(tasks)
            answer = work(marshal.loads(data), folders, halves[done % _TASKS_AHEAD])  # noqa: S302
            for folder in folders:
                os.close(folder)
            _send(tasks, answer)
            done += 1


def _keep_open(wanted: int) -> None:
    """Close everything else: locks and the other members' sockets must not outlive the command."""
    os.closerange(3, wanted)
    os.closerange(wanted + 1, os.sysconf("SC_OPEN_MAX"))


def _send(end: socket.socket, message: Any, folders: Sequence[int] = ()) -> None:
    data = marshal.dumps(message)
    frame = len(data).to_bytes(_FRAME, "little") + data
    sent = socket.send_fds(end, [frame], list(folders))
    if sent < len(frame):
        end.sendall(memoryview(frame)[sent:])


def _receive(end: socket.socket) -> tuple[bytes, list[int]]:
    """Return a message, and the folders that came with it.

    Raises:
        EOFError: There are no more.
    """
    begin, folders, _flags, _address = socket.recv_fds(end, _FRAME, MOST_FOLDERS)
    length = int.from_bytes(_exactly(end, _FRAME, begin), "little")
    return _exactly(end, length), list(folders)


def _exactly(end: socket.socket, size: int, begin: bytes = b"") -> bytes:
    pieces, missing = [begin], size - len(begin)
    while missing:
        piece = end.recv(missing)
        if not piece:
            raise EOFError
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
