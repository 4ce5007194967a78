"""Proving whole packs that came from elsewhere, in another process where one can be had."""

import threading
from typing import Any

from dvclite.files.closing import Closing
from dvclite.files.crew import Crew, hired
from dvclite.pack.index import Entries
from dvclite.pack.reader import PackFile

_LARGE = 1 << 20
"""A smaller pack is proved in less time than it takes to find help."""

_SMALL = 32 << 10
"""Where entries have fewer bytes on average, it is the interpreter that takes the time."""

_PATIENCE = 0.01
"""Seconds after which one who waits for his turn looks whether the helper has time."""


class Proving(Closing):
    """Finds out whether packs are whole. Safe from many threads."""

    def __init__(self) -> None:
        """Ask nobody yet."""
        self._crew: Crew | None = None
        self._lock = threading.Lock()
        # Threads that fight for the interpreter take several times as long together.
        self._turn = threading.Lock()
        self._is_over = self._is_alone = False

    def is_whole(self, path: str, pack: str, entries: Entries) -> bool:
        """Say whether a file is the pack of a name, and all that is in it is what it says.

        Args:
            path: The file.
            pack: The name.
            entries: What its index says.

        Raises:
            OSError: It cannot be read.
        """
        with PackFile(path, pack) as file:
            if file.size < _LARGE:
                return _is_whole(file, entries)
            answer = self._ask(path, pack)
            if answer is not None:
                return answer
            if file.size >= _SMALL * len(entries):
                return _is_whole(file, entries)
            while not self._turn.acquire(timeout=_PATIENCE):
                answer = self._ask(path, pack)
                if answer is not None:
                    return answer
                if self._is_over:
                    return False
            try:
                return _is_whole(file, entries)
            finally:
                self._turn.release()

    def close(self) -> None:
        """Send the helper home at once, even if a thread still waits for its answer."""
        self._is_over = True
        if self._crew is not None:
            self._crew.end()
        with self._lock:
            if self._crew is not None:
                self._crew.close()
                self._crew = None

    def _ask(self, path: str, pack: str) -> bool | None:
        """Return what the helper says; None where there is none, or it has other things to do."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            if self._crew is None and not self._is_over and not self._is_alone:
                self._crew = hired(_prove, most=1)
                self._is_alone = self._crew is None
            # Asked once more: either it shows here that all is over, or there that somebody came.
            if self._crew is None or self._crew.is_busy or self._is_over:
                return None
            self._crew.hand_out((path, pack))
            answer: bool | None = self._crew.take_back()[0]
            return answer
        finally:
            self._lock.release()


def _prove(task: Any, _room: memoryview) -> bool:
    with PackFile(*task) as file:
        return _is_whole(file, file.entries())


def _is_whole(file: PackFile, entries: Entries) -> bool:
    return not any(file.find_damage(entries))
