"""Where imported data comes from, as its pointer says it: another repository, or an address.

    frozen: true
    deps:
    - path: data
      repo:
        url: https://example.com/team/data
        rev: v1
        rev_lock: 2756a219…
    outs: …

The schema is DVC's. What a pointer says of another place is hostile until it is proved harmless.
"""

import os
import re
from dataclasses import dataclass
from posixpath import normpath
from typing import Any

from dvclite.errors import HostilePathError
from dvclite.paths import check_path
from dvclite.yamltext import Mapping, Node, Scalar, Sequence, YamlError

_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_NUMBER = re.compile(r"0|[1-9][0-9]*")
_PASSED_OVER_AT_TOP = frozenset({"md5", "meta", "desc"})
_PASSED_OVER = frozenset(
    {
        *("desc", "type", "labels", "meta", "locked", "frozen"),
        *("metric", "persist", "isexec", "size", "nfiles"),
    }
)
FACTS = frozenset({"md5", "size", "nfiles", "etag", "checksum", "version_id"})
"""What a pointer may say of an address: what its data was when it was brought from there."""


@dataclass(frozen=True, slots=True)
class SourceRepo:
    """A git repository that data comes from.

    Attributes:
        url: Its address, as somebody typed it.
        rev: The revision to follow; empty for the head.
        commit: The commit that the data is of; empty where that is not known yet.
        remote: The remote of that repository to fetch from; empty for its default.
        options: Options for that remote, which hold in place of its own.
        config: Settings that hold in place of that repository's own, by section.
    """

    url: str
    rev: str = ""
    commit: str = ""
    remote: str = ""
    options: tuple[tuple[str, str], ...] = ()
    config: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where imported data comes from.

    Attributes:
        path: Relative to the top of the repository that it comes from; else a path or an address.
        home: That repository; None where the data is at an address by itself.
        facts: What was known of an address when the data was brought from it.
    """

    path: str
    home: SourceRepo | None = None
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def is_beside(self) -> bool:
        """Whether it is found by going from the pointer's own folder."""
        return self.home is None and "://" not in self.path and not os.path.isabs(self.path)


def origin_of(top: Mapping) -> Origin | None:
    """Return where the data of a pointer comes from; None if it was made here.

    Args:
        top: All that the pointer says.

    Raises:
        YamlError: That makes no sense.
        HostilePathError: It names a path outside its place.
    """
    deps = top.items.get("deps")
    if not isinstance(deps, Sequence) or len(deps.items) != 1 or "cmd" in top.items:
        return None
    (dep,) = deps.items
    path = dep.text("path") if isinstance(dep, Mapping) else None
    if not isinstance(dep, Mapping) or not path:
        raise YamlError("what it depends on has no path")
    repo = dep.items.get("repo")
    if repo is None:
        facts = [(name, value) for name in sorted(FACTS) if (value := dep.text(name)) is not None]
        return Origin(path, facts=tuple(facts))
    if not isinstance(repo, Mapping):
        raise YamlError("`repo` is not a mapping")
    inner = normpath(path.lstrip("/") or ".")
    if inner != ".":
        try:
            check_path(inner)
        except HostilePathError:
            raise HostilePathError(path, "it is not inside of the repository it is from") from None
    return Origin(inner, _home(repo))


def digest(top: Mapping, text: str) -> str:
    """Return what DVC writes down at the top of an import, to see whether somebody changed it.

    Args:
        top: All that the pointer says.
        text: What that was read from.
    """
    import json
    from hashlib import md5

    values = {
        key: _plain(node, text)
        for key, node in top.items.items()
        if key not in _PASSED_OVER_AT_TOP | _PASSED_OVER
    }
    if values.get("wdir") == ".":
        del values["wdir"]
    return md5(json.dumps(values, sort_keys=True).encode(), usedforsecurity=False).hexdigest()


def _home(repo: Mapping) -> SourceRepo:
    url = repo.text("url")
    if not url:
        raise YamlError("`repo` has no url")
    commit = repo.text("rev_lock") or ""
    if commit and _COMMIT.fullmatch(commit) is None:
        raise YamlError(f"{commit[:80]!r} is not the id of a commit")
    remote = repo.items.get("remote")
    named = remote.value if isinstance(remote, Scalar) else ""
    options = _scalars(remote) if isinstance(remote, Mapping) else {}
    config = repo.items.get("config")
    if isinstance(config, Scalar):
        raise YamlError("`config` names a file, which only DVC reads")
    return SourceRepo(
        url,
        repo.text("rev") or "",
        commit,
        named,
        tuple(options.items()),
        tuple(_settings(config)) if isinstance(config, Mapping) else (),
    )


def _settings(config: Mapping) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    for section, node in config.items.items():
        if not isinstance(node, Mapping):
            raise YamlError(f"`config` has something else than settings in {section!r}")
        if section == "remote":
            for name, options in node.items.items():
                if isinstance(options, Mapping):
                    pairs = _scalars(options).items()
                    found += [(f"remote.{name.lower()}", key, value) for key, value in pairs]
        else:
            found += [(section, key, value) for key, value in _scalars(node).items()]
    return found


def _scalars(node: Mapping) -> dict[str, str]:
    return {key: item.value for key, item in node.items.items() if isinstance(item, Scalar)}


def _plain(node: Node, text: str) -> Any:
    if isinstance(node, Mapping):
        return {
            key: _plain(item, text) for key, item in node.items.items() if key not in _PASSED_OVER
        }
    if isinstance(node, Sequence):
        return [_plain(item, text) for item in node.items]
    if text[node.start : node.end] != node.value:
        return node.value
    if node.value in ("true", "false"):
        return node.value == "true"
    return int(node.value) if _NUMBER.fullmatch(node.value) else node.value
