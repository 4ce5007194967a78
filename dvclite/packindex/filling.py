"""Filling a database with the rows of packs that were learned of.

A cache and a remote hold the same packs, as a rule, each with a database of its own. Rows that one
of them has are copied for the other, which takes a fifth of the time of making them.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from dvclite.pack.index import Entries

_REST = Struct(">BII")
_NAME = Struct(">qqBII")
_KEY_DIGITS = 12


class New(NamedTuple):
    """A pack that was learned of, whose rows are made when somebody needs them."""

    pack: str
    size: int
    entries: Entries


def key_of_row(pack: str) -> int:
    """Return a short name of a pack, in place of its long one."""
    return int(pack[:_KEY_DIGITS], 16)


@contextmanager
def beside(
    connection: sqlite3.Connection, path: Path | None, version: int, new: Sequence[New]
) -> Iterator[list[New]]:
    """Have another database at hand in the block, to copy from.

    Args:
        connection: Where to attach it.
        path: The database, which need not exist.
        version: Of the schema that it must have.
        new: Packs that were learned of.

    Yields:
        Those of the packs whose rows are to be copied.
    """
    alike: list[New] = []
    if path is not None and new and path.exists():
        # All that is in it can be made anew.
        with suppress(sqlite3.Error, UnicodeDecodeError):
            uri = f"{path.absolute().as_uri()}?mode=ro"
            connection.execute("ATTACH DATABASE ? AS beside", (uri,))
            alike = _worth_copying(connection, version, new)
    if not alike:
        _detach(connection)
    try:
        yield alike
    finally:
        _detach(connection)


def fill(
    connection: sqlite3.Connection, schema: str, new: Sequence[New], alike: Sequence[New] = ()
) -> None:
    """Insert the rows of packs.

    Args:
        connection: Has the database attached as `schema`.
        schema: Its name there.
        new: The packs.
        alike: Those of them whose rows are to be copied.
    """
    if alike and _copy(connection, schema, alike):
        copied = {one.pack for one in alike}
        _insert(connection, schema, [one for one in new if one.pack not in copied])
    else:
        _insert(connection, schema, new)
    connection.executemany(
        f"INSERT OR REPLACE INTO {schema}.packs VALUES (?, ?, ?)",  # noqa: S608 - ours
        [(key_of_row(one.pack), one.pack, one.size) for one in new],
    )


def _worth_copying(connection: sqlite3.Connection, version: int, new: Sequence[New]) -> list[New]:
    (found,) = connection.execute("PRAGMA beside.user_version").fetchone()
    if found != version:
        return []
    there = dict(connection.execute("SELECT id, size FROM beside.packs").fetchall())
    alike = [one for one in new if there.get(one.pack) == one.size]
    # The rows of a pack lie everywhere, so that all rows must be looked at.
    if len(alike) * 2 < len(there):
        return []
    # Copying would spread what is wrong with it.
    faults = connection.execute("PRAGMA beside.integrity_check(1)").fetchall()
    return alike if faults == [("ok",)] else []


def _detach(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.OperationalError):  # There is none.
        connection.execute("DETACH DATABASE beside")


def _copy(connection: sqlite3.Connection, schema: str, packs: Sequence[New]) -> bool:
    """Copy the rows of packs from the other database; return whether it had all of them."""
    keys = ", ".join(str(key_of_row(one.pack)) for one in packs)
    copied = connection.execute(
        f"INSERT OR REPLACE INTO {schema}.entries"  # noqa: S608 - ours
        f" SELECT * FROM beside.entries WHERE pack IN ({keys})"
    ).rowcount
    if copied == sum(len(one.entries) for one in packs):
        return True
    connection.execute(f"DELETE FROM {schema}.entries WHERE pack IN ({keys})")  # noqa: S608
    return False


def _insert(connection: sqlite3.Connection, schema: str, packs: Sequence[New]) -> None:
    keys = [key_of_row(one.pack) for one in packs]
    # Sorted as bytes, since a million tuples of numbers take a fifth of a gigabyte.
    names = [
        short + _REST.pack(kind, place, number)
        for place, one in enumerate(packs)
        for number, (kind, short) in enumerate(one.entries.short_names())
    ]
    names.sort()
    connection.executemany(
        f"INSERT OR REPLACE INTO {schema}.entries VALUES (?, ?, ?, ?, ?)",  # noqa: S608 - ours
        (
            (first, second, kind, keys[place], number)
            for first, second, kind, place, number in map(_NAME.unpack, names)
        ),
    )
