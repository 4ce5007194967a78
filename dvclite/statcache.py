"""The stat cache: what every file of an output held when it was last read or written.

A file whose stat is still the same goes unread. The rows at and below an output's path stand for
a whole tree; which one is remembered too, so that an unchanged directory is compared without
reading its tree.

All of it can be made again from the files: a stat cache that is missing, damaged, locked or not
writable costs time and nothing else. Every row is sealed with a hash of its own, since a damaged
database may well return a row that was never written.
"""

import os
import sqlite3
import struct
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from os import PathLike, fsencode, stat_result
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from xxhash import xxh3_64_intdigest

from dvclite.hashing import Oid
from dvclite.tree import Entry

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
_SIGNATURE = struct.Struct("<QQqqI")
_CONTENT = struct.Struct("<cq")
_PERMISSIONS_AND_TYPE = 0o170111
_WORD = (1 << 64) - 1
_HALF_WORD = _WORD >> 1
_FILES = (b"f", b"x")
# Makes a named tuple twice as fast as its class, which matters where a million are made.
_new = tuple.__new__
# Cast, so that a value of another type cannot keep the rows beside it from being read.
_COLUMNS = "path, CAST(signature AS BLOB), CAST(content AS BLOB), seal"
_PAGE = 16 << 10
_WAIT = 10.0
_TOGETHER = 1000

UNSETTLED = b""
"""The signature of a file whose stat says nothing yet: it matches none."""


class Row(NamedTuple):
    """What is remembered of one path.

    A NamedTuple, because a million of them pass by.

    Attributes:
        path: Relative to the repository's root.
        signature: Of the stat that goes with the content.
        content: The entry without its path, packed.
    """

    path: str
    signature: bytes
    content: bytes

    def entry(self, path: str) -> Entry:
        """Return what the path held, as the entry `path` of a tree."""
        return _unpack(path, self.content)


class Whole(NamedTuple):
    """What the rows at and below an output's path stand for together.

    Attributes:
        path: The output.
        oid: Its content; empty where that is not known for all of it.
        rows: How many rows there are: fewer that can be read means that the database is damaged.
    """

    path: str
    oid: Oid
    rows: int


def signature(stat: stat_result) -> bytes:
    """Return what of a stat changes whenever a file changes."""
    mode = stat.st_mode & _PERMISSIONS_AND_TYPE
    try:
        return _SIGNATURE.pack(stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, mode)
    except struct.error:
        # Windows has wider numbers for files, and a damaged file system times of other ages.
        modified, changed = (time & _HALF_WORD for time in (stat.st_mtime_ns, stat.st_ctime_ns))
        return _SIGNATURE.pack(stat.st_ino & _WORD, stat.st_size, modified, changed, mode)


def row(path: str, signature: bytes, entry: Entry) -> Row:
    """Return what to remember of a path that holds what `entry` says."""
    return Row(path, signature, _pack(entry))


class StatCache:
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
        try:
            rows = self._read().execute(
                # Two ranges that are merged: with OR the database would sort all rows first.
                f"SELECT {_COLUMNS} FROM files WHERE path = ? UNION ALL"  # noqa: S608
                f" SELECT {_COLUMNS} FROM files WHERE path > ? AND path < ? ORDER BY path",
                _range(path),
            )
            while together := rows.fetchmany(_TOGETHER):
                for key, signed, content, seal in together:
                    if _seal(key, signed, content) == seal:
                        yield _new(Row, (key.decode("utf-8", "surrogatepass"), signed, content))
        except (sqlite3.Error, TypeError, UnicodeDecodeError):
            # TypeError: a damaged database may hold values of other types.
            return

    def oids_below(self, path: str) -> Iterator[Oid]:
        """Yield the contents of the files whose rows are at `path` and below it.

        The rows are not looked at as closely as by `below`.
        """
        try:
            rows = self._read().execute(
                "SELECT CAST(substr(content, ?) AS TEXT) FROM files"
                " WHERE (path = ? OR (path > ? AND path < ?)) AND substr(content, 1, 1) IN (?, ?)",
                (_CONTENT.size + 1, *_range(path), *_FILES),
            )
            while together := rows.fetchmany(_TOGETHER):
                yield from (oid for (oid,) in together)
        except (sqlite3.Error, UnicodeDecodeError):
            return

    def whole_at(self, path: str) -> Whole | None:
        """Return what the rows at and below the path of an output stand for, if that is known."""
        return next((one for one in self._wholes("WHERE path = ?", _key(path)) if one.oid), None)

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

    def updating(self) -> "Update":
        """Begin to collect what outputs hold from now on."""
        return Update(self._path, self._stamps())

    def forget(self, path: str) -> None:
        """Remember nothing of an output any more."""
        self.close()
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            if self._path.exists():
                _write_into(self._path, connection, lambda: _forget(connection, path))

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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _read(self) -> sqlite3.Connection:
        if self._reader is None:
            # A missing file raises like a damaged one. The URI keeps reading from creating it.
            self._reader = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=ro", uri=True, timeout=_WAIT
            )
        return self._reader


