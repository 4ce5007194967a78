"""What is remembered of a path: rows, how they sort, and the seal that tells a true one."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from os import stat_result
from stat import S_ISLNK
from typing import NamedTuple

from xxhash import xxh3_64_intdigest

from dvclite.database import Schema
from dvclite.hashing import Oid
from dvclite.tree import Entry

SCHEMA = Schema(
    version=2,
    statements=(
        "CREATE TABLE IF NOT EXISTS kept.files"
        " (path BLOB PRIMARY KEY, signature BLOB, content BLOB, seal INTEGER) WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS kept.outputs"
        " (path BLOB PRIMARY KEY, oid TEXT, files INTEGER, stamp INTEGER) WITHOUT ROWID",
    ),
)
"""The database that the stat cache rests on."""

# Makes a named tuple twice as fast as its class, which matters where a million are made.
_new = tuple.__new__

_SIGNATURE = struct.Struct("<QQqqI")
_CONTENT = struct.Struct("<cq")
_PERMISSIONS_AND_TYPE = 0o170111
_WORD = (1 << 64) - 1
_HALF_WORD = _WORD >> 1

FILES = (b"f", b"x")
"""How the content of a file begins; all else has no oid."""

OID_BEGINS = _CONTENT.size
"""How many bytes of the content of a file stand before its oid."""

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
        return entry_of(path, self.content)


Stored = tuple[bytes, bytes, bytes, int]
"""A row as the database has it: key, signature, content and seal."""


def proved(stored: Iterable[Stored]) -> Iterator[Row]:
    """Yield the rows that carry their true seals, up to one that could not have been written."""
    try:
        for key, signed, content, seal in stored:
            if seal_of(key, signed, content) == seal:
                yield _new(Row, (key.decode("utf-8", "surrogatepass"), signed, content))
    except (TypeError, UnicodeDecodeError):
        # TypeError: a damaged database may hold values of other types.
        return


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


def is_link(row: Row) -> bool:
    """Say whether a symbolic link was at the path of a row, by the stat that goes with it."""
    return bool(row.signature) and S_ISLNK(_SIGNATURE.unpack(row.signature)[-1])


def is_executable(row: Row) -> bool:
    """Say whether the owner might run the file, by the stat that goes with a row."""
    if not row.signature:
        return False
    mode: int = _SIGNATURE.unpack(row.signature)[-1]
    return bool(mode & 0o100)


def times_of(signature: bytes) -> tuple[int, int]:
    """Return when a file was modified and changed, in nanoseconds, from the signature of its stat."""
    _inode, _size, modified, changed, _mode = _SIGNATURE.unpack(signature)
    return modified, changed


def size_of(signature: bytes) -> int:
    """Return how many bytes a file had, from the signature of its stat."""
    size: int = _SIGNATURE.unpack(signature)[1]
    return size


def row(path: str, signature: bytes, entry: Entry) -> Row:
    """Return what to remember of a path that holds what `entry` says."""
    return Row(path, signature, _pack(entry))


def entry_of(path: str, content: bytes) -> Entry:
    """Return what a path held, as an entry of a tree, from the content of its row."""
    kind, size = _CONTENT.unpack_from(content)
    rest = content[OID_BEGINS:]
    if kind in FILES:
        return _new(Entry, (path, rest.decode("ascii"), size, kind == b"x", None))
    if kind == b"l":
        return Entry(path, link=rest.decode("utf-8", "surrogatepass"))
    return Entry(path)


def stored(row: Row) -> Stored:
    """Return a row as the database has it."""
    path, signed, content = row
    key = path_key(path)
    return key, signed, content, seal_of(key, signed, content)


def path_key(path: str) -> bytes:
    """Return a path as the database has it, where it sorts as in trees.

    By code point, that is; and names that are not UTF-8 have lone surrogates.
    """
    return path.encode("utf-8", "surrogatepass")


def path_keys(paths: Sequence[str]) -> list[bytes]:
    """Return what `path_key` makes of each of some paths."""
    return path_key("\0".join(paths)).split(b"\0")


def bounds(path: str) -> tuple[bytes, bytes, bytes]:
    """Return a path, and the bounds between which the paths below it sort."""
    key = path_key(path)
    return key, key + b"/", key + b"0"


def seal_of(key: bytes, signed: bytes, content: bytes) -> int:
    """Return the hash of a row, which no damaged row is likely to carry."""
    # The seed tells where one ends and the next begins.
    return xxh3_64_intdigest(key + signed + content, len(key) << 8 | len(signed)) - (1 << 63)


def _pack(entry: Entry) -> bytes:
    if entry.oid:
        kind = b"x" if entry.executable else b"f"
        return _CONTENT.pack(kind, entry.size) + entry.oid.encode("ascii")
    if entry.link is not None:
        return _CONTENT.pack(b"l", 0) + path_key(entry.link)
    return _CONTENT.pack(b"d", 0)
