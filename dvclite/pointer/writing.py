"""Pointer files that say something new.

One that exists is changed in place: comments, order, and keys that mean nothing to us stay as they
are.
"""

from collections.abc import Iterable
from dataclasses import replace
from posixpath import basename, dirname, join, normpath, relpath

from dvclite.hashing import Algorithm, algorithm_of, is_foreign
from dvclite.pointer import Output, Pointer, pointer_path
from dvclite.pointer.origin import FACTS, Origin, digest
from dvclite.pointer.reading import parts_of
from dvclite.yamltext import Mapping, Sequence, changed, quoted

_NO_VERSIONS = {"cloud": None, "files": None}
"""What a pointer says of versions once nothing is known of any."""


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
    place = _place_of(pointer, output)
    known = pointer.outputs[place]
    item = parts_of(pointer.path, pointer.text).items[place]
    del values["path"]
    if known.versions and output.oid != known.oid:
        values |= _NO_VERSIONS  # They are those of what it was.
    before, now = _key(known, algorithm), _key(output, algorithm)
    renamed = {before: now} if now not in item.items else {}
    if before != now and output.oid is None:
        values[before], values["hash"], renamed = values.pop(now), before, {}
    text = changed(pointer.text, item, values, renamed)
    return _with(pointer, place, output, _sealed(pointer.path, text))


def with_contents(pointer: Pointer, outputs: Iterable[Output], algorithm: Algorithm) -> Pointer:
    """Return a pointer that says of some of its outputs what they hold, in another format's words.

    All else that it says, and how, stays.

    Args:
        pointer: The pointer there is.
        outputs: What is known of the content of some of its outputs now.
        algorithm: What the repository's oids are made with.
    """
    for output in outputs:
        place = _place_of(pointer, output)
        known = pointer.outputs[place]
        parts = parts_of(pointer.path, pointer.text)
        key, all_values = _key(output, algorithm), _values(output, algorithm)
        values = {name: all_values[name] for name in (key, "size", "nfiles", "hash")}
        if known.versions:
            values |= _NO_VERSIONS  # By its new name it is on no such remote.
        text = changed(pointer.text, parts.items[place], values, {_key(known, algorithm): key})
        anew = replace(output, versions=(), is_spelled_out=False)
        pointer = _with(pointer, place, anew, _sealed(pointer.path, text))
    return pointer


def moved(pointer: Pointer, output: str) -> Pointer:
    """Return the pointer of a single output for another path of that output."""
    path, parts = pointer_path(output), parts_of(pointer.path, pointer.text)
    text = changed(pointer.text, parts.items[0], {"path": quoted(basename(output))})
    text = changed(text, parts_of(path, text).top, {"wdir": None})
    known = replace(pointer.outputs[0], path=output)
    origin = known.origin
    if origin is not None and origin.is_beside:
        source = _seen_from(dirname(output), normpath(join(parts.folder, origin.path)))
        text = changed(text, _dependency(path, text), {"path": quoted(source)})
        known = replace(known, origin=replace(origin, path=source))
    return Pointer(path, (known,), _sealed(path, text))


def imported(pointer: Pointer, output: Output, algorithm: Algorithm) -> Pointer:
    """Return the pointer of an import that says what was imported now, and of which version.

    Args:
        pointer: The pointer there is.
        output: What is known now, with its origin.
        algorithm: What the repository's oids are made with.
    """
    origin = output.origin
    assert origin is not None, "what was made here has no origin"
    text = with_output(pointer, output, algorithm).text
    dep = _dependency(pointer.path, text)
    if origin.home is None:
        text = changed(text, dep, {**dict.fromkeys(set(dep.items) & FACTS), **_facts(origin)})
    else:
        repo = dep.items["repo"]
        assert isinstance(repo, Mapping), "an import from a repository says from which"
        revisions = {"rev": origin.home.rev, "rev_lock": origin.home.commit}
        known: dict[str, str | None] = {key: quoted(one) for key, one in revisions.items() if one}
        text = changed(text, repo, known)
    return replace(pointer, outputs=(output,), text=_sealed(pointer.path, text))


def _place_of(pointer: Pointer, output: Output) -> int:
    return [known.path for known in pointer.outputs].index(output.path)


def _with(pointer: Pointer, place: int, output: Output, text: str) -> Pointer:
    """Return a pointer with another output in a place of its list."""
    outputs = (*pointer.outputs[:place], output, *pointer.outputs[place + 1 :])
    return replace(pointer, outputs=outputs, text=text)


def _sealed(path: str, text: str) -> str:
    """Return the text of a pointer with DVC's digest of all that it says, where that has to be."""
    top = parts_of(path, text).top
    if not top.items.keys() & {"md5", "deps"}:
        return text
    return changed(text, top, {"md5": quoted(digest(top, text))})


def _seen_from(folder: str, path: str) -> str:
    """Return a path that is relative to the root as one that is relative to a folder there."""
    if path == ".." or path.startswith("../"):
        return "../" * (folder.count("/") + 1 if folder else 0) + path
    return relpath(f"/{path}", f"/{folder}")


def _dependency(path: str, text: str) -> Mapping:
    deps = parts_of(path, text).top.items["deps"]
    assert isinstance(deps, Sequence), "an import depends on something"
    dep = deps.items[0]
    assert isinstance(dep, Mapping), "what an import depends on is a mapping"
    return dep


def _facts(origin: Origin) -> dict[str, str]:
    """Return what is known of an address, as written YAML."""
    return {
        name: value if value.isdigit() and name in ("size", "nfiles") else quoted(value)
        for name, value in origin.facts
    }


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
