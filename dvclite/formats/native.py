"""dvclite's own repository format.

A tree is written as lines of ASCII text, each a JSON value with no spaces: a first line that says
what this is, then one line an entry, sorted by path, code point by code point. Every tree has
exactly one valid encoding; `docs/formats/tree.md` specifies it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from json.encoder import encode_basestring_ascii
from typing import NamedTuple

from dvclite.errors import RepoError, TreeError
from dvclite.formats.format import Format
from dvclite.formats.home import Home
from dvclite.hashing import BLAKE3, Algorithm, Oid, algorithm
from dvclite.tree import Entry

ALGORITHMS = ("blake3", "xxh128")
"""What oids of this format may be made with, by name."""

_FIRST_LINE = b'{"tree":1}\n'
_CHUNK = 1 << 20
_JSON = json.JSONDecoder()


def native(chosen: Algorithm) -> Format:
    """Return the native format with oids made by an algorithm."""
    lines = _lines(chosen)

    def decode(data: bytes) -> Iterator[Entry]:
        return _decode(data, lines)

    return Format(
        name="native",
        algorithm=chosen,
        packs=True,
        keeps_links=True,
        exact_modes=False,
        encode=_encode,
        decode=decode,
    )


def _format(hash: str | None) -> Format:
    return native(algorithm(hash or BLAKE3.name))


def _first_config(hash: str, scm: bool) -> str:  # noqa: FBT001 - called by its position
    chosen = algorithm(hash or BLAKE3.name)
    if chosen.name not in ALGORITHMS:
        raise RepoError(
            f"{chosen.name} is for repositories that DVC reads", hint="use blake3 or xxh128"
        )
    return f"[core]\n    hash = {chosen.name}\n" + ("" if scm else "    no_scm = true\n")


NATIVE_HOME = Home(
    name="native",
    folder=".dvclite",
    format=_format,
    first_config=_first_config,
    aside="config.former",
)


def _encode(entries: Iterable[Entry]) -> bytes:
    written = BytesIO()  # Gives what is in it without a copy.
    written.write(_FIRST_LINE)
    for entry in entries:
        written.write(_line(entry).encode("ascii"))
    return written.getvalue()


def _line(entry: Entry) -> str:
    path = encode_basestring_ascii(entry.path)
    if entry.oid:
        executable = ',"exec":true' if entry.executable else ""
        return f'{{"path":{path},"oid":"{entry.oid}","size":{entry.size}{executable}}}\n'
    if entry.link is not None:
        return f'{{"path":{path},"link":{encode_basestring_ascii(entry.link)}}}\n'
    return f'{{"path":{path}}}\n'


class _Lines(NamedTuple):
    """What finds the lines of a tree.

    There is one valid way to write an entry, so that equal directories have equal oids.

    Attributes:
        simple: Finds the lines of files, in their parts, whose paths have nothing escaped.
        every: Finds every line: in its parts, or else as a whole in the last group.
    """

    simple: re.Pattern[str]
    every: re.Pattern[str]


def _lines(algorithm: Algorithm) -> _Lines:
    plain = r"[ !#-\[\]-~]*"
    text = rf'"{plain}(?:\\.{plain})*"'
    oid = f'"([0-9a-f]{{{algorithm.digits}}})"'
    size = "(0|[1-9][0-9]{0,17})"  # Below 2**63, which every reader can take.
    file = f'"oid":{oid},"size":{size}(,"exec":true)?'
    link = f'"link":({text})'
    return _Lines(
        simple=re.compile(rf'^{{"path":"({plain})(?<!/)",{file}}}\n', re.MULTILINE),
        every=re.compile(rf'{{"path":({text})(?:,{file}|,{link})?}}\n|(.*\n)'),
    )


def _decode(data: bytes, lines: _Lines) -> Iterator[Entry]:
    if not data.startswith(_FIRST_LINE):
        raise TreeError("it does not begin with the line that says what it is")
    if not data.endswith(b"\n"):
        raise TreeError("it breaks off in the middle of a line")
    start = len(_FIRST_LINE)
    while start < len(data):
        end = data.rfind(b"\n", start, start + _CHUNK) + 1
        if end == 0:
            raise TreeError("it has an endless line")
        text = _ascii(data[start:end])
        files = lines.simple.findall(text) if "\\" not in text else ()
        if len(files) == text.count("\n"):
            new = tuple.__new__
            for path, oid, size, executable in files:
                yield new(Entry, (path, oid, int(size), executable != "", None))
        else:
            yield from _all_kinds(lines.every.findall(text))
        start = end


def _all_kinds(parts: Iterable[Sequence[str]]) -> Iterator[Entry]:
    for path, oid, size, executable, link, other in parts:
        if other or (path[-2] == "/") == bool(oid or link):
            raise TreeError(f"it has a line that is not an entry: {(other or path)[:80]!r}")
        if oid:
            yield Entry(_text(path), Oid(oid), int(size), executable != "")
        else:
            yield Entry(_text(path), link=_text(link) if link else None)


def _ascii(data: bytes) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError as error:
        raise TreeError("it is not ASCII text") from error


def _text(literal: str) -> str:
    """Return what a JSON string stands for, if it is written in the one valid way."""
    if "\\" not in literal:
        return literal[1:-1]
    try:
        text: str = _JSON.raw_decode(literal)[0]
    except ValueError as error:
        raise TreeError(f"it has an invalid string: {literal[:80]}") from error
    if encode_basestring_ascii(text) != literal:
        raise TreeError(f"it has a string that is written in another way: {literal[:80]}")
    return text
