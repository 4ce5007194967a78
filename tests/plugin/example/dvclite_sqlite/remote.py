"""Bytes under keys in one SQLite database."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from dvclite.errors import KeyExistsError, KeyMissingError, RemoteSetupError, RemoteUnavailableError
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.remote import OnBytes, RemoteEntry, ignore_bytes

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS things (key TEXT PRIMARY KEY, id INTEGER UNIQUE, size INTEGER);
    CREATE TABLE IF NOT EXISTS pieces (id INTEGER, number INTEGER, data BLOB, PRIMARY KEY (id, number));
"""
_PIECE = 1 << 20
_PAGE = 1000
_AFTER_ALL_KEYS = "\x7f"
_SETUP = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_READONLY)


class SQLiteRemote:
    """Keeps the contract of `dvclite.remote`. One connection a call: any thread may call."""

    def __init__(self, url: str, path: str, timeout: float = 60.0) -> None:
        self.url = url
        self._path = path
        self._timeout = timeout

    def stat(self, key: str) -> int | None:
        """Return the size of what `key` holds, or None if it is absent."""
        with self._transaction("DEFERRED") as database:
            found = _found(database, key)
        return None if found is None else found[1]

    def list(self, prefix: str) -> Iterator[RemoteEntry]:
        """Yield every key that begins with `prefix`, a page at a time."""
        query = "SELECT key, size FROM things WHERE key >= ? AND key > ? AND key < ? ORDER BY key LIMIT ?"
        last = ""
        while True:
            with self._transaction("DEFERRED") as database:
                values = (prefix, last, prefix + _AFTER_ALL_KEYS, _PAGE)
                page = database.execute(query, values).fetchall()
            yield from (RemoteEntry(key, size) for key, size in page)
            if len(page) < _PAGE:
                return
            last = page[-1][0]

    def put(
        self, key: str, source: Path, *, if_absent: bool = False, moved: OnBytes = ignore_bytes
    ) -> None:
        """Store the content of the file `source` under `key`, in one transaction."""
        with source.open("rb") as file, self._transaction("IMMEDIATE") as database:
            found = _found(database, key)
            if found is not None and if_absent:
                raise KeyExistsError(self.url, key)
            _delete(database, key)
            (number,) = database.execute("SELECT coalesce(max(id), 0) + 1 FROM things").fetchone()
            size = 0
            while data := file.read(_PIECE):
                piece = (number, size // _PIECE, data)
                database.execute("INSERT INTO pieces VALUES (?, ?, ?)", piece)
                size += len(data)
                moved(len(data))
            database.execute("INSERT INTO things VALUES (?, ?, ?)", (key, number, size))

    def get(self, key: str, target: Path, *, moved: OnBytes = ignore_bytes) -> None:
        """Write what `key` holds to the file `target`."""
        with self._transaction("DEFERRED") as database:
            number, _ = self._expected(database, key)
            discard(str(target))
            fd = changes.create(str(target))
            try:
                for data in _pieces(database, number, 0):
                    changes.write(fd, data)
                    moved(len(data))
            finally:
                changes.close(fd)

    def read(self, key: str, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset` on; a negative one counts from the end."""
        with self._transaction("DEFERRED") as database:
            number, size = self._expected(database, key)
            begin = max(0, size + offset) if offset < 0 else offset
            first = begin // _PIECE
            wanted = begin + length - first * _PIECE
            read = bytearray()
            for data in _pieces(database, number, first):
                read += data
                if len(read) >= wanted:
                    break
        return bytes(read[begin - first * _PIECE : wanted])

    def delete(self, keys: Iterable[str]) -> None:
        """Make every one of `keys` absent."""
        with self._transaction("IMMEDIATE") as database:
            for key in keys:
                _delete(database, key)

    def close(self) -> None:
        """Nothing is held open."""

    def _expected(self, database: sqlite3.Connection, key: str) -> tuple[int, int]:
        found = _found(database, key)
        if found is None:
            raise KeyMissingError(self.url, key)
        return found

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[sqlite3.Connection]:
        try:
            with closing(
                sqlite3.connect(self._path, self._timeout, isolation_level=None)
            ) as database:
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = FULL")
                database.executescript(_SCHEMA)
                database.execute(f"BEGIN {kind}")
                with database:  # what raises is rolled back, an interruption too
                    yield database
        except sqlite3.Error as error:
            if error.sqlite_errorcode in _SETUP:
                raise RemoteSetupError(
                    self.url, f"there is no database that can be used ({error})"
                ) from error
            raise RemoteUnavailableError(self.url, str(error), hint="try again") from error


def _found(database: sqlite3.Connection, key: str) -> tuple[int, int] | None:
    found: tuple[int, int] | None = database.execute(
        "SELECT id, size FROM things WHERE key = ?", (key,)
    ).fetchone()
    return found


def _pieces(database: sqlite3.Connection, number: int, first: int) -> Iterator[bytes]:
    query = "SELECT data FROM pieces WHERE id = ? AND number >= ? ORDER BY number"
    for (data,) in database.execute(query, (number, first)):
        yield data


def _delete(database: sqlite3.Connection, key: str) -> None:
    database.execute("DELETE FROM pieces WHERE id = (SELECT id FROM things WHERE key = ?)", (key,))
    database.execute("DELETE FROM things WHERE key = ?", (key,))
