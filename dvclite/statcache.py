"""The stat cache: what every file of an output held when it was last read or written.

A file whose stat is still the same goes unread. The rows at and below an output's path stand for
a whole tree; which one is remembered too, so that an unchanged directory is compared without
reading its tree.

All of it can be made again from the files: a stat cache that is missing, damaged, locked or not
writable costs time and nothing else. Every row is sealed with a hash of its own, since a damaged
database may well return a row that was never written.
"""

import sqlite3
import struct
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from os import PathLike, stat_result
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from xxhash import xxh3_64_intdigest

from dvclite.hashing import Oid
from dvclite.tree import Entry

_VERSION = 1
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS kept.files"
    " (path BLOB PRIMARY KEY, signature BLOB, content BLOB, seal INTEGER) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS kept.outputs"
    " (path BLOB PRIMARY KEY, oid TEXT, files INTEGER) WITHOUT ROWID",
    f"PRAGMA kept.user_version = {_VERSION}",
)
_BUSY_OR_READ_ONLY = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
)
_SIGNATURE = struct.Struct("<QQqqI")
_CONTENT = struct.Struct("<cq")
_PERMISSIONS_AND_TYPE = 0o170111
_WAIT = 10.0

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
        oid: Its content.
        rows: How many rows there are: fewer that can be read means that the database is damaged.
    """

    path: str
    oid: Oid
    rows: int


def signature(stat: stat_result) -> bytes:
    """Return what of a stat changes whenever a file changes."""
    return _SIGNATURE.pack(
        stat.st_ino & 0xFFFFFFFFFFFFFFFF,
        stat.st_size,
        stat.st_mtime_ns,
        stat.st_ctime_ns,
        stat.st_mode & _PERMISSIONS_AND_TYPE,
    )


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
                "SELECT path, signature, content, seal FROM files"
                " WHERE path = ? OR (path > ? AND path < ?) ORDER BY path",
                _range(path),
            )
            for key, signed, content, seal in rows:
                if xxh3_64_intdigest(key + signed + content) - (1 << 63) == seal:
                    yield Row(key.decode("utf-8", "surrogatepass"), signed, content)
        except (sqlite3.Error, TypeError, UnicodeDecodeError):
            # TypeError: a damaged database may hold values of other types.
            return

    def whole_at(self, path: str) -> Whole | None:
        """Return what the rows at and below the path of an output stand for, if that is known."""
        return next((whole for whole in self.outputs() if whole.path == path), None)

    def outputs(self) -> list[Whole]:
        """Return the outputs that were last saved or restored here, sorted by path."""
        try:
            found = self._read().execute("SELECT path, oid, files FROM outputs ORDER BY path")
            return [
                Whole(key.decode("utf-8", "surrogatepass"), Oid(oid), count)
                for key, oid, count in found
            ]
        except (sqlite3.Error, AttributeError, UnicodeDecodeError):
            return []

    def updating(self) -> "Update":
        """Begin to collect what outputs hold from now on."""
        return Update(self._path)

    def forget(self, path: str) -> None:
        """Remember nothing of an output any more."""
        self.close()
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            if self._path.exists():
                _write_into(self._path, connection, lambda: _forget(connection, path))

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

    def __init__(self, path: Path) -> None:
        """Collect rows for the stat cache at `path`."""
        self._path = path
        self._waiting = sqlite3.connect("", isolation_level=None)
        self._waiting.execute("CREATE TABLE files (path, signature, content, seal)")
        self._waiting.execute("CREATE TABLE gone (path)")
        self._waiting.execute("BEGIN")

    def put(self, row: Row) -> None:
        """Remember what a path holds."""
        key = _key(row.path)
        seal = xxh3_64_intdigest(key + row.signature + row.content) - (1 << 63)
        self._waiting.execute(
            "INSERT INTO files VALUES (?, ?, ?, ?)", (key, row.signature, row.content, seal)
        )

    def drop(self, path: str) -> None:
        """Remember nothing of a path any more."""
        self._waiting.execute("INSERT INTO gone VALUES (?)", (_key(path),))

    def commit(self, wholes: Mapping[str, Oid | None], *, afresh: Collection[str] = ()) -> None:
        """Make the stat cache remember what was collected, if it can.

        Args:
            wholes: By the paths of the outputs that rows were collected of, what all their rows
                stand for after this; None for no known whole.
            afresh: Those outputs of which older rows go first.
        """
        connection = self._waiting
        connection.execute("COMMIT")

        def write() -> None:
            for output in afresh:
                _forget(connection, output)
            connection.execute("DELETE FROM kept.files WHERE path IN (SELECT path FROM gone)")
            connection.execute("INSERT OR REPLACE INTO kept.files SELECT * FROM files")
            for output, oid in wholes.items():
                _set_whole(connection, output, oid)

        _write_into(self._path, connection, write)

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
    for attempt in (1, 2):
        try:
            _attach(path, connection)
            connection.execute("BEGIN IMMEDIATE")
            write()
            connection.execute("COMMIT")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode in _BUSY_OR_READ_ONLY:
                return
            _start_over(path, connection, attempt)
        except sqlite3.DatabaseError:
            _start_over(path, connection, attempt)


def _attach(path: Path, connection: sqlite3.Connection) -> None:
    connection.execute("ATTACH DATABASE ? AS kept", (str(path),))
    connection.execute(f"PRAGMA busy_timeout = {int(_WAIT * 1000)}")
    # Derived data need not survive a power cut, and sealed rows tell when they did not.
    connection.execute("PRAGMA kept.synchronous = OFF")
    (version,) = connection.execute("PRAGMA kept.user_version").fetchone()
    if version not in (0, _VERSION):
        raise sqlite3.DatabaseError("a stat cache of another version")
    if version == 0:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute("COMMIT")


def _start_over(path: Path, connection: sqlite3.Connection, attempt: int) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    if attempt == 1:
        connection.execute("DETACH DATABASE kept")
        path.unlink(missing_ok=True)
        path.with_name(path.name + "-journal").unlink(missing_ok=True)


def _set_whole(connection: sqlite3.Connection, output: str, oid: Oid | None) -> None:
    connection.execute("DELETE FROM kept.outputs WHERE path = ?", (_key(output),))
    if oid is not None:
        connection.execute(
            "INSERT INTO kept.outputs SELECT ?, ?, count(*) FROM kept.files"
            " WHERE path = ? OR (path > ? AND path < ?)",
            (_key(output), oid, *_range(output)),
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
