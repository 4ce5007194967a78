"""Reading YAML text."""

from typing import Any

from dvclite.yamltext.nodes import Mapping, Node, Scalar, Sequence, YamlError
from dvclite.yamltext.plain import read_plain

_MOST_NODES = 10_000
_DEEPEST = 16


def read(text: str) -> Node | None:
    """Return what a text holds, or None if it is empty.

    Raises:
        YamlError: It is not YAML, or more of it than is understood here.
    """
    plain = read_plain(text)
    if plain is not None:
        return plain
    import yaml  # As heavy as all that a small command does.

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return _Reader(yaml.parse(text, Loader=loader)).document()
    except (yaml.YAMLError, RecursionError) as error:
        problem = getattr(error, "problem", None) or str(error)
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark is not None else ""
        raise YamlError(f"it is not YAML{line} ({problem})") from error


class _Reader:
    """Builds nodes from the events of a YAML parser."""

    def __init__(self, events: Any) -> None:
        self._events = events
        self._nodes = 0

    def document(self) -> Node | None:
        node = None
        for event in self._events:
            kind = type(event).__name__
            if kind in ("StreamStartEvent", "DocumentStartEvent", "DocumentEndEvent"):
                continue
            if kind == "StreamEndEvent":
                break
            if node is not None:
                raise YamlError("it holds more than one document")
            node = self._node(event, 0)
        return node

    def _node(self, event: Any, depth: int) -> Node:
        self._nodes += 1
        kind = type(event).__name__
        if self._nodes > _MOST_NODES or depth > _DEEPEST:
            raise YamlError("it is too large or too deep")
        if kind == "AliasEvent" or event.anchor is not None:
            raise YamlError("it uses anchors or aliases, which are not allowed here")
        if event.tag is not None:
            raise YamlError("it uses tags, which are not allowed here")
        if kind == "ScalarEvent":
            return Scalar(event.value, event.start_mark.index, event.end_mark.index)
        if kind == "SequenceStartEvent":
            return self._sequence(depth)
        return self._mapping(event, depth)

    def _sequence(self, depth: int) -> Sequence:
        items = []
        while type(event := next(self._events)).__name__ != "SequenceEndEvent":
            items.append(self._node(event, depth + 1))
        return Sequence(tuple(items))

    def _mapping(self, start: Any, depth: int) -> Mapping:
        items: dict[str, Node] = {}
        keys: dict[str, int] = {}
        while type(event := next(self._events)).__name__ != "MappingEndEvent":
            key = self._node(event, depth + 1)
            if not isinstance(key, Scalar):
                raise YamlError("a key is not a single value")
            if key.value in items:
                raise YamlError(f"the key {key.value!r} stands twice")
            keys[key.value] = key.start
            items[key.value] = self._node(next(self._events), depth + 1)
        return Mapping(items, keys, event.start_mark.index, bool(start.flow_style))
