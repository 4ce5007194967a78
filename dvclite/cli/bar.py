"""The progress bar: a line on a terminal for work that takes longer than a second.

Below it stand the large files that are on their way for longer than a moment.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TextIO

from dvclite.cli.frame import Frame, ending
from dvclite.cli.text import count, more, printable, size

_APPEARS_AFTER = 1.0
_BETWEEN_DRAWINGS = 0.1
_RATE_OVER = 5.0
_WIDTH = 20

_SLOW_AFTER = 2.0
_MOST_SHOWN = 4
_SHORTEST_NAME = 12


@dataclass(slots=True)
class _Course:
    """How far something has come, and how fast.

    `past` holds when it was looked at lately, and how many files and bytes were done then.
    """

    began: float
    files: int = 0
    size: int = 0
    past: deque[tuple[float, int, int]] = field(default_factory=deque)

    def rates(self, now: float) -> tuple[float, float]:
        """Return files and bytes a second in the last few seconds."""
        self.past.append((now, self.files, self.size))
        while len(self.past) > 2 and self.past[1][0] < now - _RATE_OVER:
            self.past.popleft()
        since, files, size_before = self.past[0] if len(self.past) > 1 else (self.began, 0, 0)
        seconds = max(now - since, _BETWEEN_DRAWINGS)
        return (self.files - files) / seconds, (self.size - size_before) / seconds


@dataclass(slots=True)
class _Work:
    """A piece of work."""

    label: str
    files: int | None
    size: int | None
    done: _Course


class _Transfer:
    """A large file on its way."""

    def __init__(self, bar: "Bar", name: str, size: int) -> None:
        self.name = name
        self.size = size
        self.done = _Course(time.monotonic())
        self._bar = bar

    def advance(self, size: int) -> None:
        """Count what has moved."""
        self._bar.advance_transfer(self, size)

    def finish(self) -> None:
        """End it."""
        self._bar.finish_transfer(self)


class Bar:
    """Draws the piece of work begun last, a few times a second, from a thread of its own.

    Workers only count, so that a million small files are not slowed down; work that stands still
    shows that it does.
    """

    def __init__(self, stream: TextIO, *, appears_after: float = _APPEARS_AFTER) -> None:
        self._frame = Frame(stream)
        self._appears_at = time.monotonic() + appears_after
        self._lock = threading.Lock()
        self._works: list[_Work] = []
        self._transfers: dict[int, _Transfer] = {}
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
            self._works.append(_Work(label, files, size, _Course(time.monotonic())))

    def advance(self, *, files: int = 0, size: int = 0) -> None:
        """Count what is done."""
        with self._lock:
            if self._works:
                self._works[-1].done.files += files
                self._works[-1].done.size += size

    def finish(self) -> None:
        """End the piece of work begun last."""
        with self._lock:
            if self._works:
                self._works.pop()

    def begin_transfer(self, name: str, size: int) -> _Transfer:
        """Take note of a large file that sets out."""
        transfer = _Transfer(self, name, size)
        with self._lock:
            self._transfers[id(transfer)] = transfer
        return transfer

    def advance_transfer(self, transfer: _Transfer, size: int) -> None:
        """Count what has moved of a large file."""
        with self._lock:
            transfer.done.size += size

    def finish_transfer(self, transfer: _Transfer) -> None:
        """Take note that a large file is not on its way any more."""
        with self._lock:
            self._transfers.pop(id(transfer), None)

    def hide(self) -> None:
        """Wipe off what is drawn, so that something else may be printed."""
        with self._lock:
            self._frame.draw([])

    def _draw_on(self) -> None:
        while not self._ended.wait(_BETWEEN_DRAWINGS):
            now = time.monotonic()
            if now >= self._appears_at:
                with self._lock:
                    self._frame.draw(self._lines(now) if self._works else [])
            if self._frame.is_gone:
                return  # The work goes on without being watched.

    def _lines(self, now: float) -> list[str]:
        columns, lines = self._frame.size()
        return [self._line(now), *self._slow(now, columns, min(_MOST_SHOWN, lines - 2))]

    def _line(self, now: float) -> str:
        work = self._works[-1]
        done = work.done
        return describe(
            work.label, (done.files, work.files), (done.size, work.size), done.rates(now)
        )

    def _slow(self, now: float, columns: int, most: int) -> list[str]:
        """Return lines about the large files that take their time, the oldest first."""
        slow = [
            transfer
            for transfer in self._transfers.values()
            if now - transfer.done.began >= _SLOW_AFTER and transfer.done.size < transfer.size
        ]
        lines = [
            describe_transfer(transfer.name, transfer.done.size, transfer.size, rate, columns)
            for transfer in slow
            for _files, rate in [transfer.done.rates(now)]
        ]
        if most < 1 or not all(lines):
            return []
        return lines[:most] + ([f"  {more(len(lines) - most)}"] if len(lines) > most else [])


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


def describe_transfer(name: str, done: int, total: int, rate: float, columns: int) -> str:
    """Return a line about a large file on its way; nothing if there is no room for its name.

    Args:
        name: Its path: of a long one the end is shown.
        done: How many bytes have moved.
        total: How many it has.
        rate: Bytes a second.
        columns: How long the line may be.
    """
    share = min(max(done / total, 0), 1)
    facts = f"  {int(share * 100):3d} %  {f'{size(max(rate, 0))}/s':>10}  "
    room = columns - len(facts)
    return facts + ending(printable(name), room) if room >= _SHORTEST_NAME else ""


def duration(seconds: float) -> str:
    """Return a time as `0:07`, `12:34`, `3:02:01`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _of(done: str, total: str) -> str:
    return f"{done} of {total}" if total else done
