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

Two more say what the page finds when its first command is typed:

    <!-- server: s3 -->            an S3 server; or gs, one of Google Cloud Storage
    <!-- program: aws -->          the AWS command line

The cloud's own tools find such a server, and credentials for it. `server: s3, called https://x.y, with
the bucket z` is one that they do not find: the page names it by another address, and its bucket is there.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

FENCE = re.compile(r"^(?P<indent> *)(?P<fence>```+|~~~+)(?P<language>.*)$")
SERVER = re.compile(
    r"(?P<kind>s3|gs)(?:, called (?P<name>\S+?))?(?:, with the bucket (?P<bucket>\S+))?"
)
COMMENT = re.compile(r"^ *<!--(?P<text>.*?)-->", re.DOTALL | re.MULTILINE)
PROGRAMS = {"aws": "aws_program"}
"""What pages may ask for, and the fixtures that make it."""
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
    server: re.Match[str] | None = None
    programs: list[str] = field(default_factory=list)


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
    elif match := re.fullmatch(r"(server|program): *(\S.*)", text):
        _take_need(page, line, match[1], match[2])


def _take_need(page, line, what, text):
    if what == "program" and text in PROGRAMS:
        page.programs.append(text)
    elif what == "server" and (server := SERVER.fullmatch(text)):
        page.server = server
    else:
        page.faults.append(f"line {line}: no {what} {text} can be had")


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
        self.stand_ins = {}
        self._state = folder.parent / "shell-state"
        self._state.write_text(f"cd {shlex.quote(str(folder))}\n")

    def do(self, step):
        """Take one step; return what is wrong with it, or nothing."""
        for name, stand_in in self.stand_ins.items():
            command, content = (it.replace(name, stand_in) for it in (step.command, step.content))
            step = replace(step, command=command, content=content)
        if step.path:
            here = self._type("pwd").stdout.strip()
            target = Path(here, step.path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(step.content)
            return ""
        done = self._type(step.command)
        if done.returncode != step.exit_code:
            return f"exit code {done.returncode} in place of {step.exit_code}:\n{done.stdout}"
        printed = done.stdout
        for name, stand_in in self.stand_ins.items():
            printed = printed.replace(stand_in, name)
        if step.shown is not None and not matches(step.shown, printed):
            return f"shown:\n{step.shown}\n\nprinted:\n{printed}"
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
    # What git calls the first branch differs between readers, and no page may rely on it.
    git_repo.git("branch", "--move", "trunk")
    return Reader(git_repo.root)


@pytest.fixture
def prepare(request, reader):
    """Make what a page needs: `prepare(page)`."""

    def prepare(page):
        for name in page.programs:
            request.getfixturevalue(PROGRAMS[name])
        if page.server:
            start = request.getfixturevalue(f"{page.server['kind']}_for_a_page")
            address = start(page.server["bucket"], is_found=not page.server["name"])
            if page.server["name"]:
                reader.stand_ins[page.server["name"]] = address

    return prepare


@pytest.fixture
def s3_for_a_page(serve, monkeypatch):
    """Start an S3 server of the test's own."""
    boto3 = pytest.importorskip("boto3")

    def start(bucket, *, is_found):
        address = serve("moto_server.py")
        settings = {
            "AWS_ENDPOINT_URL": address,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIATEST",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, value in settings.items():
                (monkeypatch if is_found else patch).setenv(name, value)
            if bucket:
                client = boto3.Session().client("s3")
                client.create_bucket(Bucket=bucket)
                client.close()
        return address

    return start


@pytest.fixture
def gs_for_a_page(guarded_gcs_server, monkeypatch, home):
    """Let SDKs find a Google Cloud Storage server; an account's key is at `~/key.json`."""
    storage = pytest.importorskip("google.cloud.storage")

    def start(bucket, *, is_found):
        assert is_found
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", guarded_gcs_server.address)
        (home / "key.json").write_text(json.dumps(guarded_gcs_server.key))
        client = storage.Client(project="test")
        client.create_bucket(bucket)
        client.close()
        guarded_gcs_server.grant(bucket, "roles/storage.objectUser")
        return guarded_gcs_server.address

    return start


@pytest.fixture
def aws_program(aws_cli, tmp_path, monkeypatch):
    """The AWS command line, on the path."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "aws").symlink_to(aws_cli)
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), os.environ["PATH"]]))


@pytest.fixture(scope="session")
def parse():
    """Reads a page's text: `parse(text) -> Page`."""
    return read_page
