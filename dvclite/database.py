"""Databases of what can be made again: made, attached, and thrown away when they are damaged."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from os import fsencode
from pathlib import Path

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


@dataclass(frozen=True, slots=True)
class Schema:
    """What is in a database.

    Attributes:
        version: A database of another version is made anew.
        statements: Make the tables, in a database that is attached as `kept`.
    """

    version: int
    statements: tuple[str, ...]


def write_into(
    path: Path, schema: Schema, connection: sqlite3.Connection, write: Callable[[], None]
) -> bool:
    """Run `write` in a transaction on the database at `path`, attached as `kept` meanwhile.

    A database that is damaged is made anew. One that is locked for long, or cannot be written,
    is left as it is, and makes no error: others are the truth that it is made from.

    Returns:
        Whether it was written.
    """
    for _attempt in range(2):
        try:
            _attach(path, schema, connection)
            connection.execute("BEGIN IMMEDIATE")
            write()
            connection.execute("COMMIT")
            detach(connection)
            return True
        except (sqlite3.Error, UnicodeDecodeError) as error:
            detach(connection)
            if not is_damaged(error) or not remove(path):
                return False
    return False


def is_damaged(error: Exception) -> bool:
    """Say whether an error tells that a database is damaged, or of no use."""
    # UnicodeDecodeError: a damaged schema may be quoted in the message.
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_NOTADB)
    return code & 0xFF not in _NOT_ITS_FAULT


def _attach(path: Path, schema: Schema, connection: sqlite3.Connection) -> None:
    connection.execute("ATTACH DATABASE ? AS kept", (fsencode(path),))
    connection.execute(f"PRAGMA busy_timeout = {int(PATIENCE * 1000)}")
    # It need not survive a power cut, but has to tell when it did not.
    connection.execute("PRAGMA kept.synchronous = OFF")
    (version,) = connection.execute("PRAGMA kept.user_version").fetchone()
    if version not in (0, schema.version):
        raise sqlite3.DatabaseError("a database of another version")
    if version == 0:
        connection.execute(f"PRAGMA kept.page_size = {_PAGE}")
        connection.execute("BEGIN IMMEDIATE")
        for statement in schema.statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA kept.user_version = {schema.version}")
        connection.execute("COMMIT")


def detach(connection: sqlite3.Connection) -> None:
    """Let go of what is attached as `kept`, giving up a transaction that is not finished."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    if connection.execute("SELECT 1 FROM pragma_database_list WHERE name = 'kept'").fetchone():
        connection.execute("DETACH DATABASE kept")


def remove(path: Path) -> bool:
    """Throw a damaged database away; return whether that was possible."""
    try:
        path.unlink(missing_ok=True)
        path.with_name(path.name + "-journal").unlink(missing_ok=True)
    except OSError:
        return False
    return True
