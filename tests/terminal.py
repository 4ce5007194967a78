"""A terminal for tests: a real one to the program, whose screen can be looked at.

`tests/conftest.py` makes the fixture known to every test.
"""

import codecs
import os
import re
import subprocess
import sys
import time
from unicodedata import combining, east_asian_width

import pytest

PATIENCE = 60.0
_ESCAPE = re.compile(r"\x1b\[(\d*)([A-Z])")
_LINE_BEGINS = re.compile(r"(?=\r(?!\r*\n))")


class Screen:
    """What a terminal shows that knows no more escapes than it must."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self._cells = [[" "] * columns for _ in range(rows)]
        self._row = self._column = 0

    def feed(self, text):
        while text:
            escape = _ESCAPE.match(text)
            if escape is not None:
                self._escape(escape[2], int(escape[1] or 0))
                text = text[escape.end() :]
                continue
            self._put(text[0])
            text = text[1:]

    def lines(self):
        """Return the lines that are not blank, without blanks at their ends."""
        lines = ["".join(cells).rstrip() for cells in self._cells]
        return [line for line in lines if line]

    def _put(self, character):
        if character == "\r":
            self._column = 0
        elif character == "\n":
            self._feed_line()
        else:
            assert character.isprintable(), f"a terminal would obey {character!r}"
            if combining(character):
                self._cells[self._row][self._column - 1] += character
                return
            wide = east_asian_width(character) in "WF"
            if self._column + wide >= self.columns:
                self._column = 0
                self._feed_line()
            self._cells[self._row][self._column] = character
            if wide:
                self._cells[self._row][self._column + 1] = ""
            self._column += 1 + wide

    def _feed_line(self):
        self._row += 1
        if self._row == self.rows:
            self._row -= 1
            self._cells.append([" "] * self.columns)
            del self._cells[0]

    def _escape(self, kind, number):
        match kind:
            case "A":
                self._row -= max(number, 1)
                assert self._row >= 0
            case "K" | "J":
                assert number == 0
                rest = self.columns - self._column
                self._cells[self._row][self._column :] = [" "] * rest
                for row in range(self._row + 1, self.rows if kind == "J" else 0):
                    self._cells[row] = [" "] * self.columns
            case _:
                raise AssertionError(f"a terminal may not know {kind}")


class Terminal:
    """A terminal, at which one program may run.

    Attributes:
        screens: What it showed, one after the other, whenever a line was begun anew.
        text: All that was written to it.
    """

    def __init__(self, columns, rows):
        import fcntl
        import pty
        import struct
        import termios

        self.screens, self.text = [], ""
        self._process = None
        self._screen = Screen(columns, rows)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._leader, self.follower = pty.openpty()
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.follower, termios.TIOCSWINSZ, size)

    def start(self, *command, **options):
        """Start a program whose standard error is the terminal."""
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.follower,
            **options,
        )
        os.close(self.follower)
        self.follower = -1
        return self._process

    def dvclite(self, repo, *words, **options):
        """Start a command in a repository."""
        environ = {**os.environ, "TERM": "xterm", **options.pop("env", {})}
        command = [sys.executable, "-P", "-m", "dvclite", *words]
        return self.start(*command, cwd=repo.root, env=environ, **options)

    def watch(self, until=lambda _lines: False):
        """Look at the screen until something is on it, or nobody writes any more."""
        ends, found = time.monotonic() + PATIENCE, None
        while time.monotonic() < ends:
            try:
                data = os.read(self._leader, 1 << 16)
            except OSError:  # Linux says so that nobody has the other end any more.
                return self.screens[-1] if self.screens else []
            if not data:
                return self.screens[-1]
            text = self._decoder.decode(data)
            self.text += text
            for part in _LINE_BEGINS.split(text):
                self._screen.feed(part)
                self.screens.append(self._screen.lines())
                if until(self.screens[-1]):
                    found = self.screens[-1]
            if found:
                return found
        raise AssertionError(f"it never showed: {self.screens[-1:]}")

    def close(self):
        if self._process is not None:
            self._process.stdout.close()
        for end in (self._leader, self.follower):
            if end >= 0:
                os.close(end)


@pytest.fixture
def terminal():
    """Make a terminal: `terminal(columns, rows) -> Terminal`."""
    if sys.platform == "win32":
        pytest.skip("no pseudo-terminals")
    made = []

    def terminal(columns=80, rows=24):
        made.append(Terminal(columns, rows))
        return made[-1]

    yield terminal
    for one in made:
        one.close()
