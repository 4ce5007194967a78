"""The text of a config file: read by its grammar, changed line by line.

The grammar is what DVC reads and writes with configobj: sections of indented `option = value`
lines, `#` comments, quotes around a value with a comma, a `#`, or spaces at its ends. configobj
itself is kept out: a tracked config comes with a clone, and one line of a hundred characters can
keep its expressions busy for ever; and what an edit does not speak of stays as it is, byte for
byte.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from dvclite.errors import ConfigError, ConfigFileError

_INDENT = "    "
_QUOTES = ('"', "'")
_CONFLICT_MARKS = ("<<<<<<<", "=======", ">>>>>>>")

# Possessive, so that no line takes longer than it is long.
_HEADER = re.compile(
    r"""\s*+\[\s*+ (?:"(?P<double>[^"]++)" | '(?P<single>[^']++)' | (?P<plain>[^]["'#][^]]*+))
    \s*+(?P<close>]) \s*+(?:\#.*+)?""",
    re.VERBOSE | re.DOTALL,
)
_OPTION = re.compile(
    r"""\s*+ (?:"(?P<double>[^"]++)" | '(?P<single>[^']++)' | (?P<plain>[^="'][^=]*+)) \s*+=\s*+""",
    re.VERBOSE | re.DOTALL,
)
_ITEM = re.compile(r"[^,#]*+")
_NOTHING = re.compile(r"\s*+(?:#.*+)?", re.DOTALL)
_SPACE = re.compile(r"\s*+")
_NAMED = re.compile(r'(\w++)\s*+"(.*)"')


class _Assignment(NamedTuple):
    """An option with its value.

    Attributes:
        value: Without quotes; the items of a list with commas between them.
        first: Its first line, counted from 0.
        after: The line behind its last one.
        head: What stands before the value.
        tail: What stands behind it: a comment, the line's end.
    """

    value: str
    first: int
    after: int
    head: str
    tail: str


@dataclass(slots=True)
class _Section:
    """A section's title and what belongs to it.

    Attributes:
        header: The line of its title, counted from 0.
        after: The line behind its last option.
        end: The line behind all that follows, up to the next title.
        options: By name, in lower case.
    """

    header: int
    after: int
    end: int
    options: dict[str, _Assignment]


class Document:
    """A config file's text.

    Sections and options are named in lower case, `['remote "Origin"']` as `remote.origin`.
    """

    def __init__(self, path: str, text: str = "") -> None:
        """Read a config file's text.

        Args:
            path: Where it stands, for messages.
            text: All of it.

        Raises:
            ConfigFileError: It is malformed, and where.
        """
        self._path = path
        self._lines: list[str] = []
        self._sections: dict[str, _Section] = {}
        self._take(text.splitlines(keepends=True))

    @property
    def text(self) -> str:
        """The whole text, with all changes."""
        return "".join(self._lines)

    def sections(self) -> dict[str, dict[str, str]]:
        """Return values by section and option, in the order in which they stand."""
        return {
            name: {option: assignment.value for option, assignment in section.options.items()}
            for name, section in self._sections.items()
        }

    def get(self, section: str, option: str) -> str | None:
        """Return an option's value, or None if it does not stand here."""
        found = self._sections.get(section)
        assignment = found.options.get(option) if found is not None else None
        return assignment.value if assignment is not None else None

    def set(self, section: str, option: str, value: str) -> None:
        """Give an option a value, in place of the one it has or behind the last of its section.

        Raises:
            ConfigError: The value cannot be written down.
        """
        lines = self._lines.copy()
        found = self._sections.get(section)
        new = f"{option} = {_quoted(value)}{self._line_end}"
        if found is None:
            self._end_line_before(lines, len(lines))
            lines += [f"[{_title(section)}]{self._line_end}", self._indent() + new]
        elif option in found.options:
            old = found.options[option]
            head = old.head if old.value or old.head[-1].isspace() else old.head + " "
            tail = " " + old.tail if old.tail.startswith("#") else old.tail
            lines[old.first : old.after] = [head + _quoted(value) + tail]
        else:
            self._end_line_before(lines, found.after)
            lines.insert(found.after, self._indent(found) + new)
        self._take(lines)

    def unset(self, section: str, option: str) -> None:
        """Take out an option that stands here, and its section's title if nothing else is left."""
        found = self._sections[section]
        old = found.options[option]
        lines = self._lines.copy()
        del lines[old.first : old.after]
        left = lines[found.header + 1 : found.end - (old.after - old.first)]
        if not "".join(left).strip():
            del lines[found.header]
        self._take(lines)

    def drop(self, section: str) -> None:
        """Take out a section that stands here, with its options and the comments among them."""
        found = self._sections[section]
        lines = self._lines.copy()
        del lines[found.header : found.after]
        self._take(lines)

    def rename(self, section: str, new: str) -> None:
        """Give a section that stands here another name, or move its options to that section."""
        found = self._sections[section]
        if new in self._sections:
            self.drop(section)
            for option, old in found.options.items():
                self.set(new, option, old.value)
            return
        lines = self._lines.copy()
        line = lines[found.header]
        match = _HEADER.match(line)
        behind = line[match.end("close") :] if match is not None else self._line_end
        lines[found.header] = f"[{_title(new)}]{behind}"
        self._take(lines)

    def _take(self, lines: list[str]) -> None:
        self._sections = _Reader(self._path, lines).read()
        self._lines = lines

    @property
    def _line_end(self) -> str:
        return "\r\n" if self._lines and self._lines[0].endswith("\r\n") else "\n"

    def _end_line_before(self, lines: list[str], position: int) -> None:
        if position > 0 and not lines[position - 1].endswith(("\n", "\r")):
            lines[position - 1] += self._line_end

    def _indent(self, section: _Section | None = None) -> str:
        """Return what options are indented by, in a section or else in the whole text."""
        options = list(section.options.values()) if section is not None else []
        for found in self._sections.values():
            options += found.options.values()
        if not options:
            return _INDENT
        return options[0].head[: len(options[0].head) - len(options[0].head.lstrip())]


