"""What is printed where, and as JSON."""

import json
import os
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

from dvclite.cli.console import Console


class Entry(NamedTuple):
    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Outcome:
    entries: tuple[Entry, ...]
    where: PurePosixPath
    counts: dict[str, int]
    nothing: None = None


def test_results_are_one_json_document_in_ascii(capsys):
    name = os.fsdecode(b"gr\xf6\xdfe\n")
    Console(quiet=True).json([Outcome((Entry(name, 3),), PurePosixPath("a/b"), {"files": 1})])

    printed = capsys.readouterr().out
    assert printed.isascii()
    assert printed.count("\n") == 1
    assert json.loads(printed) == [
        {
            "entries": [{"path": name, "size": 3}],
            "where": "a/b",
            "counts": {"files": 1},
            "nothing": None,
        }
    ]
    assert os.fsencode(json.loads(printed)[0]["entries"][0]["path"]) == b"gr\xf6\xdfe\n"


def test_results_go_to_standard_output_and_the_rest_to_standard_error(capsys):
    console = Console()
    console.say("one", "two")
    console.hint("do")
    console.warn("beware")
    console.error("failed", "next")

    printed = capsys.readouterr()
    assert printed.out == "one\ntwo\n"
    assert printed.err == "hint: do\nwarning: beware\nerror: failed\nhint: next\n"


def test_quiet_leaves_errors_alone(capsys):
    console = Console(quiet=True)
    console.say("one")
    console.hint("do")
    console.warn("beware")
    console.error("failed")

    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "error: failed\n")


def test_without_a_terminal_nobody_can_be_asked():
    assert not Console().can_ask
