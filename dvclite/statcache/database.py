"""The database file: made, attached, and thrown away when it is damaged."""

import sqlite3
from collections.abc import Callable
from os import fsencode
from pathlib import Path

_VERSION = 2
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS kept.files"
    " (path BLOB PRIMARY KEY, signature BLOB, content BLOB, seal INTEGER) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS kept.outputs"
    " (path BLOB PRIMARY KEY, oid TEXT, files INTEGER, stamp INTEGER) WITHOUT ROWID",
    f"PRAGMA kept.user_version = {_VERSION}",
)
# What says nothing of the database itself.
_NOT_ITS_FAULT = frozenset(
    {
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)
_PAGE = 16 << 10

PATIENCE = 10.0
"""How long to wait for other processes, in seconds."""

TOGETHER = 1000
"""How many rows to give to SQLite, or to take from it, at once."""


def write_into(path: Path, connection: sqlite3.Connection, write: Callable[[], None]) -> None:
    """Run `write` in a transaction on the stat cache at `path`, attached as `kept`.

    A database that is damaged is made anew. One that is locked for long, or cannot be written,
    is left as it is: the files themselves are the truth.
    """
    for _attempt in range(2):
        try:
            _attach(path, connection)
            connection.execute("BEGIN IMMEDIATE")
            write()
            connection.execute("COMMIT")
            return
        except (sqlite3.Error, UnicodeDecodeError) as error:
            # UnicodeDecodeError: a damaged schema may be quoted in the message.
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_NOTADB)
            _detach(connection)
            if code & 0xFF in _NOT_ITS_FAULT or not _remove(path):
                return


def _attach(path: Path, connection: sqlite3.Connection) -> None:
    connection.execute("ATTACH DATABASE ? AS kept", (fsencode(path),))
    connection.execute(f"PRAGMA busy_timeout = {int(PATIENCE * 1000)}")
    # Derived data need not survive a power cut, and sealed rows tell when they did not.
    connection.execute("PRAGMA kept.synchronous = OFF")
    (version,) = connection.execute("PRAGMA kept.user_version").fetchone()
    if version not in (0, _VERSION):
        raise sqlite3.DatabaseError("a stat cache of another version")
    if version == 0:
        connection.execute(f"PRAGMA kept.page_size = {_PAGE}")
        connection.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute("COMMIT")


def _detach(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    if any(name == "kept" for _, name, _ in connection.execute("PRAGMA database_list")):
        connection.execute("DETACH DATABASE kept")


def _remove(path: Path) -> bool:
    """Throw a damaged database away; return whether that was possible."""
    try:
        path.unlink(missing_ok=True)
        path.with_name(path.name + "-journal").unlink(missing_ok=True)
    except OSError:
        return False
    return True
