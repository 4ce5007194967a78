"""What YAML text holds, and where in the text that stands.

NamedTuples, because there are ten of them in each of many pointers.
"""

from typing import NamedTuple


class YamlError(ValueError):
    """The text is not the kind of YAML that is understood here."""


class Scalar(NamedTuple):
    """A piece of text, and where it stands.

    Attributes:
        value: The text that is meant.
        start: Where its written form begins.
        end: Where its written form ends.
    """

    value: str
    start: int
    end: int


class Mapping(NamedTuple):
    """Values by key, and where they stand.

    Attributes:
        items: Key and value pairs in their order.
        keys: Where each key begins.
        end: Where the mapping ends.
        flow: Whether it is written in braces.
    """

    items: "dict[str, Node]"
    keys: dict[str, int]
    end: int
    flow: bool

    def text(self, key: str) -> str | None:
        """Return the scalar at `key`, or None if it is absent.

        Raises:
            YamlError: Something else is there.
        """
        node = self.items.get(key)
        if node is None:
            return None
        if not isinstance(node, Scalar):
            raise YamlError(f"{key!r} is not a single value")
        return node.value


class Sequence(NamedTuple):
    """Values in a row.

    Attributes:
        items: The values.
    """

    items: "tuple[Node, ...]"


Node = Scalar | Mapping | Sequence
