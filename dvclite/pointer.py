"""The small YAML file that git tracks in place of data.

    outs:
    - blake3: 5f1c0a…
      size: 14445097
      nfiles: 1000
      hash: blake3
      path: images

The schema is DVC's; the key that holds the oid is the algorithm's name. A pointer that exists is
changed in place: comments, order, and keys that mean nothing to us stay as they are.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from posixpath import basename, dirname, join, normpath
from typing import NamedTuple

from dvclite.cloudversion import CloudVersion, versions_of
from dvclite.errors import HostilePathError, PointerConflictError, PointerError
from dvclite.hashing import ALGORITHM_NAMES, Algorithm, Oid, algorithm_of, is_foreign, is_oid
from dvclite.origin import FACTS, Origin, digest, origin_of
from dvclite.paths import check_path
from dvclite.yamltext import Mapping, Sequence, YamlError, changed, quoted, read

SUFFIX = ".dvc"
LARGEST = 1 << 20
"""A pointer of more bytes than this is refused."""

_CONFLICT = re.compile(r"^(<<<<<<<|>>>>>>>)( |$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Output:
    """A file or directory that a pointer names.

    Attributes:
        path: Relative to the repository's root, with `/` between its parts.
        oid: Its content, a tree's for a directory; None where it was never computed.
        size: In bytes, of all files together; -1 where it is not recorded.
        files: How many files a directory has; None for a file.
        executable: Whether the owner of a file may run it.
        desc: What the user says about it.
        remote: The remote it goes to instead of the default one.
        pushed: Whether `push` takes it along.
        cached: Whether its content is kept in the cache at all.
        origin: Where it was imported from; None if it was made here.
        versions: Where versions of it, or of the files in it, are on a remote that keeps versions.
        is_spelled_out: Whether the pointer lists what is in it, in place of an oid.
    """

    path: str
    oid: Oid | None
    size: int = -1
    files: int | None = None
    executable: bool = False
    desc: str | None = None
    remote: str | None = None
    pushed: bool = True
    cached: bool = True
    origin: Origin | None = None
    versions: tuple[CloudVersion, ...] = ()
    is_spelled_out: bool = False

    @property
    def is_directory(self) -> bool:
        """Whether its content is a tree."""
        return self.oid is not None and self.oid.endswith(".dir")


@dataclass(frozen=True, slots=True)
class Pointer:
    """A pointer file.

    Attributes:
        path: The file itself, relative to the repository's root.
        outputs: What it names: one output as a rule.
        text: Its content.
        read_only: Whether another program makes what it names, and alone changes it.
    """

    path: str
    outputs: tuple[Output, ...]
    text: str
    read_only: bool = False


def pointer_path(output: str) -> str:
    """Return where the pointer of an output belongs: beside it."""
    return output + SUFFIX


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
        parts = _parts(path, text)
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


def with_output(pointer: Pointer | None, output: Output, algorithm: Algorithm) -> Pointer:
    """Return a pointer that says what is known of an output now.

    Args:
        pointer: The pointer there is, which names the output; None for a new one.
        output: What is known now.
        algorithm: What the repository's oids are made with.
    """
    values = _values(output, algorithm)
    if pointer is None:
        lines = [f"{key}: {value}" for key, value in values.items() if value is not None]
        text = "outs:\n- " + "\n  ".join(lines) + "\n"
        return Pointer(pointer_path(output.path), (output,), text)
    items = _parts(pointer.path, pointer.text).items
    place = [known.path for known in pointer.outputs].index(output.path)
    del values["path"]
    if pointer.outputs[place].versions and output.oid != pointer.outputs[place].oid:
        values |= {"cloud": None, "files": None}  # They are those of what it was.
    before, now = _key(pointer.outputs[place], algorithm), _key(output, algorithm)
    renamed = {before: now} if now not in items[place].items else {}
    if before != now and output.oid is None:
        values[before], values["hash"], renamed = values.pop(now), before, {}
    text = changed(pointer.text, items[place], values, renamed)
    outputs = (*pointer.outputs[:place], output, *pointer.outputs[place + 1 :])
    return replace(pointer, outputs=outputs, text=text)


def with_contents(pointer: Pointer, outputs: Iterable[Output], algorithm: Algorithm) -> Pointer:
    """Return a pointer that says of some of its outputs what they hold, in another format's words.

    All else that it says, and how, stays.

    Args:
        pointer: The pointer there is.
        outputs: What is known of the content of some of its outputs now.
        algorithm: What the repository's oids are made with.
    """
    for output in outputs:
        items = _parts(pointer.path, pointer.text).items
        place = [known.path for known in pointer.outputs].index(output.path)
        known = pointer.outputs[place]
        values = _values(output, algorithm)
        values = {key: values[key] for key in (_key(output, algorithm), "size", "nfiles", "hash")}
        if known.versions:
            values |= {"cloud": None, "files": None}  # By its new name it is on no such remote.
        renamed = {_key(known, algorithm): _key(output, algorithm)}
        text = changed(pointer.text, items[place], values, renamed)
        top = _parts(pointer.path, text).top
        if "md5" in top.items:
            text = changed(text, top, {"md5": quoted(digest(top, text))})
        anew = replace(output, versions=(), is_spelled_out=False)
        both = (*pointer.outputs[:place], anew, *pointer.outputs[place + 1 :])
        pointer = replace(pointer, outputs=both, text=text)
    return pointer


def moved(pointer: Pointer, output: str) -> Pointer:
    """Return the pointer of a single output for another path of that output."""
    items = _parts(pointer.path, pointer.text).items
    text = changed(pointer.text, items[0], {"path": quoted(basename(output))})
    return Pointer(pointer_path(output), (replace(pointer.outputs[0], path=output),), text)


def imported(pointer: Pointer, output: Output, algorithm: Algorithm) -> Pointer:
    """Return the pointer of an import that says what was imported now, and of which version.

    Args:
        pointer: The pointer there is.
        output: What is known now, with its origin.
        algorithm: What the repository's oids are made with.
    """
    assert output.origin is not None, "what was made here has no origin"
    text = with_output(pointer, output, algorithm).text
    home = output.origin.home
    dep = _dependency(pointer.path, text)
    if home is None:
        values = {
            name: value if value.isdigit() and name in ("size", "nfiles") else quoted(value)
            for name, value in output.origin.facts
        }
        text = changed(text, dep, {**dict.fromkeys(set(dep.items) & FACTS), **values})
    else:
        repo = dep.items["repo"]
        assert isinstance(repo, Mapping), "an import from a repository says from which"
        revisions = {"rev": home.rev, "rev_lock": home.commit}
        text = changed(
            text, repo, {key: quoted(value) for key, value in revisions.items() if value}
        )
    top = _parts(pointer.path, text).top
    text = changed(text, top, {"md5": quoted(digest(top, text))})
    return replace(pointer, outputs=(output,), text=text)


def _dependency(path: str, text: str) -> Mapping:
    deps = _parts(path, text).top.items["deps"]
    assert isinstance(deps, Sequence), "an import depends on something"
    dep = deps.items[0]
    assert isinstance(dep, Mapping), "what an import depends on is a mapping"
    return dep


class _Parts(NamedTuple):
    """What a pointer consists of.

    Attributes:
        top: All of it.
        folder: What its paths are relative to.
        items: What it says of each output.
    """

    top: Mapping
    folder: str
    items: list[Mapping]


def _parts(path: str, text: str) -> _Parts:
    top = read(text)
    if not isinstance(top, Mapping):
        raise YamlError("it does not hold outputs")
    outs = top.items.get("outs")
    if not isinstance(outs, Sequence) or not outs.items:
        raise YamlError("it has no list `outs`")
    items = [item for item in outs.items if isinstance(item, Mapping)]
    if len(items) != len(outs.items):
        raise YamlError("an output is not a mapping")
    return _Parts(top, normpath(join(dirname(path), top.text("wdir") or ".")), items)


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


def _values(output: Output, algorithm: Algorithm) -> dict[str, str | None]:
    """Return what a pointer says of an output, as written YAML, in DVC's order."""
    made_with = algorithm if output.oid is None else algorithm_of(output.oid, algorithm)
    key = _key(output, algorithm)
    is_older = made_with.name != key
    return {
        key: quoted(output.oid[len(made_with.mark) :]) if output.oid else None,
        "size": str(output.size) if output.size >= 0 else None,
        "nfiles": str(output.files) if output.files is not None else None,
        "isexec": "true" if output.executable else None,
        "hash": key if not is_older else None,
        "path": quoted(basename(output.path)),
        "desc": quoted(output.desc) if output.desc is not None else None,
    }


def _key(output: Output, algorithm: Algorithm) -> str:
    """Return under which key a pointer says what an output holds."""
    if output.oid is not None and is_foreign(output.oid, algorithm):
        assert algorithm.other is not None
        return algorithm.other.name
    return algorithm.name


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


def is_pointer(path: str) -> bool:
    """Say whether a file's name is that of a pointer."""
    return path.endswith(SUFFIX) and basename(path) != SUFFIX
