"""The page that shows a newcomer the house is true."""

import re
import tomllib

import pytest


@pytest.fixture
def rooms_on_the_page(root):
    page = (root / "docs" / "architecture.md").read_text(encoding="utf-8")
    return re.findall(r"^\| [a-z]* ?\| `(\w+)` \|", page, re.MULTILINE)


@pytest.fixture
def floors(root):
    """The rooms to which import-linter gives a floor."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = (
        contract["layers"]
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    return [room for layer in layers for room in re.split(r"[|: ]+", layer)]


def test_the_page_lists_the_rooms_that_the_contract_gives_a_floor(rooms_on_the_page, floors):
    assert sorted(rooms_on_the_page) == sorted(floors)


def test_the_rooms_are_those_of_the_package(rooms_on_the_page, sources):
    inside = [source.module for source in sources if source.module.startswith("dvclite.")]

    assert set(rooms_on_the_page) == {module.split(".")[1] for module in inside}
