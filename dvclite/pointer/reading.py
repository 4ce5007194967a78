"""What a pointer file says, checked: nothing in it is trusted."""

import re
from dataclasses import replace
from posixpath import dirname, join, normpath
from typing import NamedTuple

from dvclite.errors import HostilePathError, PointerConflictError, PointerError
from dvclite.hashing import ALGORITHM_NAMES, Algorithm, Oid, is_oid
from dvclite.paths import check_path
from dvclite.pointer import LARGEST, Output, Pointer, is_pointer
from dvclite.pointer.cloudversion import CloudVersion, versions_of
from dvclite.pointer.origin import origin_of
from dvclite.yamltext import Mapping, Sequence, YamlError, read

_CONFLICT = re.compile(r"^(<<<<<<<|>>>>>>>)( |$)", re.MULTILINE)


def parse(path: str, data: bytes, algorithm: Algorithm) -> Pointer:
    """Read a pointer.

    Args:
        path: Where it is, relative to the repository's root.
        data: Its content.
        algorithm: What the repository's oids are made with.

    Raises:
        PointerConflictError: It holds the marks of a merge conflict.
        PointerError: It is not a pointer.
        HostilePathError: It names a path outside its place.
    """
    try:
        if len(data) > LARGEST:
            raise YamlError(f"it is larger than {LARGEST >> 20} MiB")
        text = data.decode("utf-8-sig")
        if _CONFLICT.search(text) is not None:
            raise PointerConflictError(path)
        parts = parts_of(path, text)
        outputs = tuple(_output(item, parts.folder, algorithm) for item in parts.items)
        origin = origin_of(parts.top) if len(outputs) == 1 else None
        if origin is not None:
            # What is from a repository belongs on its remote.
            pushed = outputs[0].pushed and origin.home is None
            outputs = (replace(outputs[0], origin=origin, pushed=pushed),)
    except UnicodeDecodeError as error:
        raise PointerError(path, "it is not UTF-8 text") from error
    except YamlError as error:
        raise PointerError(path, str(error)) from error
    except HostilePathError as error:
        raise error.at(path) from None
    return Pointer(path, outputs, text)


class Parts(NamedTuple):
    """What a pointer consists of.

    Attributes:
        top: All of it.
        folder: What its paths are relative to.
        items: What it says of each output.
    """

    top: Mapping
    folder: str
    items: list[Mapping]


def parts_of(path: str, text: str) -> Parts:
    """Return what a pointer consists of, as far as it is one at all.

    Args:
        path: Where it is, relative to the repository's root.
        text: Its content.

    Raises:
        YamlError: It is not made as pointers are.
    """
    top = read(text)
    if not isinstance(top, Mapping):
        raise YamlError("it does not hold outputs")
    outs = top.items.get("outs")
    if not isinstance(outs, Sequence) or not outs.items:
        raise YamlError("it has no list `outs`")
    items = [item for item in outs.items if isinstance(item, Mapping)]
    if len(items) != len(outs.items):
        raise YamlError("an output is not a mapping")
    return Parts(top, normpath(join(dirname(path), top.text("wdir") or ".")), items)


def _output(item: Mapping, folder: str, algorithm: Algorithm) -> Output:
    path = item.text("path")
    if not path:
        raise YamlError("an output has no path")
    whole = normpath(join(folder, path))
    if path.startswith("/") or "//" in path:
        raise HostilePathError(path, "it is not relative to its pointer")
    check_path(whole)
    if is_pointer(whole):
        raise HostilePathError(path, "it is the name of a pointer")
    oid = _content(item, algorithm)
    versions = _versions(item, algorithm)
    return Output(
        path=whole,
        oid=oid,
        size=_number(item, "size", -1),
        files=_number(item, "nfiles", 0) if oid is not None and oid.endswith(".dir") else None,
        executable=_flag(item, "isexec", default=False),
        desc=item.text("desc"),
        remote=item.text("remote"),
        pushed=_flag(item, "push", default=True),
        cached=_flag(item, "cache", default=True),
        versions=versions,
        is_spelled_out=bool(versions) and oid is None,
    )


def _content(item: Mapping, algorithm: Algorithm) -> Oid | None:
    """Return what an output's content is named by here, if that is known."""
    oid = item.text(algorithm.name)
    if oid is None:
        named, other = _other_algorithm(item, algorithm), algorithm.other
        if named is None:
            return None
        if other is None or named != other.name:
            raise YamlError(f"its hash is {named}, where the repository's are {algorithm.name}")
        foreign = _content(item, other)
        return Oid(algorithm.other_mark + foreign) if foreign is not None else None
    if not is_oid(oid, algorithm):
        raise YamlError(f"{oid!r} is not a {algorithm.name} hash")
    is_older = algorithm.older is not None and item.text("hash") is None
    mark = algorithm.older.mark if algorithm.older is not None and is_older else ""
    return Oid(mark + oid)


def _versions(item: Mapping, algorithm: Algorithm) -> tuple[CloudVersion, ...]:
    """Return where versions of an output are, by the names that they have here."""
    found, other = versions_of(item, algorithm), algorithm.other
    if found or other is None:
        return found
    return tuple(
        version._replace(oid=Oid(algorithm.other_mark + version.oid))
        for version in versions_of(item, other)
    )


def _other_algorithm(item: Mapping, algorithm: Algorithm) -> str | None:
    """Return what an output's content is named by, if not by what the repository uses."""
    named = item.text("hash") or next(
        (name for name in ALGORITHM_NAMES if name in item.items), None
    )
    return named if named != algorithm.name else None


def _number(item: Mapping, key: str, default: int) -> int:
    text = item.text(key)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise YamlError(f"{key} is not a number")
    return int(text)


def _flag(item: Mapping, key: str, *, default: bool) -> bool:
    text = item.text(key)
    if text is None:
        return default
    if text.lower() not in ("true", "false"):
        raise YamlError(f"{key} is neither true nor false")
    return text.lower() == "true"
