"""The repository format that DVC 3 reads and writes, byte for byte.

A tree is one line of JSON, an array of objects with the keys `md5` and `relpath`, sorted by path,
code point by code point. It tells neither sizes nor modes, and has no place for symbolic links and
empty folders. `docs/formats/dvc.md` says what differs from the native format.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from io import BytesIO
from json.encoder import encode_basestring_ascii

from dvclite.errors import HostilePathError, TreeError
from dvclite.formats.dos2unix import DOS2UNIX
from dvclite.formats.format import Format
from dvclite.hashing import MD5, Oid, is_oid
from dvclite.tree import Entry

ALGORITHM = replace(MD5, older=DOS2UNIX)
"""What oids are made with, and what they were made with before DVC 3."""

_ENTRY = re.compile(
    rb'\{"md5": "([0-9a-f]{32})", "relpath": ("[ !#-\[\]-~]*(?:\\.[ !#-\[\]-~]*)*")\}(?:, |(?=\]$))'
)


def _encode(entries: Iterable[Entry]) -> bytes:
    written = BytesIO()  # Gives what is in it without a copy.
    written.write(b"[")
    for entry in entries:
        path = encode_basestring_ascii(_checked(entry.path))
        comma = ", " if written.tell() > 1 else ""
        written.write(f'{comma}{{"md5": "{entry.oid}", "relpath": {path}}}'.encode("ascii"))
    written.write(b"]")
    return written.getvalue()


def _checked(path: str) -> str:
    if not path.isascii():
        try:
            path.encode("utf-8")
        except UnicodeEncodeError:
            reason = "its name is not UTF-8, which a repository of DVC's cannot hold"
            raise HostilePathError(path, reason) from None
    return path


def _decode(data: bytes) -> Iterator[Entry]:
    """Yield the entries as DVC writes them, or as another program wrote them that DVC can read."""
    if data == b"[]":
        return
    place = 1
    for match in _ENTRY.finditer(data, 1):
        if match.start() != place:
            break
        place = match.end()
    if data[:1] != b"[" or place != len(data) - 1 or data[-3:] != b'"}]':
        yield from _decode_any(data)
        return
    for match in _ENTRY.finditer(data, 1):
        yield Entry(_text(match[2]), Oid(match[1].decode("ascii")), -1)


def _text(literal: bytes) -> str:
    if b"\\" not in literal:
        return literal[1:-1].decode("ascii")
    try:
        text: str = json.loads(literal)
    except ValueError as error:
        raise TreeError(f"it has an invalid string: {literal[:80]!r}") from error
    return text


def _decode_any(data: bytes) -> Iterator[Entry]:
    try:
        items = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise TreeError(f"it is not JSON ({error})") from error
    if not isinstance(items, list):
        raise TreeError("it is not a list")
    yield from sorted(map(_entry, items))


def _entry(item: object) -> Entry:
    path = item.get("relpath") if isinstance(item, dict) else None
    oid = item.get("md5") if isinstance(item, dict) else None
    if not isinstance(path, str) or not isinstance(oid, str) or not path:
        raise TreeError(f"it has an entry without `relpath` and `md5`: {str(item)[:80]}")
    if oid.endswith(".dir") or not is_oid(oid, ALGORITHM):
        raise TreeError(f"{oid[:80]!r} is not an MD5 hash of a file")
    return Entry(path, Oid(oid), -1)


DVC = Format(
    name="dvc",
    algorithm=ALGORITHM,
    packs=False,
    keeps_links=False,
    exact_modes=True,
    encode=_encode,
    decode=_decode,
)
