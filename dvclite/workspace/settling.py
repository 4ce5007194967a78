"""Remembering the stat of files that were just written, once it says something."""

import os
import stat
import time
from collections import deque
from typing import NamedTuple

from dvclite.files.clock import FileClock, is_settled, settling_time
from dvclite.files.staging import Staging
from dvclite.statcache.rows import UNSETTLED, row, signature
from dvclite.statcache.update import Update
from dvclite.tree import Entry
from dvclite.workspace.place import Place

_TOGETHER = 100
_GROUPS_WAITING = 10
_LONGEST_WAIT = 0.1


class _Group(NamedTuple):
    """Files that were written one after the other.

    Attributes:
        entries: What was written to their paths.
        written_by: When the last of them was there, by the file system's clock.
    """

    entries: list[Entry]
    written_by: int


class Settling:
    """Files of ours that are too young for their stat to be trusted.

    A later change could carry the same time, so their stats are taken some files later, and those
    of the last files after a wait of some milliseconds, where the clock is that fine. A stat that
    tells of a change since they were written is not trusted either: somebody else made it.

    Attributes:
        found_size: How many bytes there are in files whose entries do not tell.
    """

    def __init__(self, place: Place, staging: Staging, update: Update) -> None:
        """Take stats in `place` and put them into `update`."""
        self._place = place
        self._clock = FileClock(staging)
        self._update = update
        self.found_size = 0
        self._writing: list[Entry] = []
        self._young: deque[_Group] = deque()

    def add(self, entry: Entry) -> None:
        """Remember what was just written to the path of an entry."""
        self._writing.append(entry)
        if len(self._writing) >= _TOGETHER:
            now = self._end_group()
            if len(self._young) > _GROUPS_WAITING:
                self._remember(self._young.popleft(), now)

    def finish(self) -> None:
        """Remember the last of the files."""
        try:
            if self._writing:
                self._end_group()
            if self._young:
                self._wait(self._young[-1].entries[-1])
                now = self._clock.now()
                while self._young:
                    self._remember(self._young.popleft(), now)
        finally:
            self._clock.close()

    def _end_group(self) -> int:
        now = self._clock.now()
        self._young.append(_Group(self._writing, now))
        self._writing = []
        return now

    def _wait(self, entry: Entry) -> None:
        folder, name = self._place.folder(entry.path.rstrip("/"))
        last = folder.lstat(name)
        if last is not None and settling_time(last) < _LONGEST_WAIT:
            time.sleep(settling_time(last))

    def _remember(self, group: _Group, now: int) -> None:
        for entry in group.entries:
            folder, name = self._place.folder(entry.path.rstrip("/"))
            found = folder.lstat(name)
            if found is not None:
                if entry.size < 0:
                    self.found_size += found.st_size
                ours = _is_ours(found, entry, group.written_by) and is_settled(found, now)
                signed = signature(found) if ours else UNSETTLED
                self._update.put(row(entry.path, signed, entry))


def _is_ours(found: os.stat_result, entry: Entry, written_by: int) -> bool:
    """Say whether nobody has changed a file since we wrote it."""
    if max(found.st_mtime_ns, found.st_ctime_ns) > written_by:
        return False
    return not stat.S_ISREG(found.st_mode) or entry.size in (-1, found.st_size)
