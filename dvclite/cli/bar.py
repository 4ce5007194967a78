"""The progress bar: one line on a terminal, for work that takes longer than a second."""

import os
import threading
import time
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TextIO

from dvclite.cli.text import count, size

_APPEARS_AFTER = 1.0
_BETWEEN_DRAWINGS = 0.1
_RATE_OVER = 5.0
_WIDTH = 20


@dataclass(slots=True)
class _Work:
    """A piece of work, and how far it has come."""

    label: str
    files: int | None
    size: int | None
    began: float
    files_done: int = 0
    size_done: int = 0


class Bar:
    """Draws the piece of work begun last, a few times a second, from a thread of its own.

    Workers only count, so that a million small files are not slowed down; work that stands still
    shows that it does.
    """

    def __init__(self, stream: TextIO, *, appears_after: float = _APPEARS_AFTER) -> None:
        self._stream = stream
        self._appears_at = time.monotonic() + appears_after
        self._lock = threading.Lock()
        self._works: list[_Work] = []
        self._past: deque[tuple[float, int, int]] = deque()
        self._drawn = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._draw_on, name="dvclite-bar", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        self.hide()

    def start(self, label: str, *, files: int | None = None, size: int | None = None) -> None:
        """Begin a piece of work."""
        with self._lock:
            self._works.append(_Work(label, files, size, time.monotonic()))
            self._past.clear()

    def advance(self, *, files: int = 0, size: int = 0) -> None:
        """Count what is done."""
        with self._lock:
            if self._works:
                self._works[-1].files_done += files
                self._works[-1].size_done += size

    def finish(self) -> None:
        """End the piece of work begun last."""
        with self._lock:
            if self._works:
                self._works.pop()
            self._past.clear()

    def hide(self) -> None:
        """Wipe the line, so that something else may be printed."""
        with self._lock:
            self._write("")

    def _draw_on(self) -> None:
        while not self._ended.wait(_BETWEEN_DRAWINGS):
            now = time.monotonic()
            if now >= self._appears_at:
                with self._lock:
                    self._write(self._line(now) if self._works else "")

    def _line(self, now: float) -> str:
        work = self._works[-1]
        self._past.append((now, work.files_done, work.size_done))
        while len(self._past) > 2 and self._past[1][0] < now - _RATE_OVER:
            self._past.popleft()
        since, files, size_before = self._past[0] if len(self._past) > 1 else (work.began, 0, 0)
        seconds = max(now - since, _BETWEEN_DRAWINGS)
        rates = ((work.files_done - files) / seconds, (work.size_done - size_before) / seconds)
        return describe(
            work.label, (work.files_done, work.files), (work.size_done, work.size), rates
        )

    def _write(self, line: str) -> None:
        """Draw over what was drawn last. Blanks and not escapes: every terminal knows those."""
        line = line[: _columns() - 1]
        if not line and not self._drawn:
            return
        try:
            self._stream.write("\r" + line.ljust(self._drawn) + ("" if line else "\r"))
            self._stream.flush()
        except (OSError, ValueError):
            # The terminal is gone; the work goes on without being watched.
            self._ended.set()
        self._drawn = len(line)


def describe(
    label: str,
    files: tuple[int, int | None],
    sizes: tuple[int, int | None],
    rates: tuple[float, float],
) -> str:
    """Return a line about a piece of work.

    Args:
        label: What is done.
        files: How many files are done, and how many there are where that is known.
        sizes: The same in bytes.
        rates: Files and bytes a second.
    """
    parts = [label]
    done, total, rate = (*sizes, rates[1]) if sizes[1] else (*files, rates[0])
    if total:
        share = min(max(done / total, 0), 1)
        filled = int(share * _WIDTH)
        parts.append(f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {int(share * 100):3d} %")
    if sizes[0] or sizes[1]:
        parts.append(_of(size(sizes[0]), size(sizes[1]) if sizes[1] else ""))
    if files[0] or files[1]:
        parts.append(
            _of(f"{files[0]:,}", count(files[1], "file")) if files[1] else count(files[0], "file")
        )
    if rates[1] > 0:
        parts.append(f"{size(rates[1])}/s")
    elif rates[0] > 0:
        parts.append(f"{rates[0]:,.0f} files/s")
    if total and rate > 0 and done < total:
        parts.append(f"{duration((total - done) / rate)} left")
    return "  ".join(parts)


def duration(seconds: float) -> str:
    """Return a time as `0:07`, `12:34`, `3:02:01`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _of(done: str, total: str) -> str:
    return f"{done} of {total}" if total else done


def _columns() -> int:
    try:
        return os.get_terminal_size(2).columns or 80
    except OSError:
        return 80
