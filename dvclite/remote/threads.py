"""Threads that send parts of files."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

_Result = TypeVar("_Result")


class Threads(Generic[_Result]):
    """A few threads that do one thing after another.

    Unlike those of an executor they are not waited for when the interpreter ends: a part on its way
    to a server that stands still would keep the user waiting.
    """

    def __init__(self, size: int, name: str) -> None:
        """Hire up to `size` threads, as they are needed."""
        self._size = size
        self._name = name
        self._waiting: queue.SimpleQueue[tuple[Future[_Result], Callable[[], _Result]] | None] = (
            queue.SimpleQueue()
        )
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def submit(self, work: Callable[[], _Result]) -> Future[_Result]:
        """Have something done when its turn comes."""
        future: Future[_Result] = Future()
        self._waiting.put((future, work))
        with self._lock:
            if len(self._threads) < self._size:
                thread = threading.Thread(target=self._live, name=self._name, daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def close(self) -> None:
        """Let the threads end when they have done what is left."""
        with self._lock:
            for _thread in self._threads:
                self._waiting.put(None)
            self._threads.clear()

    def _live(self) -> None:
        while (item := self._waiting.get()) is not None:
            future, work = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001  Whoever waits for it raises it again.
                future.set_exception(error)
