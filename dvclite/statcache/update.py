"""What a command learns of outputs, until it may enter the stat cache."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from dvclite import database
from dvclite.files.closing import Closing
from dvclite.hashing import Oid
from dvclite.statcache.rows import SCHEMA, Row, Stored, bounds, path_key, stored

_MOST_IN_MEMORY = 125_000

_Waiting = Stored | tuple[bytes, None, None, None]
"""A row that goes in, or the key of one that goes."""


class Update(Closing):
    """Rows that wait until what they tell of is durable.

    They wait in memory, or where they are too many in a private database that spills to disk, and
    enter the stat cache in one short transaction. An update that is not committed changes nothing.
    """

    def __init__(self, path: Path, stamps: Mapping[bytes, int] | None) -> None:
        """Collect rows for the stat cache at `path`.

        Args:
            path: The database.
            stamps: Those of its outputs before any of its rows was looked at, if they are known.
        """
        self._path = path
        self._stamps = stamps
        self._rows: list[_Waiting] = []
        self._is_lost = self._has_spilled = False
        self._waiting = sqlite3.connect("", isolation_level=None)
        self._waiting.execute("PRAGMA journal_mode = OFF")
        self._waiting.execute("CREATE TABLE files (path, signature, content, seal)")

    def put(self, row: Row) -> None:
        """Remember what a path holds."""
        self._wait([stored(row)])

    def put_stored(self, rows: Iterable[Stored]) -> None:
        """Remember what paths hold, by rows that are in their written form already."""
        self._wait(rows)

    def drop(self, path: str) -> None:
        """Remember nothing of a path any more."""
        self._wait([(path_key(path), None, None, None)])

    def commit(self, wholes: Mapping[str, Oid | None], *, afresh: Collection[str] = ()) -> None:
        """Make the stat cache remember what was collected, if it can.

        Each row is true by itself. What all rows of an output stand for is only remembered if
        those that are there already are the ones that were there when this update began.

        Args:
            wholes: By the paths of the outputs that rows were collected of, what all their rows
                stand for after this; None for no known whole.
            afresh: Those outputs of which older rows go first.
        """
        if self._has_spilled:
            self._spill()
        connection = self._waiting

        def write() -> None:
            stamps = dict(connection.execute("SELECT path, stamp FROM kept.outputs"))
            for output in afresh:
                forget(connection, output)
            connection.executemany("DELETE FROM kept.files WHERE path = ?", self._dropped())
            connection.executemany(
                "INSERT OR REPLACE INTO kept.files VALUES (?, ?, ?, ?)",
                (row for row in self._rows if row[3] is not None),
            )
            if self._has_spilled:
                _take_over(connection)
            for output, oid in wholes.items():
                key = path_key(output)
                known = self._stamps is not None and stamps.get(key) == self._stamps.get(key)
                _set_whole(connection, output, oid if known or output in afresh else None)

        if not self._is_lost:
            database.write_into(self._path, SCHEMA, connection, write)

    def _wait(self, rows: Iterable[_Waiting]) -> None:
        self._rows.extend(rows)
        if len(self._rows) >= _MOST_IN_MEMORY:
            self._spill()

    def _dropped(self) -> Iterator[tuple[bytes]]:
        return ((path,) for path, _signature, _content, seal in self._rows if seal is None)

    def _spill(self) -> None:
        self._has_spilled = True
        try:
            self._waiting.execute("BEGIN")
            self._waiting.executemany("INSERT INTO files VALUES (?, ?, ?, ?)", self._rows)
            self._waiting.execute("COMMIT")
        except sqlite3.Error:
            self._is_lost = True  # Where the system keeps temporary files is no room, perhaps.
        self._rows.clear()

    def close(self) -> None:
        """Give up what was not committed."""
        self._waiting.close()


def _take_over(connection: sqlite3.Connection) -> None:
    """Move what has spilled into the stat cache."""
    connection.execute(
        "DELETE FROM kept.files WHERE path IN (SELECT path FROM files WHERE seal IS NULL)"
    )
    connection.execute(
        "INSERT OR REPLACE INTO kept.files SELECT * FROM files WHERE seal IS NOT NULL"
    )


def _set_whole(connection: sqlite3.Connection, output: str, oid: Oid | None) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO kept.outputs SELECT ?, ?, count(*), random() FROM kept.files"
        " WHERE path = ? OR (path > ? AND path < ?)",
        (path_key(output), oid or "", *bounds(output)),
    )
    # Another version may have an output above or below this one: they share rows.
    above = [path_key(output[:place]) for place, letter in enumerate(output) if letter == "/"]
    marks = ", ".join("?" * len(above))
    connection.execute(
        "UPDATE kept.outputs SET oid = '', stamp = random()"  # noqa: S608 - marks alone
        f" WHERE path > ? AND path < ? OR path IN ({marks})",
        (*bounds(output)[1:], *above),
    )


def forget(connection: sqlite3.Connection, path: str) -> None:
    """Remove all rows of an output from the stat cache that is attached as `kept`."""
    connection.execute(
        "DELETE FROM kept.files WHERE path = ? OR (path > ? AND path < ?)", bounds(path)
    )
    connection.execute("DELETE FROM kept.outputs WHERE path = ?", (path_key(path),))
