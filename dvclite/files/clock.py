"""The file system's own clock, and how fine it is."""

import functools
import os
import sys
import time

from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.staging import Staging

_SECOND = 1_000_000_000
_COARSE = 2 * _SECOND
_LEAST = 10_000_000


class FileClock:
    """Tells the time as the file system stamps it on files, which may be another machine's time.

    A stat says that a file is unchanged only if no later change could carry the same time. So a
    stat is worth remembering if the file's times lie further back than the clock's grain: see
    git's technical document on the "racy git" problem.
    """

    def __init__(self, staging: Staging) -> None:
        """Read the clock off a file in `staging`."""
        self._staging = staging
        self._path: str | None = None

    def now(self) -> int:
        """Return the present in nanoseconds, as the file system has it."""
        if self._path is None:
            self._path = self._staging.new_path()
            changes.close(changes.create(self._path))
        changes.touch(self._path)
        return os.stat(self._path).st_mtime_ns

    def close(self) -> None:
        """Remove the file that the clock is read off."""
        if self._path is not None:
            discard(self._path)
            self._path = None


def is_settled(stat: os.stat_result, now: int) -> bool:
    """Say whether a change after `now` would show in a file's times.

    Args:
        stat: Taken at `now` or later.
        now: In nanoseconds, by the file system's clock.
    """
    return is_settled_at(stat.st_mtime_ns, stat.st_ctime_ns, now)


def is_settled_at(modified: int, changed: int, now: int) -> bool:
    """Say what `is_settled` does of a file with these times, all in nanoseconds."""
    return max(modified, changed) + _grain(modified, changed) < now


def settling_time(stat: os.stat_result) -> float:
    """Return after how many seconds a file that was just written has settled."""
    return 1.5 * _grain(stat.st_mtime_ns, stat.st_ctime_ns) / _SECOND


def _grain(modified: int, changed: int) -> int:
    # A time without a fraction comes from a file system that keeps whole seconds or two of them.
    if modified % _SECOND == 0 or changed % _SECOND == 0:
        return _COARSE
    return max(_LEAST, int(2 * _tick() * _SECOND))


@functools.cache
def _tick() -> float:
    coarse = getattr(time, "CLOCK_REALTIME_COARSE", None)
    if sys.platform == "win32" or coarse is None:
        return 0.016
    return time.clock_getres(coarse)
