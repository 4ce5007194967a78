"""The stat cache as commands see it: queries, and the way to change it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from os import PathLike
from pathlib import Path

from dvclite import database
from dvclite.files.closing import Closing
from dvclite.hashing import Oid
from dvclite.statcache.rows import (
    FILES,
    OID_BEGINS,
    SCHEMA,
    Row,
    Stored,
    Whole,
    bounds,
    path_key,
    proved,
)
from dvclite.statcache.update import Update, forget

# Cast, so that a value of another type cannot keep the rows beside it from being read.
_COLUMNS = "path, CAST(signature AS BLOB), CAST(content AS BLOB), seal"


class StatCache(Closing):
    """Rows by path, in SQLite.

    Reading never creates or changes anything; writing happens in one transaction at the end of a
    command.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        """Use the database at `path`, which need not exist."""
        self._path = Path(path)
        self._reader: sqlite3.Connection | None = None

    def below(self, path: str) -> Iterator[Row]:
        """Yield the rows at `path` and below it, sorted."""
        return (row for stored in self.stored_below(path) for row in proved(stored))

    def stored_below(self, path: str) -> Iterator[list[Stored]]:
        """Yield the rows at `path` and below it, sorted, as they lie there: damaged ones too."""
        try:
            rows = self._read().execute(
                # Two ranges that are merged: with OR the database would sort all rows first.
                f"SELECT {_COLUMNS} FROM files WHERE path = ? UNION ALL"  # noqa: S608
                f" SELECT {_COLUMNS} FROM files WHERE path > ? AND path < ? ORDER BY path",
                bounds(path),
            )
            while together := rows.fetchmany(database.TOGETHER):
                yield together
        except sqlite3.Error:
            return

    def oids_below(self, path: str) -> Iterator[Oid]:
        """Yield the contents of the files whose rows are at `path` and below it.

        The rows are not looked at as closely as by `below`.
        """
        try:
            rows = self._read().execute(
                "SELECT CAST(substr(content, ?) AS TEXT) FROM files"
                " WHERE (path = ? OR (path > ? AND path < ?)) AND substr(content, 1, 1) IN (?, ?)",
                (OID_BEGINS + 1, *bounds(path), *FILES),
            )
            while together := rows.fetchmany(database.TOGETHER):
                yield from (oid for (oid,) in together)
        except (sqlite3.Error, UnicodeDecodeError):
            return

    def whole_at(self, path: str) -> Whole | None:
        """Return what the rows at and below the path of an output stand for, if that is known."""
        return next(
            (one for one in self._wholes("WHERE path = ?", path_key(path)) if one.oid), None
        )

    def outputs(self) -> list[Whole]:
        """Return the outputs that were last saved or restored here, sorted by path."""
        return self._wholes("ORDER BY path")

    def _wholes(self, which: str, *values: bytes) -> list[Whole]:
        try:
            found = self._read().execute(f"SELECT path, oid, files FROM outputs {which}", values)  # noqa: S608 - ours
            return [
                Whole(key.decode("utf-8", "surrogatepass"), Oid(oid), count)
                for key, oid, count in found
            ]
        except (sqlite3.Error, AttributeError, UnicodeDecodeError):
            return []

    def updating(self) -> Update:
        """Begin to collect what outputs hold from now on."""
        return Update(self._path, self._stamps())

    def forget(self, path: str) -> bool:
        """Remember nothing of an output any more; return whether that is so now."""
        self.close()
        if not self._path.exists():
            return True
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            return database.write_into(
                self._path, SCHEMA, connection, lambda: forget(connection, path)
            )

    def _stamps(self) -> dict[bytes, int] | None:
        """Return by output what changes whenever its rows do; None where nobody can tell."""
        if not os.path.exists(self._path):
            return {}
        try:
            (version,) = self._read().execute("PRAGMA user_version").fetchone()
            if version == 0:
                return {}  # Somebody is just making it.
            return dict(self._read().execute("SELECT path, stamp FROM outputs"))
        except (sqlite3.Error, TypeError, UnicodeDecodeError):
            return None

    def close(self) -> None:
        """Close the database."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _read(self) -> sqlite3.Connection:
        if self._reader is None:
            # A missing file raises like a damaged one. The URI keeps reading from creating it.
            self._reader = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=ro", uri=True, timeout=database.PATIENCE
            )
        return self._reader