class Update:
    """Rows that wait until what they tell of is durable.

    They wait in a private database that spills to disk, and enter the stat cache in one short
    transaction. An update that is not committed changes nothing.
    """

    def __init__(self, path: Path, stamps: Mapping[bytes, int] | None) -> None:
        """Collect rows for the stat cache at `path`.

        Args:
            path: The database.
            stamps: Those of its outputs before any of its rows was looked at, if they are known.
        """
        self._path = path
        self._stamps = stamps
        self._rows: list[tuple[bytes, bytes | None, bytes | None, int | None]] = []
        self._is_lost = False
        self._waiting = sqlite3.connect("", isolation_level=None)
        self._waiting.execute("PRAGMA journal_mode = OFF")
        self._waiting.execute("CREATE TABLE files (path, signature, content, seal)")

    def put(self, row: Row) -> None:
        """Remember what a path holds."""
        path, signed, content = row
        key = _key(path)
        self._wait((key, signed, content, _seal(key, signed, content)))

    def drop(self, path: str) -> None:
        """Remember nothing of a path any more."""
        self._wait((_key(path), None, None, None))

    def commit(self, wholes: Mapping[str, Oid | None], *, afresh: Collection[str] = ()) -> None:
        """Make the stat cache remember what was collected, if it can.

        Each row is true by itself. What all rows of an output stand for is only remembered if
        those that are there already are the ones that were there when this update began.

        Args:
            wholes: By the paths of the outputs that rows were collected of, what all their rows
                stand for after this; None for no known whole.
            afresh: Those outputs of which older rows go first.
        """
        self._spill()
        connection = self._waiting

        def write() -> None:
            stamps = dict(connection.execute("SELECT path, stamp FROM kept.outputs"))
            for output in afresh:
                _forget(connection, output)
            connection.execute(
                "DELETE FROM kept.files WHERE path IN (SELECT path FROM files WHERE seal IS NULL)"
            )
            connection.execute(
                "INSERT OR REPLACE INTO kept.files SELECT * FROM files WHERE seal IS NOT NULL"
            )
            for output, oid in wholes.items():
                key = _key(output)
                known = self._stamps is not None and stamps.get(key) == self._stamps.get(key)
                _set_whole(connection, output, oid if known or output in afresh else None)

        if not self._is_lost:
            _write_into(self._path, connection, write)

    def _wait(self, row: tuple[bytes, bytes | None, bytes | None, int | None]) -> None:
        self._rows.append(row)
        if len(self._rows) >= _TOGETHER:
            self._spill()

    def _spill(self) -> None:
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _write_into(path: Path, connection: sqlite3.Connection, write: Callable[[], None]) -> None:
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
    connection.execute(f"PRAGMA busy_timeout = {int(_WAIT * 1000)}")
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


def _set_whole(connection: sqlite3.Connection, output: str, oid: Oid | None) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO kept.outputs SELECT ?, ?, count(*), random() FROM kept.files"
        " WHERE path = ? OR (path > ? AND path < ?)",
        (_key(output), oid or "", *_range(output)),
    )
    # Another version may have an output above or below this one: they share rows.
    above = [_key(output[:place]) for place, letter in enumerate(output) if letter == "/"]
    marks = ", ".join("?" * len(above))
    connection.execute(
        "UPDATE kept.outputs SET oid = '', stamp = random()"  # noqa: S608 - marks alone
        f" WHERE path > ? AND path < ? OR path IN ({marks})",
        (*_range(output)[1:], *above),
    )


def _forget(connection: sqlite3.Connection, path: str) -> None:
    connection.execute(
        "DELETE FROM kept.files WHERE path = ? OR (path > ? AND path < ?)", _range(path)
    )
    connection.execute("DELETE FROM kept.outputs WHERE path = ?", (_key(path),))


def _range(path: str) -> tuple[bytes, bytes, bytes]:
    """Return a path, and the bounds between which the paths below it sort."""
    key = _key(path)
    return key, key + b"/", key + b"0"


def _key(path: str) -> bytes:
    # Sorts as trees do, by code point, and takes the lone surrogates of names that are not UTF-8.
    return path.encode("utf-8", "surrogatepass")


def _seal(key: bytes, signed: bytes, content: bytes) -> int:
    # The seed tells where one ends and the next begins.
    return xxh3_64_intdigest(key + signed + content, len(key) << 8 | len(signed)) - (1 << 63)


def _pack(entry: Entry) -> bytes:
    if entry.oid:
        kind = b"x" if entry.executable else b"f"
        return _CONTENT.pack(kind, entry.size) + entry.oid.encode("ascii")
    if entry.link is not None:
        return _CONTENT.pack(b"l", 0) + _key(entry.link)
    return _CONTENT.pack(b"d", 0)


def _unpack(path: str, content: bytes) -> Entry:
    kind, size = _CONTENT.unpack_from(content)
    rest = content[_CONTENT.size :]
    if kind in b"fx":
        return Entry(path, Oid(rest.decode("ascii")), size, kind == b"x")
    if kind == b"l":
        return Entry(path, link=rest.decode("utf-8", "surrogatepass"))
    return Entry(path)
