"""Errors are drawn once as a tree and listed once by exit code; both are true."""

import re
from pathlib import Path

from dvclite import errors

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "errors.md"


def classes(parent=errors.DvcliteError):
    yield parent
    for child in parent.__subclasses__():
        if child.__module__.startswith(f"{errors.__name__}."):
            yield from classes(child)


def test_every_error_is_had_from_the_package_itself():
    assert {error.__name__ for error in classes()} <= set(errors.__all__)


def test_the_page_lists_every_exit_code():
    listed = {
        int(code) for code in re.findall(r"^\| (\d+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    }

    assert listed == {error.exit_code for error in classes()} | {0, 2, 130, 141}


def test_the_tree_that_is_drawn_is_that_of_the_classes():
    drawn, parents = {}, {}
    for line in errors.__doc__.splitlines():
        if match := re.match(r"    (?P<stem>[ │├└─]*)(?P<name>\w+Error)\b(?P<rest>.*)", line):
            depth = len(match["stem"]) // 3
            code = re.search(r"exit (\d+)", match["rest"])
            parents[depth] = match["name"]
            drawn[match["name"]] = (parents.get(depth - 1), code and int(code[1]))

    assert {name: parent for name, (parent, _) in drawn.items()} == {
        error.__name__: error.__base__.__name__ if error is not errors.DvcliteError else None
        for error in classes()
    }
    assert {name: code for name, (_, code) in drawn.items() if code} == {
        error.__name__: error.exit_code for error in classes() if "exit_code" in vars(error)
    }
