"""One line of an ignore file, as git understands it.

Names are compared byte by byte, as git does: both sides are handed over as text in which every
character stands for one byte (`as_bytes`). A pattern becomes a regular expression that never goes
back on a choice that cannot have been wrong (`(?>…)`), so that no pattern, however hostile, takes
more than a moment to fail.
"""

import os
import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_LONGEST = 4096
"""Bytes of the longest path that there can be; no longer pattern is any use."""

# What a pattern is made of, beside expressions that match one byte each.
_SLASH = "/"
_STAR = "*"
_ANY_FOLDERS = "**"

_SPECIAL = re.compile(r"[*?\[\\]")
_ALL = frozenset(map(chr, range(256)))
_CLASSES = {
    "alnum": string.ascii_letters + string.digits,
    "alpha": string.ascii_letters,
    "blank": " \t",
    "cntrl": "".join(map(chr, [*range(0x20), 0x7F])),
    "digit": string.digits,
    "graph": string.ascii_letters + string.digits + string.punctuation,
    "lower": string.ascii_lowercase,
    "print": string.ascii_letters + string.digits + string.punctuation + " ",
    "punct": string.punctuation,
    "space": " \t\n\r",
    "upper": string.ascii_uppercase,
    "xdigit": string.hexdigits,
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A line that says something about paths.

    Attributes:
        text: The line as it stands in its file.
        line: Its number, from 1.
        negated: Whether it takes back what earlier lines ignored.
        folders_only: Whether it speaks of folders alone.
        whole_path: Whether it is compared with the path from the file's folder on, rather than
            with the last part alone.
        regex: What has to match all of that.
    """

    text: str
    line: int
    negated: bool
    folders_only: bool
    whole_path: bool
    regex: re.Pattern[str]


class _MalformedError(Exception):
    """A pattern that nothing can match."""


def as_bytes(path: str) -> str:
    """Return a path as text in which each character stands for one of its bytes."""
    return path if path.isascii() else os.fsencode(path).decode("latin-1")


def read_patterns(data: bytes) -> Iterator[Pattern]:
    """Yield what the lines of an ignore file say, in their order."""
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    for number, raw in enumerate(lines, start=1):
        line = raw.removesuffix(b"\r").partition(b"\0")[0].decode("latin-1")
        if not line.startswith("#") and len(line) <= _LONGEST:
            try:
                yield _read_line(_without_trailing_spaces(line), number)
            except _MalformedError:
                pass  # git passes over them in silence, too.


def any_of(patterns: Iterable[Pattern]) -> re.Pattern[str] | None:
    """Return one expression that matches whatever one of `patterns` does; None for no pattern."""
    expressions = [f"(?:{pattern.regex.pattern})" for pattern in patterns]
    return re.compile("|".join(expressions), re.DOTALL) if expressions else None


def _without_trailing_spaces(line: str) -> str:
    end = position = 0
    while position < len(line):
        if line[position] == " ":
            position += 1
        else:
            position += 2 if line[position] == "\\" else 1
            end = position
    return line[:end]


def _read_line(line: str, number: int) -> Pattern:
    negated = line.startswith("!")
    body = line[1:] if negated else line
    folders_only = body.endswith("/")
    body = body.removesuffix("/")
    if not body:
        raise _MalformedError
    whole_path = "/" in body
    regex = re.compile((_path_regex if whole_path else _part_regex)(body), re.DOTALL)
    text = line.encode("latin-1").decode("utf-8", "surrogateescape")
    return Pattern(text, number, negated, folders_only, whole_path, regex)


def _tokens(body: str, *, whole_path: bool) -> Iterator[str]:
    position = 0
    while position < len(body):
        char = body[position]
        if char == "*":
            end = len(body) - len(body[position:].lstrip("*"))
            yield from _stars(body, position, end) if whole_path else (_STAR,)
            position = end
        elif char == "[":
            token, position = _bracket(body, position + 1)
            yield token
        elif char == "?":
            yield "[^/]"
            position += 1
        else:
            position += char == "\\"
            yield re.escape(_at(body, position))
            position += 1


def _stars(body: str, start: int, end: int) -> Iterator[str]:
    """Yield what a run of stars means: two and more span folders, where they stand alone."""
    alone = body[start - 1 : start] in ("", _SLASH) and body[end : end + 1] in ("", _SLASH)
    before_escaped_slash = body[start - 1 : start] in ("", _SLASH) and body.startswith("\\/", end)
    if end - start > 1 and alone:
        yield _ANY_FOLDERS
    elif end - start > 1 and before_escaped_slash:
        yield from (_ANY_FOLDERS, _SLASH, _STAR)  # git wants one folder at least there.
    else:
        yield _STAR


def _bracket(body: str, position: int) -> tuple[str, int]:
    """Read a set of bytes, from behind its `[` on; return it, and where the pattern goes on."""
    negated = body[position : position + 1] in ("!", "^")
    position += negated
    members: set[str] = set()
    previous = ""
    first = True
    while first or _at(body, position) != "]":
        first = False
        char = _at(body, position)
        if char == "-" and previous and body[position + 1 : position + 2] not in ("", "]"):
            last, position = _member(body, position + 1)
            members.update(map(chr, range(ord(previous), ord(last) + 1)))
            previous = ""
        elif (named := _named_class(body, position)) is not None:
            members.update(named)
            position = body.index("]", position) + 1
            previous = ""
        else:
            previous, position = _member(body, position)
            members.add(previous)
    chosen = (_ALL - members if negated else members) - {_SLASH}
    if not chosen:
        raise _MalformedError
    return "[" + "".join(f"\\x{ord(char):02x}" for char in sorted(chosen)) + "]", position + 1


def _member(body: str, position: int) -> tuple[str, int]:
    if body[position] == "\\":
        position += 1
    return _at(body, position), position + 1


def _named_class(body: str, position: int) -> str | None:
    """Return the members of a `[:name:]`, or None if there is none at `position`."""
    if not body.startswith("[:", position):
        return None
    end = body.find("]", position + 2)
    if end == -1:
        raise _MalformedError
    name = body[position + 2 : end]
    if not name.endswith(":"):
        return None
    try:
        return _CLASSES[name[:-1]]
    except KeyError:
        raise _MalformedError from None


def _at(body: str, position: int) -> str:
    if position >= len(body):
        raise _MalformedError
    return body[position]


def _path_regex(body: str) -> str:
    """Return the expression for a pattern with separators in it.

    Between two `**` the first fitting place is as good as any later one, since the second `**`
    can take in all that lies between them.
    """
    body = body.removeprefix(_SLASH)
    # git compares what is before the first special character by itself, and what follows then
    # stands at the beginning: in `ab**/c` the stars span folders.
    plain = _SPECIAL.split(body, maxsplit=1)[0]
    tokens = list(_tokens(body[len(plain) :], whole_path=True))
    parts = [
        _ANY_FOLDERS if part == [_ANY_FOLDERS] else _one_part(part)
        for part in _split(tokens, _SLASH)
    ]
    first, *rest = _split(parts, _ANY_FOLDERS)
    expression = re.escape(plain) + "/".join(first)
    if not rest:
        return expression
    *between, last = rest
    if first:
        expression += "/"
    for run in between:
        if run:
            expression += f"(?>(?:[^/]+/)*?{'/'.join(run)}/)"
    return expression + (f"(?:.*/)?{'/'.join(last)}" if last else ".*")


def _part_regex(body: str) -> str:
    """Return the expression for a pattern without separators."""
    return _one_part(list(_tokens(body, whole_path=False)))


def _one_part(tokens: list[str]) -> str:
    """Return the expression for one part of a path; the first fitting place will do here, too."""
    first, *rest = ["".join(run) for run in _split(tokens, _STAR)]
    if not rest:
        return first
    *between, last = rest
    return first + "".join(f"(?>[^/]*?{run})" for run in between if run) + f"[^/]*{last}"


def _split(items: list[str], separator: str) -> list[list[str]]:
    runs: list[list[str]] = [[]]
    for item in items:
        if item == separator:
            runs.append([])
        else:
            runs[-1].append(item)
    return runs
