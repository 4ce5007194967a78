"""Outputs that DVC's pipelines make: `dvc.lock` says what they hold, `dvc.yaml` what is to be done.

Both are read and never written: running pipelines is DVC's work.
"""

import fnmatch
import glob
import re
from collections.abc import Iterator, Mapping
from posixpath import basename, dirname, join, normpath
from typing import Any, NamedTuple

from dvclite.errors import HostilePathError, PointerConflictError, PointerError
from dvclite.hashing import Algorithm, Oid, is_oid
from dvclite.paths import check_path
from dvclite.pointer import Output, Pointer

LOCK = "dvc.lock"
"""The files that say what the outputs of pipelines hold."""

LARGEST = 16 << 20
"""A file of more bytes than this is refused."""

STAGES = "dvc.yaml"
"""The files beside them that say what is to be done."""

_COMPUTED = re.compile(r"\$\{[^}]*\}")
_CONFLICT = re.compile(rb"^(<<<<<<<|>>>>>>>)( |$)", re.MULTILINE)


class _Flags(NamedTuple):
    """What `dvc.yaml` says of an output beside its path."""

    path: re.Pattern[str]
    cached: bool
    pushed: bool
    remote: str | None


_PLAIN = _Flags(re.compile(""), cached=True, pushed=True, remote=None)


def is_lock(path: str) -> bool:
    """Say whether a file's name is that of a lock file."""
    return basename(path) == LOCK


def stages_path(path: str) -> str:
    """Return where the stages stand that a lock file is about: beside it."""
    return join(dirname(path), STAGES)


def parse_lock(path: str, data: bytes, stages: bytes | None, algorithm: Algorithm) -> Pointer:
    """Read what the outputs of pipelines hold.

    Args:
        path: Where the lock file is, relative to the repository's root.
        data: Its content.
        stages: The content of the `dvc.yaml` beside it; None where that is not known, so that
            every stage counts, and every output as one that is cached.
        algorithm: What the repository's oids are made with.

    Raises:
        PointerError: It is not such a file, or the one beside it is not.
        PointerConflictError: It holds the marks of a merge conflict.
        HostilePathError: It names a path outside its place.
    """
    if _CONFLICT.search(data) is not None:
        raise PointerConflictError(path)
    top = _loaded(path, data)
    locked = _mapping(top.get("stages")) if "schema" in top else top
    plans = (
        _mapping(_loaded(stages_path(path), stages).get("stages")) if stages is not None else None
    )
    outputs: list[Output] = []
    for name, entry in locked.items():
        plan = plans.get(name.partition("@")[0]) if plans is not None else {}
        if plan is not None:  # What is locked for a stage that is gone means nothing.
            outputs += _outputs(path, name, _mapping(entry), _plan(plan), algorithm)
    return Pointer(path, tuple(outputs), "", read_only=True)


def _plan(plan: object) -> Mapping[str, Any]:
    """Return what is said of a stage, or of each of those that are made in a loop."""
    whole = _mapping(plan)
    return _mapping(whole["do"]) if "do" in whole else whole


def _outputs(
    path: str,
    stage: str,
    entry: Mapping[str, Any],
    plan: Mapping[str, Any],
    algorithm: Algorithm,
) -> Iterator[Output]:
    folder = str(plan.get("wdir") or ".")
    outs = entry.get("outs") or []
    if not isinstance(outs, list):
        raise PointerError(path, f"the outputs of {stage} are no list")
    flags = list(_flags(plan))
    for item in outs:
        out = _mapping(item)
        name = out.get("path")
        if not isinstance(name, str) or not name:
            raise PointerError(path, f"an output of {stage} has no path")
        if "://" in name or name.startswith("/"):
            continue  # Data elsewhere, which is no business of the repository.
        if _COMPUTED.search(folder):
            raise PointerError(
                path,
                f"the working folder of {stage} is computed, which only DVC can do",
                hint="write the folder out in dvc.yaml, or use DVC for this pipeline",
            )
        known = next((each for each in flags if each.path.fullmatch(name)), _PLAIN)
        yield _output(path, normpath(join(dirname(path), folder, name)), out, known, algorithm)


def _output(
    path: str, whole: str, out: Mapping[str, Any], flags: _Flags, algorithm: Algorithm
) -> Output:
    try:
        check_path(whole)
    except HostilePathError as error:
        raise error.at(path) from None
    oid = out.get(algorithm.name)
    if oid is not None and (not isinstance(oid, str) or not is_oid(oid, algorithm)):
        raise PointerError(path, f"{oid!r} is not a {algorithm.name} hash")
    older = algorithm.older
    mark = older.mark if older is not None and "hash" not in out else ""
    is_directory = oid is not None and oid.endswith(".dir")
    return Output(
        path=whole,
        oid=Oid(mark + oid) if oid is not None else None,
        size=_number(out.get("size"), -1),
        files=_number(out.get("nfiles"), 0) if is_directory else None,
        executable=out.get("isexec") == "true",
        remote=flags.remote,
        pushed=flags.pushed,
        cached=flags.cached,
    )


def _flags(plan: Mapping[str, Any]) -> Iterator[_Flags]:
    for section in ("outs", "metrics", "plots"):
        items = plan.get(section)
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict):
                yield from (_flag(str(name), _mapping(said)) for name, said in item.items())


def _flag(name: str, said: Mapping[str, Any]) -> _Flags:
    """Return what is said of a path, in which names of loops and parameters may stand for parts."""
    pattern = "*".join(glob.escape(part) for part in _COMPUTED.split(name))
    remote = said.get("remote")
    return _Flags(
        re.compile(fnmatch.translate(pattern)),
        cached=said.get("cache") != "false",
        pushed=said.get("push") != "false",
        remote=remote if isinstance(remote, str) else None,
    )


def _loaded(path: str, data: bytes) -> Mapping[str, Any]:
    import yaml

    if len(data) > LARGEST:
        raise PointerError(path, f"it is larger than {LARGEST >> 20} MiB")
    # All values as the text they are: nothing that a file says makes anything but text.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return _mapping(yaml.load(data, Loader=loader))  # noqa: S506 - it makes text alone
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        raise PointerError(path, f"it is not YAML ({error})") from error


def _mapping(node: object) -> Mapping[str, Any]:
    return node if isinstance(node, dict) else {}


def _number(text: object, default: int) -> int:
    if not isinstance(text, str) or not text.isascii() or not text.isdigit() or len(text) > 18:
        return default
    return int(text)
