"""YAML as text: read without surprises, changed without touching what is not meant.

Only the harmless part of YAML is understood: mappings, lists and scalars, all scalars as the text
they are, no aliases, no tags, nothing deep or large. Every value knows where it stands in the
text, so that one can be replaced while comments, order and style around it stay as they are.
"""

from dvclite.yamltext.editing import changed, quoted
from dvclite.yamltext.nodes import Mapping, Node, Scalar, Sequence, YamlError
from dvclite.yamltext.reading import read

__all__ = ["Mapping", "Node", "Scalar", "Sequence", "YamlError", "changed", "quoted", "read"]
