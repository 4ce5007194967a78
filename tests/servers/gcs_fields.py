"""The part of an answer that a `fields` parameter asks for, as in `items(name,size),kind`."""

import re


def pick(value: object, fields: str) -> object:
    """Return what of `value` the expression names; a server gives no more than it is asked for."""
    wanted = _parse(fields)
    return value if "*" in wanted else _pick(value, wanted)


def _pick(value: object, wanted: dict[str, str]) -> object:
    if isinstance(value, list):
        return [_pick(item, wanted) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: pick(value[name], inner) if inner else value[name]
        for name, inner in wanted.items()
        if name in value
    }


def _parse(fields: str) -> dict[str, str]:
    """Return the names on the first level, each with the expression for what is below it."""
    wanted: dict[str, str] = {}
    depth, name, inner = 0, "", ""
    for token in [*re.findall(r"[^(),/]+|.", fields), ","]:
        if token == "," and depth == 0:
            wanted[name.strip()] = inner
            name, inner = "", ""
        elif token == ")" and depth == 1:
            depth = 0
        elif depth:
            depth += {"(": 1, ")": -1}.get(token, 0)
            inner += token
        elif token == "(":
            depth = 1
        else:
            name += token
    return wanted
