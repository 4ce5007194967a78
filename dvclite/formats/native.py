"""dvclite's own repository format.

A tree is written as lines of ASCII text, each a JSON value with no spaces: a first line that says
what this is, then one line an entry, sorted by path, code point by code point. Every tree has
exactly one valid encoding; `docs/formats/tree.md` specifies it.
"""

import json
from collections.abc import Iterable, Iterator
from json.encoder import encode_basestring_ascii

from dvclite.errors import TreeError
from dvclite.formats.format import Format
from dvclite.hashing import Algorithm, Oid, is_oid
from dvclite.tree import Entry

_FIRST_LINE = b'{"tree":1}\n'
_CHUNK = 1 << 20
_LONGEST_LINE = 64 << 10


def native(algorithm: Algorithm) -> Format:
    """Return the native format with oids made by `algorithm`."""

    def decode(data: bytes) -> Iterator[Entry]:
        return _decode(data, algorithm)

    return Format(
        name="native",
        folder=".dvclite",
        algorithm=algorithm,
        keeps_links=True,
        encode=_encode,
        decode=decode,
    )


def _encode(entries: Iterable[Entry]) -> bytes:
    written = bytearray(_FIRST_LINE)
    for entry in entries:
        written += _line(entry).encode("ascii")
    return bytes(written)


def _line(entry: Entry) -> str:
    path = encode_basestring_ascii(entry.path)
    if entry.oid:
        executable = ',"exec":true' if entry.executable else ""
        return f'{{"path":{path},"oid":"{entry.oid}","size":{entry.size}{executable}}}\n'
    if entry.link is not None:
        return f'{{"path":{path},"link":{encode_basestring_ascii(entry.link)}}}\n'
    return f'{{"path":{path}}}\n'


def _decode(data: bytes, algorithm: Algorithm) -> Iterator[Entry]:
    if not data.startswith(_FIRST_LINE):
        raise TreeError("it does not begin with the line that says what it is")
    if not data.endswith(b"\n"):
        raise TreeError("it breaks off in the middle of a line")
    start = len(_FIRST_LINE)
    while start < len(data):
        end = data.rfind(b"\n", start, start + _CHUNK) + 1
        if end == 0:
            raise TreeError("it has an endless line")
        yield from _decode_lines(data[start:end], algorithm)
        start = end


def _decode_lines(data: bytes, algorithm: Algorithm) -> Iterator[Entry]:
    try:
        lines = data.decode("ascii").splitlines(keepends=True)
        values = json.loads(f"[{','.join(lines)}]")
    except (ValueError, RecursionError) as error:
        raise TreeError(f"it is not lines of JSON ({error})") from error
    if len(values) != len(lines):
        raise TreeError("a line does not hold exactly one value")
    for line, value in zip(lines, values, strict=True):
        entry = _entry(value, algorithm)
        # There is one valid way to write an entry, so that equal directories have equal oids.
        if len(line) > _LONGEST_LINE or _line(entry) != line:
            raise TreeError(f"a line is not in canonical form: {line[:80].strip()}")
        yield entry


def _entry(value: object, algorithm: Algorithm) -> Entry:
    if not isinstance(value, dict):
        raise TreeError("a line does not hold an entry")
    path, oid, size, link = (value.get(key) for key in ("path", "oid", "size", "link"))
    if not isinstance(path, str):
        raise TreeError("an entry has no path")
    if isinstance(oid, str) and isinstance(size, int) and size >= 0 and is_oid(oid, algorithm):
        if not path.endswith("/"):
            return Entry(path, Oid(oid), size, value.get("exec") is True)
    elif isinstance(link, str) and not path.endswith("/"):
        return Entry(path, link=link)
    elif path.endswith("/"):
        return Entry(path)
    raise TreeError(f"the entry {path!r} is neither a file nor a link nor an empty folder")
