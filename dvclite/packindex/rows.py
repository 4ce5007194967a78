"""The database that tells which pack holds what.

A row is a short name of an entry, its pack and its number there: a million of them take some
thirty megabytes.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from struct import Struct
from typing import Any

from dvclite import database
from dvclite.pack.index import Entries
from dvclite.pack.layout import Kind, key_of, pack_at
from dvclite.packindex.filling import New, beside, fill, key_of_row

_TABLES = (
    "CREATE TABLE IF NOT EXISTS {}.packs (key INTEGER PRIMARY KEY, id TEXT, size INTEGER)",
    "CREATE TABLE IF NOT EXISTS {}.entries"
    " (first INTEGER, second INTEGER, kind INTEGER, pack INTEGER, number INTEGER,"
    " PRIMARY KEY (first, second, kind, pack, number)) WITHOUT ROWID",
)
_SCHEMA = database.Schema(1, tuple(statement.format("kept") for statement in _TABLES))
_SHORT = Struct(">qq")
_FORGET = "DELETE FROM {0}.entries WHERE pack NOT IN (SELECT key FROM {0}.packs)"
_SAME_ROW = " AND ".join(
    f"ours.{column} = theirs.{column}" for column in ("first", "second", "kind", "pack", "number")
)
_CONTRADICTIONS = (
    "SELECT EXISTS (SELECT 1 FROM main.packs AS ours JOIN kept.packs AS theirs USING (key)"
    " WHERE ours.id IS NOT theirs.id OR ours.size IS NOT theirs.size)",
    *(
        f"SELECT EXISTS (SELECT 1 FROM {one}.entries AS ours WHERE ours.pack IN"  # noqa: S608
        " (SELECT key FROM main.packs INTERSECT SELECT key FROM kept.packs)"
        f" AND NOT EXISTS (SELECT 1 FROM {other}.entries AS theirs WHERE {_SAME_ROW}))"
        for one, other in (("main", "kept"), ("kept", "main"))
    ),
)
_TOGETHER = 500
_MARKS = ", ".join("?" * _TOGETHER)
_MOST_NEW = 200_000
_CACHE_KIB = 32 << 10

_Short = dict[tuple[Any, ...], bytes]
_Found = tuple[int, int, int, int]


class Rows:
    """Short names of entries, and where they are. For one thread at a time.

    What is learned waits in a private database that spills to disk, until it is saved.
    """

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        """Use the database at `path`, which need not exist; None for one that is never saved."""
        self._path = None if path is None else Path(path)
        self._beside: Path | None = None
        self._connection: sqlite3.Connection | None = None
        self._schemas: tuple[str, ...] = ()
        self._packs: dict[int, tuple[str, int]] = {}
        self._gone: list[tuple[int]] = []
        self._new: list[New] = []
        self._has_news = False
        self._is_damaged = False
        self._kept_version = 0

    def copy_from(self, path: str | os.PathLike[str]) -> None:
        """Copy rows, where it is quicker, from the database of another place with the same packs."""
        self._beside = Path(path)

    @property
    def packs(self) -> dict[str, int]:
        """The packs that there are, as far as is known, with their sizes in bytes."""
        self._open()
        return dict(self._packs.values())

    def size(self, pack: str) -> int | None:
        """Return how many bytes a pack has, if there is one of that name as far as is known."""
        return self._packs.get(key_of_row(pack), ("", None))[1]

    def sync(self, there: Mapping[str, int]) -> list[str]:
        """Take note of which packs there are.

        Args:
            there: Sizes in bytes by id.

        Returns:
            Those whose entries are not known.
        """
        self._notice_changes(self._open())
        for pack, size in list(self._packs.values()):
            if there.get(pack) != size:
                self.drop(pack)
        return [pack for pack in there if key_of_row(pack) not in self._packs]

    def learn(self, pack: str, size: int, entries: Entries) -> None:
        """Take note of the entries of a pack.

        Args:
            pack: Its id.
            size: Of the whole pack, in bytes.
            entries: What is in it.
        """
        self._open()
        self._packs[key_of_row(pack)] = (pack, size)
        self._has_news = True
        # Often nobody asks before all is saved.
        self._new.append(New(pack, size, entries))
        if sum(len(one.entries) for one in self._new) > _MOST_NEW:
            self._settle()

    def _settle(self) -> None:
        """Put what is new into the private database, where it is found."""
        if self._new:
            connection = self._open()
            new, self._new = self._new, []
            connection.execute("BEGIN")
            # Nothing is copied: without a journal, damage over there would spread.
            fill(connection, "main", new)
            connection.execute("COMMIT")

    def drop(self, pack: str) -> None:
        """Take note that a pack is gone."""
        self._settle()
        connection = self._open()
        key = key_of_row(pack)
        if self._packs.pop(key, None) is not None:
            connection.execute("DELETE FROM main.packs WHERE key = ?", (key,))
            self._gone.append((key,))
            self._has_news = True

    def distrust(self) -> None:
        """Know only what is learned by this process from now on, until `save`."""
        self._settle()
        self._leave_out_kept(self._open())

    def is_contradicted(self) -> bool:
        """Say whether the database is damaged, or says of a pack what its own index does not.

        To be asked after `distrust`, and after all packs that there are were learned. What is
        wrong is thrown away with the next `save`; that there is no database is not wrong.
        """
        self._settle()
        connection = self._open()
        self._let_go(connection)
        if self._path is None or not self._path.exists():
            return False
        try:
            self._attach_kept(connection, self._path)
            ((soundness,),) = connection.execute("PRAGMA kept.quick_check(1)").fetchall()
            wrong = soundness != "ok" or any(
                connection.execute(question).fetchone()[0] for question in _CONTRADICTIONS
            )
        except (sqlite3.Error, UnicodeDecodeError) as error:
            wrong = database.is_damaged(error)
        self._let_go(connection)
        self._is_damaged = self._is_damaged or wrong
        return wrong

    def save(self) -> None:
        """Put what was learned into the database, if it can be written."""
        if not self._has_news or self._path is None:
            return
        connection = self._open()
        self._let_go(connection)
        if self._is_damaged:
            database.remove(self._path)

        if self._gone:
            # Once for all, since the rows of a pack lie everywhere.
            connection.execute(_FORGET.format("main"))

        def write() -> None:
            if self._gone:
                connection.executemany("DELETE FROM kept.packs WHERE key = ?", self._gone)
                connection.execute(_FORGET.format("kept"))
            for table in ("packs", "entries"):
                connection.execute(
                    f"INSERT OR REPLACE INTO kept.{table} SELECT * FROM main.{table}"  # noqa: S608
                )
            fill(connection, "kept", self._new, alike)

        with beside(connection, self._beside, _SCHEMA.version, self._new) as alike:
            is_written = database.write_into(self._path, _SCHEMA, connection, write)
        if is_written:
            self.close()

    def close(self) -> None:
        """Close the database, and forget what was not saved."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._packs, self._gone, self._new = {}, [], []
        self._has_news = False

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        connection = sqlite3.connect("", isolation_level=None, uri=True, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute(f"PRAGMA main.cache_size = -{_CACHE_KIB}")
        for statement in _TABLES:
            connection.execute(statement.format("main"))
        self._connection = connection
        self._schemas = ("main",)
        self._is_damaged = False
        try:
            self._attach(connection)
        except (sqlite3.Error, UnicodeDecodeError):
            # Missing, as a rule. A damaged one is found out again when it is to be written.
            self._let_go(connection)
            self._packs = {}
        return connection

    def _attach(self, connection: sqlite3.Connection) -> None:
        if self._path is None:
            return
        self._attach_kept(connection, self._path)
        self._schemas = ("main", "kept")
        self._load(connection)

    def _attach_kept(self, connection: sqlite3.Connection, path: Path) -> None:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        connection.execute("ATTACH DATABASE ? AS kept", (uri,))
        connection.execute(f"PRAGMA busy_timeout = {int(database.PATIENCE * 1000)}")
        connection.execute(f"PRAGMA kept.cache_size = -{_CACHE_KIB}")
        (version,) = connection.execute("PRAGMA kept.user_version").fetchone()
        if version != _SCHEMA.version:
            raise sqlite3.DatabaseError("made by another version")

    def _notice_changes(self, connection: sqlite3.Connection) -> None:
        """Look which packs the database tells of, if another process has changed it."""
        if "kept" not in self._schemas:
            return
        try:
            (version,) = connection.execute("PRAGMA kept.data_version").fetchone()
            if version != self._kept_version:
                self._settle()
                self._packs = {}
                self._load(connection)
        except (sqlite3.Error, UnicodeDecodeError):
            self._forget_kept(connection)

    def _load(self, connection: sqlite3.Connection) -> None:
        (self._kept_version,) = connection.execute("PRAGMA kept.data_version").fetchone()
        for schema in self._schemas:
            rows = connection.execute(f"SELECT key, id, size FROM {schema}.packs").fetchall()  # noqa: S608
            for key, pack, size in rows:
                # A damaged database may hold values of other types.
                if isinstance(pack, str) and pack_at(key_of(pack)) and key_of_row(pack) == key:
                    self._packs[key] = (pack, size if isinstance(size, int) else -1)

    def _let_go(self, connection: sqlite3.Connection) -> None:
        self._schemas = ("main",)
        database.detach(connection)

    def find(self, kind: Kind, digests: Iterable[bytes]) -> Iterator[tuple[bytes, str, int]]:
        """Yield digests with the packs and numbers of what seem to be their entries."""
        for short, found in self._asked(kind, digests):
            rows = [
                (self._packs[key][0], number, short[first, second])
                for first, second, key, number in found
                if key in self._packs and (first, second) in short and type(number) is int
            ]
            # Pack by pack, so that the index of none is taken up twice.
            for pack, number, digest in sorted(rows):
                yield digest, pack, number

    def by_pack(self, kind: Kind, digests: Iterable[bytes]) -> dict[str, list[bytes]]:
        """Return which of some digests each pack seems to have entries for."""
        held: dict[int, list[bytes]] = {}
        for short, found in self._asked(kind, digests):
            for first, second, key, _number in found:
                if (first, second) in short:
                    held.setdefault(key, []).append(short[first, second])
        return {self._packs[key][0]: some for key, some in held.items() if key in self._packs}

    def _asked(self, kind: Kind, digests: Iterable[bytes]) -> Iterator[tuple[_Short, list[_Found]]]:
        """Yield digests by their short names, with the rows of these, and of a few others."""
        self._settle()
        connection = self._open()
        # In order, so that those close to each other are read from the same page.
        rest = iter(sorted(digests))
        while together := list(islice(rest, _TOGETHER)):
            short = dict(zip(map(_SHORT.unpack_from, together), together, strict=True))
            marks = _MARKS if len(together) == _TOGETHER else ", ".join("?" * len(together))
            values = [first for first, _second in short]
            values += values[-1:] * (len(together) - len(values))
            for schema in self._schemas:
                try:
                    found = connection.execute(
                        f"SELECT first, second, pack, number FROM {schema}.entries"  # noqa: S608
                        f" WHERE kind = {int(kind)} AND first IN ({marks})",
                        values,
                    ).fetchall()
                except sqlite3.Error:
                    self._forget_kept(connection)
                    continue
                yield short, found

    def doubt(self) -> None:
        """Take the database for lost: its packs are not known any more, and will be read again."""
        self._settle()
        connection = self._open()
        if "kept" in self._schemas:
            self._forget_kept(connection)

    def _forget_kept(self, connection: sqlite3.Connection) -> None:
        self._is_damaged = self._has_news = True
        self._leave_out_kept(connection)

    def _leave_out_kept(self, connection: sqlite3.Connection) -> None:
        self._beside = None  # From now on packs speak for themselves.
        self._let_go(connection)
        self._packs = {
            key: (pack, size)
            for key, pack, size in connection.execute("SELECT key, id, size FROM main.packs")
        }
