"""Remembering the stat of files that were just written, once it says something."""

import time

from dvclite.files.clock import FileClock, is_settled, settling_time
from dvclite.files.staging import Staging
from dvclite.statcache import UNSETTLED, Update, row, signature
from dvclite.tree import Entry
from dvclite.workspace.place import Place

_TOGETHER = 1000
_LONGEST_WAIT = 0.1


class Settling:
    """Files of ours that are too young for their stat to be trusted.

    A later change could carry the same time, so their stats are taken some files later, and those
    of the last files after a wait of some milliseconds, where the clock is that fine.
    """

    def __init__(self, place: Place, staging: Staging, update: Update) -> None:
        """Take stats in `place` and put them into `update`."""
        self._place = place
        self._clock = FileClock(staging)
        self._update = update
        self._young: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Remember what was just written to the path of an entry."""
        self._young.append(entry)
        if len(self._young) >= 2 * _TOGETHER:
            self._remember(self._young[:_TOGETHER])
            del self._young[:_TOGETHER]

    def finish(self) -> None:
        """Remember the last of the files."""
        try:
            if self._young:
                folder, name = self._place.folder(self._young[-1].path.rstrip("/"))
                last = folder.lstat(name)
                if last is not None and settling_time(last) < _LONGEST_WAIT:
                    time.sleep(settling_time(last))
            self._remember(self._young)
        finally:
            self._clock.close()

    def _remember(self, entries: list[Entry]) -> None:
        now = self._clock.now()
        for entry in entries:
            folder, name = self._place.folder(entry.path.rstrip("/"))
            stat = folder.lstat(name)
            if stat is not None:
                signed = signature(stat) if is_settled(stat, now) else UNSETTLED
                self._update.put(row(entry.path, signed, entry))
