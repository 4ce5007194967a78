"""Reading the plainest of YAML text: a list of mappings, as nearly all pointers are.

    outs:
    - blake3: 5f1c0a…
      size: 14445097
      hash: blake3
      path: images

A reader of all of YAML takes longer to load than such a text is worth, and ten times as long to
read it.
"""

import re

from dvclite.yamltext.nodes import Mapping, Node, Scalar, Sequence

_LONGEST = 4096
_TITLE = re.compile(r"([a-z]+):\n(?=- )")
# Such a value means nothing else to any reader, wherever it stands.
_LINE = re.compile(r"(- |  )([a-z][a-z0-9_]*): ([A-Za-z0-9_./][A-Za-z0-9_./+-]*)\n")


def read_plain(text: str) -> Mapping | None:
    """Return what a text holds, or None if it is not plain enough to tell."""
    title = _TITLE.match(text)
    if title is None or len(text) > _LONGEST:
        return None
    found: list[Mapping] = []
    items: dict[str, Node] = {}
    keys: dict[str, int] = {}
    place = title.end()
    while place < len(text):
        line = _LINE.match(text, place)
        if line is None:
            return None
        mark, key, value = line.groups()
        if mark == "- " and items:
            found.append(Mapping(items, keys, place, flow=False))
            items, keys = {}, {}
        if key in items:
            return None
        keys[key] = line.start(2)
        items[key] = Scalar(value, line.start(3), line.end(3))
        place = line.end()
    found.append(Mapping(items, keys, place, flow=False))
    return Mapping({title[1]: Sequence(tuple(found))}, {title[1]: 0}, place, flow=False)
