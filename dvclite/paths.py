"""Paths that come from files: what makes one safe to use under a folder of ours.

The rules follow those that git arrived at: a path from a pointer, a tree or a configuration is
hostile until it is relative, normalised, and names nothing that git or dvclite keep for
themselves, in any spelling that a file system might take for the same.
"""

import os
import re
import unicodedata
from collections.abc import Sequence
from posixpath import dirname, isabs, join, normpath

from dvclite.errors import HostilePathError

_LONGEST_PATH = 4096
_LONGEST_PART = 255

# Most parts need no closer look: they are ASCII, begin with no dot and have no tilde. The sets say
# what may stand there and not what may not: compiling one that reaches to the end of Unicode takes
# longer than all other regular expressions that every command needs.
# No possessive quantifiers: before Python 3.11.5 those with a bound do not keep to it.
_PLAIN_PART = r"[\x01-\-0-}\x7f][\x01-.0-}\x7f]{0,254}"
_PLAIN = re.compile(rf"(?:{_PLAIN_PART}/)*{_PLAIN_PART}")

# Windows knows `.git` as `GIT~1` too, and takes no notice of dots and spaces at the end of a name
# nor of what follows a colon.
_RESERVED = re.compile(
    r"(?:\.(?:git|dvc|dvclite|hg)|(?:git|dvc|dvclit|hg)~\d+)[. ]*(?:[:\\].*)?", re.DOTALL
)

# Code points that HFS+ leaves out when it compares names.
_IGNORED_BY_HFS = re.compile(r"[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")

_WINDOWS_FORBIDDEN = re.compile(r'[\x00-\x1f<>:"|?*\\]')
_LEADS_OUT_ON_WINDOWS = re.compile(r"[\\:]")
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
    if _PLAIN.fullmatch(path) is None:
        for part in path.split("/"):
            _check_part(part, path)
    if os.name == "nt":
        for part in path.split("/"):
            _check_windows_part(part, path)


def are_plain(paths: Sequence[str]) -> bool:
    """Say whether all of some paths are safe at first sight; `check_path` takes a closer look."""
    if os.name == "nt" or len(max(paths, key=len)) > _LONGEST_PATH:
        return False
    return all(map(_PLAIN.fullmatch, paths))


def is_reserved(name: str) -> bool:
    """Say whether a file system might take `name` for a folder of git's or our own."""
    plain = unicodedata.normalize("NFKC", _IGNORED_BY_HFS.sub("", name)).casefold()
    return _RESERVED.fullmatch(plain) is not None


def _check_part(part: str, path: str) -> None:
    if _PLAIN.fullmatch(part) is not None:
        return
    if not part:
        raise HostilePathError(path, "it is absolute, or has an empty part")
    if part in (".", ".."):
        raise HostilePathError(path, f"it has a part {part!r}")
    if "\0" in part:
        raise HostilePathError(path, "it has a NUL character")
    if len(_encoded(part, path)) > _LONGEST_PART:
        raise HostilePathError(path, f"it has a part longer than {_LONGEST_PART} bytes")
    if is_reserved(part):
        raise HostilePathError(path, f"{part!r} belongs to git or dvclite")


def _encoded(part: str, path: str) -> bytes:
    try:
        name = os.fsencode(part)
    except UnicodeEncodeError:
        raise HostilePathError(path, "it has characters that no file name can have") from None
    # Lone surrogates may stand for bytes that make up a character: a second way to write a name.
    if os.fsdecode(name) != part:
        raise HostilePathError(path, "it spells characters as single bytes")
    return name


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
    if not target or "\0" in target or len(_encoded(target, path)) >= _LONGEST_PATH:
        raise HostilePathError(path, f"no symbolic link can say {target[:60]!r}")
    reached = normpath(join(dirname(path), target))
    leads_out = isabs(target) or reached.split("/")[0] == ".."
    if leads_out or (os.name == "nt" and _LEADS_OUT_ON_WINDOWS.search(target)):
        raise HostilePathError(path, f"it is a symbolic link that leads outside, to {target!r}")
    if any(is_reserved(part) for part in reached.split("/")):
        raise HostilePathError(path, f"it is a symbolic link into what is git's, {target!r}")
