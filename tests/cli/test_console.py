"""What is printed where, and as JSON."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

import pytest

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


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize(
    ("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colours_are_for_terminals_that_want_them(data, variables, coloured):
    import pty

    data.write("images/owl.txt")
    environ = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "dvclite", "status"],
        cwd=data.root,
        env={**environ, "TERM": "xterm", **variables},
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    assert process.wait(timeout=60) == 0
    shown = os.read(leader, 100_000).decode()
    os.close(leader)

    assert "images/owl.txt" in shown
    assert ("\x1b[32mA\x1b[0m" in shown) == coloured
    assert ("\x1b[36mhint:\x1b[0m" in shown) == coloured
    assert ("\x1b" in shown) == coloured
