"""The product's source code, as text that was parsed and never imported."""

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Source:
    """One module: its dotted name, its file, its syntax tree."""

    module: str
    path: Path
    tree: ast.Module

    def place(self, node):
        return f"{self.path.relative_to(ROOT).as_posix()}:{node.lineno}: {ast.unparse(node)[:80]}"


def _module(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part not in {"remotes", "__init__"})


@pytest.fixture(scope="session")
def root():
    """The top of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def sources():
    """Every module of the core and of the plugins."""
    paths = [*ROOT.glob("dvclite/**/*.py"), *ROOT.glob("remotes/**/*.py")]
    return [Source(_module(path), path, ast.parse(path.read_bytes())) for path in sorted(paths)]
