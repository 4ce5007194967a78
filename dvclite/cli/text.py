"""How names, counts and sizes read."""

from collections.abc import Sequence

FEW = 10
"""How many lines of a kind are shown where nobody asked for all."""

_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def printable(text: str) -> str:
    r"""Return text that a terminal only shows: what would steer it is escaped.

    Bytes of a file name that are no UTF-8 read as `\xff`.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def printable_lines(text: str) -> str:
    """Return text of several lines as `printable` does, its line ends kept."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


def count(number: int, noun: str, plural: str = "") -> str:
    """Return `1 file`, `1,234 files`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def few(lines: Sequence[str], limit: int | None) -> list[str]:
    """Return the first lines and how many more there are; all of them where the limit is None."""
    if limit is None or len(lines) <= limit:
        return list(lines)
    return [*lines[:limit], more(len(lines) - limit)]


def more(number: int) -> str:
    """Return `… and 1,234 more`, in place of what is not shown."""
    return f"… and {number:,} more"


def size(number: float) -> str:
    """Return a number of bytes as `512 B`, `1.2 KiB`, `34 MiB`."""
    if abs(number) < 1024:
        return f"{number:.0f} B"
    for unit in _UNITS:
        number /= 1024
        if abs(number) < 1023.5 or unit == _UNITS[-1]:
            break
    return f"{number:.1f} {unit}" if abs(number) < 99.95 else f"{number:.0f} {unit}"


def joined(words: list[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def extent(files: int | None, number_of_bytes: int) -> str:
    """Return `12 files, 3.4 MiB`.

    Args:
        files: None for a single file.
        number_of_bytes: Negative where that is not known.
    """
    parts = [count(files, "file")] if files is not None else []
    if number_of_bytes >= 0:
        parts.append(size(number_of_bytes))
    return ", ".join(parts)
