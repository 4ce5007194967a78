"""A few lines at the lower end of a terminal that are drawn again and again."""

import os
import sys
from collections.abc import Sequence
from typing import TextIO
from unicodedata import combining, east_asian_width

_USUAL = os.terminal_size((80, 24))


class Frame:
    """Draws lines over those that were drawn last, in one write, so that nothing flickers.

    Attributes:
        is_gone: Whether the terminal takes nothing any more.
    """

    def __init__(self, stream: TextIO) -> None:
        """Draw on the terminal that `stream` writes to."""
        self.is_gone = False
        self._stream = stream
        self._moves = _moves_cursor()
        self._width = self._height = 0

    def size(self) -> tuple[int, int]:
        """Return how many columns a line may have, and how many lines there may be."""
        try:
            columns, rows = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError):
            columns, rows = _USUAL
        columns, rows = columns or _USUAL.columns, rows or _USUAL.lines
        return columns - 1, max(1, rows - 2) if self._moves else 1

    def draw(self, lines: Sequence[str]) -> None:
        """Show lines in place of those drawn last; none wipes these off.

        Args:
            lines: As many as `size` allows; too long ones are cut.
        """
        columns, _rows = self.size()
        shown = [cut(self._encodable(line), columns) for line in lines]
        if shown or self._height:
            self._write(self._text(shown))
        self._height = len(shown)
        self._width = width(shown[0]) if shown else 0

    def _text(self, lines: Sequence[str]) -> str:
        if max(len(lines), self._height) < 2:
            # Blanks and not escapes: every terminal knows those.
            line = lines[0] if lines else ""
            return "\r" + line + " " * (self._width - width(line)) + ("" if line else "\r")
        # The cursor rests on the first line: below it, all is ours.
        up = f"\x1b[{len(lines) - 1}A" if len(lines) > 1 else ""
        return "\r" + "\x1b[K\r\n".join(lines) + "\x1b[J" + up + "\r"

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self.is_gone = True

    def _encodable(self, line: str) -> str:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        return line.encode(encoding, "backslashreplace").decode(encoding)


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes that has nothing unprintable."""
    if text.isascii():
        return len(text)
    return sum(_columns_of(character) for character in text)


def cut(text: str, columns: int) -> str:
    """Return the beginning of a text, as much as so many columns hold."""
    if width(text) <= columns:
        return text
    taken = 0
    for position, character in enumerate(text):
        taken += _columns_of(character)
        if taken > columns:
            return text[:position]
    return text


def ending(text: str, columns: int) -> str:
    """Return the end of a text after `…`, as much as so many columns hold; all of it if that fits."""
    if width(text) <= columns:
        return text
    return "…" + cut(text[::-1], columns - 1)[::-1]


def _columns_of(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def _moves_cursor() -> bool:
    """Say whether the terminal knows escapes that move the cursor."""
    if sys.platform != "win32":
        return os.environ.get("TERM", "dumb") != "dumb"
    import ctypes

    # A console knows them once it is told to.
    kernel = ctypes.WinDLL("kernel32")
    console, mode = kernel.GetStdHandle(-12), ctypes.c_ulong()
    if not kernel.GetConsoleMode(console, ctypes.byref(mode)):
        return False
    return bool(kernel.SetConsoleMode(console, mode.value | 4))
