"""Reads the commands out of a page, and types them in as a reader would.

In a page, a fenced block called `console` holds commands behind `$ ` (further lines of one behind
`> `) and what they print. All of a page's commands run in order in one shell, in a git repository
with nothing in it. A command must succeed; what is shown below it must be what it prints, where
`...` stands for any text, or on a line of its own for any lines. A block called `pycon` is a
doctest. Comments that readers do not see say the rest, each about the block that follows:

    <!-- $ mkdir raw -->            type this too, without showing it
    <!-- file: train.py -->         the block is a file: write it
    <!-- exits: 1 -->               its last command ends with this code
    <!-- not run: needs a bucket -->   leave the block out, for this reason
"""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

FENCE = re.compile(r"^(?P<indent> *)(?P<fence>```+|~~~+)(?P<language>.*)$")
COMMENT = re.compile(r"^ *<!--(?P<text>.*?)-->", re.DOTALL | re.MULTILINE)
SHELLS = {"bash", "sh", "shell", "shell-session", "zsh", "bat", "powershell"}


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a reader does: a command, or a file to write."""

    line: int
    command: str = ""
    shown: str | None = None
    exit_code: int = 0
    path: str = ""
    content: str = ""


@dataclass(slots=True)
class Page:
    """What a page asks its reader to do, and what in it breaks the rules above."""

    steps: list[Step] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def read_page(text):
    """Return the steps of a page."""
    page = Page()
    notes = {}
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        if lines[number].lstrip().startswith("<!--"):
            number, comment = _until(lines, number, lambda line: "-->" in line)
            _take_comment(page, notes, number, "\n".join(comment))
        elif match := FENCE.match(lines[number]):
            start = number + 1
            number, block = _until(lines, start, _closes(match))
            body = [line.removeprefix(match["indent"]) for line in block[:-1]]
            _take_block(page, notes, start + 1, match["language"].strip(), body)
            notes = {}
        elif lines[number].strip():
            notes = {}
            number += 1
        else:
            number += 1
    return page


def _until(lines, number, is_last):
    """Return the lines from `number` up to the first that `is_last`, and the number after it."""
    end = number
    while end < len(lines) - 1 and not is_last(lines[end]):
        end += 1
    return end + 1, lines[number : end + 1]


def _closes(opening):
    return lambda line: line.strip() == opening["fence"]


def _take_comment(page, notes, line, comment):
    text = comment.strip().removeprefix("<!--").removesuffix("-->").strip()
    if text.startswith("$ "):
        page.steps += _commands(text.splitlines(), line)
    elif match := re.fullmatch(r"(file|exits|not run): *(\S.*)", text):
        notes[match[1]] = match[2]


def _take_block(page, notes, line, language, body):
    if "file" in notes:
        page.steps.append(Step(line, path=notes["file"], content="\n".join([*body, ""])))
    elif language in SHELLS:
        page.faults.append(f"line {line}: commands belong into a block called console")
    elif "not run" in notes:
        return
    elif language == "console":
        steps = _commands(body, line)
        if not steps:
            page.faults.append(f"line {line}: no command in this block begins with `$ `")
        elif "exits" in notes:
            last = steps.pop()
            steps.append(Step(last.line, last.command, last.shown, exit_code=int(notes["exits"])))
        page.steps += steps
    elif language == "pycon":
        page.steps.append(Step(line, path=".doctest", content="\n".join([*body, ""])))
        options = "-o ELLIPSIS -o NORMALIZE_WHITESPACE"
        page.steps.append(Step(line, f"python -m doctest {options} .doctest && rm .doctest"))


def _commands(body, line):
    steps = []
    command, shown, start = [], [], line

    def finish():
        if command:
            output = "\n".join(shown).strip("\n")
            steps.append(Step(start, "\n".join(command), output or None))

    for number, text in enumerate(body, start=line):
        if text.startswith("$ "):
            finish()
            command, shown, start = [text[2:]], [], number
        elif text.startswith("> ") and not shown:
            command.append(text[2:])
        else:
            shown.append(text.rstrip())
    finish()
    return steps


def matches(shown, printed):
    """Say whether a page shows what was printed: `...` is any text, a line of it any lines."""
    pattern = []
    for line in shown.splitlines():
        if line.strip() == "...":
            pattern.append(r"(?:[^\n]*\n)*?")
        else:
            pattern.append(r"[^\n]*".join(re.escape(part) for part in line.split("...")) + r" *\n")
    return re.fullmatch("".join(pattern), printed.strip("\n") + "\n") is not None


class Reader:
    """Somebody who does what a page says, in one shell."""

    def __init__(self, folder):
        self.folder = folder
        self._state = folder.parent / "shell-state"
        self._state.write_text(f"cd {shlex.quote(str(folder))}\n")

    def do(self, step):
        """Take one step; return what is wrong with it, or nothing."""
        if step.path:
            here = self._type("pwd").stdout.strip()
            target = Path(here, step.path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(step.content)
            return ""
        done = self._type(step.command)
        if done.returncode != step.exit_code:
            return f"exit code {done.returncode} in place of {step.exit_code}:\n{done.stdout}"
        if step.shown is not None and not matches(step.shown, done.stdout):
            return f"shown:\n{step.shown}\n\nprinted:\n{done.stdout}"
        return ""

    def _type(self, command):
        """Run a command where the last one left the shell: folder and exported variables."""
        state = shlex.quote(str(self._state))
        save = f'{{ export -p; printf "cd %q\\n" "$PWD"; }} > {state}'
        tools = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return subprocess.run(
            ["bash", "-c", f". {state}\ntrap '{save}' EXIT\n{command}\n"],
            env={**os.environ, "PATH": tools},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )


@pytest.fixture
def reader(git_repo):
    """A reader in front of an empty git repository."""
    if sys.platform == "win32":
        pytest.skip("the pages are written for a POSIX shell")
    return Reader(git_repo.root)


@pytest.fixture(scope="session")
def parse():
    """Reads a page's text: `parse(text) -> Page`."""
    return read_page
