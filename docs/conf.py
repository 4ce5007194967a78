"""How Sphinx builds the pages: `sphinx-build -W docs docs/_build`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "remotes"), str(ROOT / "docs")]

import dvclite  # noqa: E402

project = "dvclite"
author = "The dvclite authors"
project_copyright = author
release = dvclite.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "options_table",
    "plain_help",
]
exclude_patterns = ["_build", "decisions/template.md"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
smartquotes = False

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = "dvclite"
