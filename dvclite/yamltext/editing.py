"""Values in YAML text: how they are written, and replaced without touching what is not meant."""

import re

from dvclite.yamltext.nodes import Mapping, Node, Scalar, YamlError

# What a YAML reader takes for something other than text, or cannot read back, unless quoted.
# Compiled when something is written.
_NOT_TEXT = r"""(?xs)
    | [-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?
    | 0[xX][0-9a-fA-F_]+ | 0o[0-7_]+ | \d{4}-\d\d?-\d\d?.*
    | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)
    | true | True | TRUE | false | False | FALSE
    | null | Null | NULL | ~ | = | <<
    | (?:[!&*%@`{\[#>|'",\]}]|[-?:](?:\s|$)|---|\.\.\.).*   # marks of syntax
    | .*(?::\s|\s\#).* | .*: | \s.* | .*\s
    """
_ESCAPED = r'["\\\x00-\x1f\x7f-\xa0\ud800-\udfff\u2028\u2029\ufeff]'


def quoted(value: str) -> str:
    """Return a text as a YAML scalar, plain where every reader understands it so."""
    if re.search(_ESCAPED, value) is not None and not value.isprintable():
        return '"' + re.sub(_ESCAPED, _escape, value) + '"'
    if value and re.fullmatch(_NOT_TEXT, value) is None:
        return value
    if "'" in value:
        return '"' + re.sub(_ESCAPED, _escape, value) + '"'
    return f"'{value}'"


def changed(
    text: str,
    mapping: Mapping,
    values: dict[str, str | None],
    renamed: dict[str, str] | None = None,
) -> str:
    """Return a text in which some keys of a mapping have other values.

    Keys that are there keep their place, new ones go to the end, those set to None are removed;
    everything else stays as it is.

    Args:
        text: What `mapping` was read from.
        mapping: The mapping to change. It must hold something.
        values: Written scalars by key.
        renamed: New names of keys, by the old ones; both are plain text. The values go by the
            new ones.
    """
    edits: list[tuple[int, int, str]] = []
    added: list[str] = []
    known = {new: old for old, new in (renamed or {}).items() if old in mapping.items}
    for new, old in known.items():
        place = text.index(old, mapping.keys[old])  # Quotes may stand before it.
        edits.append((place, place + len(old), new))
    for name, value in values.items():
        key = known.get(name, name)
        node = mapping.items.get(key)
        if node is None:
            if value is not None:
                added.append(f"{name}: {value}")
        elif value is None:
            edits.append((*_extent(text, mapping, key), ""))
        elif not isinstance(node, Scalar):
            raise YamlError(f"{key!r} is not a single value")
        elif text[node.start : node.end] != value:
            edits.append((node.start, node.end, value))
    if added:
        place = _end_of_last(text, mapping)
        separator = ", " if mapping.flow else "\n" + " " * _indentation(text, mapping)
        edits.append((place, place, "".join(separator + line for line in added)))
    for start, end, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


def _end(node: Node) -> int:
    """Return where the last scalar in a node ends."""
    if isinstance(node, Scalar):
        return node.end
    if isinstance(node, Mapping):
        return node.end if node.flow or not node.items else _end(list(node.items.values())[-1])
    return _end(node.items[-1]) if node.items else 0


def _end_of_last(text: str, mapping: Mapping) -> int:
    """Return where a further item of a mapping can be written."""
    end = max(_end(node) for node in mapping.items.values())
    if mapping.flow:
        return end
    line_end = text.find("\n", max(end - 1, 0))
    return len(text) if line_end < 0 else line_end


def _extent(text: str, mapping: Mapping, key: str) -> tuple[int, int]:
    """Return from where to where a text goes when an item of a mapping is removed."""
    names = list(mapping.keys)
    place = names.index(key)
    start = mapping.keys[key]
    if place + 1 < len(names):
        return start, mapping.keys[names[place + 1]]
    if mapping.flow and place:
        return _end(mapping.items[names[place - 1]]), _end(mapping.items[key])
    line_start = text.rfind("\n", 0, start)
    return line_start, _end_of_last(text, mapping)


def _indentation(text: str, mapping: Mapping) -> int:
    first = min(mapping.keys.values())
    return first - (text.rfind("\n", 0, first) + 1)


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    if character in '"\\':
        return "\\" + character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
