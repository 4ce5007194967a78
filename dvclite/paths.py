"""Paths that come from files: what makes one safe to use under a folder of ours.

The rules follow those that git arrived at: a path from a pointer, a tree or a configuration is
hostile until it is relative, normalised, and names nothing that git or dvclite keep for
themselves, in any spelling that a file system might take for the same.
"""

import os
import re
import unicodedata
from posixpath import dirname, isabs, join, normpath

from dvclite.errors import HostilePathError

_LONGEST_PATH = 4096
_LONGEST_PART = 255

# A path that this does not find anything in has no part that needs a closer look.
_SUSPICIOUS = re.compile(r"(?:^|/)(?:\.|[^/]*~|/|$)|[^\x01-\x7f]", re.DOTALL)

_RESERVED = frozenset({".git", ".dvc", ".dvclite", ".hg"})
_RESERVED_SHORT = re.compile(r"(?:git|dvc|dvclit|hg)~\d+", re.IGNORECASE)

# Code points that HFS+ leaves out when it compares names.
_IGNORED_BY_HFS = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF]
)

_WINDOWS_FORBIDDEN = re.compile(r'[\x00-\x1f<>:"|?*\\]')
_WINDOWS_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?: *\..*)? *", re.IGNORECASE
)


def check_path(path: str) -> None:
    """Return if `path` is safe to resolve under a folder.

    Args:
        path: With `/` between its parts; bytes that are not UTF-8 as lone surrogates.

    Raises:
        HostilePathError: It is not, and why.
    """
    if len(path) > _LONGEST_PATH:
        raise HostilePathError(path[:60] + "…", f"longer than {_LONGEST_PATH} characters")
    if _SUSPICIOUS.search(path) is not None or len(path) > _LONGEST_PART:
        for part in path.split("/"):
            _check_part(part, path)
    if os.name == "nt":
        for part in path.split("/"):
            _check_windows_part(part, path)


def is_reserved(name: str) -> bool:
    """Say whether a file system might take `name` for a folder of git's or our own."""
    plain = unicodedata.normalize("NFKC", name.translate(_IGNORED_BY_HFS)).casefold()
    return (
        plain.rstrip(". ").partition(":")[0] in _RESERVED
        or _RESERVED_SHORT.fullmatch(plain) is not None
    )


def _check_part(part: str, path: str) -> None:
    if not part:
        raise HostilePathError(path, "it is absolute, or has an empty part")
    if part in (".", ".."):
        raise HostilePathError(path, f"it has a part {part!r}")
    if "\0" in part:
        raise HostilePathError(path, "it has a NUL character")
    if _length(part, path) > _LONGEST_PART:
        raise HostilePathError(path, f"it has a part longer than {_LONGEST_PART} bytes")
    if is_reserved(part):
        raise HostilePathError(path, f"{part!r} belongs to git or dvclite")


def _length(part: str, path: str) -> int:
    try:
        return len(os.fsencode(part))
    except UnicodeEncodeError:
        raise HostilePathError(path, "it has characters that no file name can have") from None


def _check_windows_part(part: str, path: str) -> None:
    if _WINDOWS_FORBIDDEN.search(part) or part.endswith((".", " ")):
        raise HostilePathError(path, "Windows has no such file names")
    if _WINDOWS_DEVICE.fullmatch(part):
        raise HostilePathError(path, f"{part!r} is a device on Windows")


def check_link(path: str, target: str) -> None:
    """Return if a symbolic link in a tree leads to a place in the same tree.

    Args:
        path: Of the link, relative to the tree's root.
        target: What it says.

    Raises:
        HostilePathError: It leads elsewhere.
    """
    reached = normpath(join(dirname(path), target))
    if not target or isabs(target) or "\0" in target or reached.split("/")[0] == "..":
        raise HostilePathError(path, f"it is a symbolic link that leads outside, to {target!r}")
    if any(is_reserved(part) for part in reached.split("/")):
        raise HostilePathError(path, f"it is a symbolic link into what is git's, {target!r}")
