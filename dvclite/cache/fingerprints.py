"""What blobs with slow names hash to with blake3: remembered, so that the slow hash is needed once.

Whoever has read all of a blob and found it to be what its name says, knows also what else these
bytes hash to. Nobody can make other bytes with the same blake3: bytes that have it are those that
once had the name. What is not known, or seems wrong, is hashed as the name says.

Whoever could write here could pass anything for a blob. So the database is this user's alone, in
a folder of its own; one that others may write to is neither read nor written.
"""

import os
import sqlite3
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from xxhash import xxh3_64_intdigest

from dvclite import database
from dvclite.database import Schema
from dvclite.files import changes
from dvclite.files.staging import make_folder
from dvclite.hashing import Oid

_MOST = 100_000
"""How many are remembered: those that were learned last."""

_SCHEMA = Schema(
    version=1,
    statements=(
        "CREATE TABLE IF NOT EXISTS kept.fingerprints (oid TEXT UNIQUE, digest BLOB, seal INTEGER)",
    ),
)


class Fingerprints:
    """The blake3 of blobs, by name. Safe from many threads."""

    def __init__(self, path: Path | None) -> None:
        """Use the database at `path`, which need not exist; without one remember nothing for long.

        Args:
            path: In a folder of its own, which is made with the first `save`.
        """
        self._path = path
        self._learned: dict[Oid, str] = {}
        self._reader: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def find(self, oid: Oid) -> str | None:
        """Return the blake3 of a blob, in lower-case hex; None if it is not known."""
        with self._lock:
            return self._learned.get(oid) or self._remembered(oid)

    def learn(self, oid: Oid, digest: str) -> None:
        """Take note of the blake3, in lower-case hex, of bytes that were found to be a blob."""
        with self._lock:
            self._learned[oid] = digest
            if len(self._learned) > _MOST:
                del self._learned[next(iter(self._learned))]

    def save(self) -> None:
        """Remember for later commands what was learned, if that can be written."""
        with self._lock:
            if self._path is None or not self._learned or not _make_room(self._path):
                return
            self._close()
            with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
                if database.write_into(
                    self._path, _SCHEMA, connection, lambda: self._write(connection)
                ):
                    self._learned.clear()

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._close()

    def _write(self, connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT OR REPLACE INTO kept.fingerprints VALUES (?, ?, ?)", self._rows()
        )
        connection.execute(
            "DELETE FROM kept.fingerprints WHERE rowid <="
            " (SELECT max(rowid) FROM kept.fingerprints) - ?",
            (_MOST,),
        )

    def _rows(self) -> Iterator[tuple[str, bytes, int]]:
        for oid, digest in islice(self._learned.items(), _MOST):
            data = bytes.fromhex(digest)
            yield oid, data, _seal(oid, data)

    def _remembered(self, oid: Oid) -> str | None:
        if self._path is None or not _is_private(self._path):
            return None
        try:
            if self._reader is None:
                # Reading creates nothing, and does not repair what somebody else left.
                address = f"{self._path.absolute().as_uri()}?mode=ro"
                self._reader = sqlite3.connect(
                    address, uri=True, timeout=database.PATIENCE, check_same_thread=False
                )
            found = self._reader.execute(
                "SELECT CAST(digest AS BLOB), seal FROM fingerprints WHERE oid = ?", (oid,)
            ).fetchone()
        except (sqlite3.Error, UnicodeDecodeError):
            return None
        if found is None or found[0] is None or _seal(oid, found[0]) != found[1]:
            return None
        digest: bytes = found[0]
        return digest.hex()

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _seal(oid: Oid, digest: bytes) -> int:
    """Return the hash of a row, which no damaged row is likely to carry."""
    return xxh3_64_intdigest(oid.encode() + digest) - (1 << 63)


def _make_room(path: Path) -> bool:
    """Make the folder of a database, for this user alone; say whether it is so."""
    try:
        make_folder(path.parent.parent)
        if not os.path.lexists(path.parent):
            changes.make_folder(os.fspath(path.parent), mode=0o700)
        return _is_own(path.parent) and (not os.path.lexists(path) or _is_private(path))
    except OSError:
        return False  # Another process was faster, or nothing can be written here.


def _is_private(path: Path) -> bool:
    """Say whether there is a file that nobody else can have written, nor put in its place."""
    return _is_own(path.parent) and _is_own(path)


def _is_own(path: Path) -> bool:
    """Say whether something is this user's, no link, and nobody else may write to it."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    if sys.platform == "win32":
        return True  # Permissions are inherited there from the user's own folder.
    is_plain = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
    return is_plain and found.st_uid == os.geteuid() and not found.st_mode & 0o022