class _Reader:
    """Goes through the lines of a config file once."""

    def __init__(self, path: str, lines: list[str]) -> None:
        self._path = path
        self._lines = lines
        self._sections: dict[str, _Section] = {}
        self._current: _Section | None = None

    def read(self) -> dict[str, _Section]:
        number = 0
        while number < len(self._lines):
            line = self._lines[number].strip()
            if not line or line.startswith("#"):
                number += 1
            elif line.startswith(_CONFLICT_MARKS):
                raise self._error(number, "an unresolved merge conflict")
            elif line.startswith("["):
                self._begin_section(number)
                number += 1
            else:
                number = self._take_option(number)
        if self._current is not None:
            self._current.end = len(self._lines)
        return self._sections

    def _begin_section(self, number: int) -> None:
        match = _HEADER.fullmatch(self._lines[number].rstrip())
        if match is None:
            raise self._error(number, "a malformed section title")
        name = _section_name(match["double"] or match["single"] or match["plain"])
        if name in self._sections:
            raise self._error(number, f"a second section {name}")
        if self._current is not None:
            self._current.end = number
        self._current = self._sections[name] = _Section(number, number + 1, number + 1, {})

    def _take_option(self, number: int) -> int:
        if self._current is None:
            raise self._error(number, "an option before the first section title")
        line = self._lines[number]
        body = line.rstrip()
        match = _OPTION.match(body)
        if match is None:
            raise self._error(number, "neither a section title nor `option = value`")
        name = (match["double"] or match["single"] or match["plain"]).strip().lower()
        if name in self._current.options:
            raise self._error(number, f"a second {name} in one section")
        value, last, end = self._value(number, match.end())
        head, tail = line[: match.end()], self._lines[last][end:]
        self._current.options[name] = _Assignment(value, number, last + 1, head, tail)
        self._current.after = last + 1
        return last + 1

    def _value(self, number: int, start: int) -> tuple[str, int, int]:
        """Return a value, the line on which it ends, and where on that line."""
        line = self._lines[number]
        if line.startswith(('"""', "'''"), start):
            return self._long_value(number, start)
        items: list[str] = []
        quoted = False
        position = end = start
        while position < len(line) and line[position] != "#":
            if line[position] in _QUOTES:
                close = line.find(line[position], position + 1)
                if close == -1:
                    raise self._error(number, "a quote that is not closed")
                items.append(line[position + 1 : close])
                end = close + 1
                quoted = True
            else:
                plain = _ITEM.match(line, position)
                item = plain[0].rstrip() if plain is not None else ""
                items.append(item)
                end = position + len(item)
            position = _skip_space(line, end)
            if line.startswith(",", position):
                end = position + 1
                position = _skip_space(line, end)
            elif position < len(line) and line[position] != "#":
                raise self._error(number, "text behind a closing quote")
        value = ",".join(items) if quoted else line[start:end]
        return value, number, end

    def _long_value(self, number: int, start: int) -> tuple[str, int, int]:
        """Read a value between two times three quotes, which may go over several lines."""
        quotes = self._lines[number][start : start + 3]
        text, last, position = "", number, start + 3
        while (close := self._lines[last].find(quotes, position)) == -1:
            text += self._lines[last][position:].rstrip("\r\n") + "\n"
            last, position = last + 1, 0
            if last == len(self._lines):
                raise self._error(number, "a quote that is not closed")
        line = self._lines[last]
        while line.startswith(quotes, close + 1):
            close += 1  # The value itself ends in a quote.
        end = close + 3
        if _NOTHING.fullmatch(line, end) is None:
            raise self._error(last, "text behind a closing quote")
        return text + line[position:close], last, end

    def _error(self, number: int, reason: str) -> ConfigFileError:
        return ConfigFileError(self._path, number + 1, reason)


def _skip_space(line: str, position: int) -> int:
    match = _SPACE.match(line, position)
    return match.end() if match is not None else position


def _section_name(title: str) -> str:
    """Return how a section is called: `remote.origin` where its title says `remote "origin"`."""
    plain = title.strip().lower()
    named = _NAMED.fullmatch(plain)
    return f"{named[1]}.{named[2]}" if named is not None else plain


def _title(section: str) -> str:
    kind, dot, name = section.partition(".")
    return f"'{kind} \"{name}\"'" if dot else section


def _quoted(value: str) -> str:
    """Return a value as it is written, in quotes where it would be read as something else."""
    ends = value[:1] + value[-1:]
    if (
        value
        and not any(char in value for char in ",#")
        and not any(char in "\"' \t" for char in ends)
    ):
        return value
    for quote in _QUOTES:
        if quote not in value:
            return f"{quote}{value}{quote}"
    for quote in ("'''", '"""'):
        if quote not in value:
            return f"{quote}{value}{quote}"
    raise ConfigError("a value cannot hold both kinds of quotes three times in a row")
