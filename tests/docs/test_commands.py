"""Every command that a reader may type from a page is typed here."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *ROOT.glob(".github/*.md"), *ROOT.glob("docs/**/*.md")]
    if "_build" not in path.parts
)
WITH_PROGRAMS = "docs/guides/aws.md"
"""The page whose programs take a while to install."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name == WITH_PROGRAMS else [])
        for name in PAGES
    ],
)
def test_every_command_of_a_page_does_what_the_page_says(name, parse, reader, prepare):
    page = parse((ROOT / name).read_text(encoding="utf-8"))

    assert not page.faults
    assert name == WITH_PROGRAMS or not page.programs
    prepare(page)
    for step in page.steps:
        fault = reader.do(step)
        assert not fault, f"{name}:{step.line}: $ {step.command}\n{fault}"


def do(text, parse, reader):
    page = parse(text)
    return page.faults + [fault for step in page.steps if (fault := reader.do(step))]


def test_what_is_printed_must_be_what_is_shown(parse, reader):
    page = "```console\n$ echo one; echo two\none\n{}\n```\n"

    assert do(page.format("two"), parse, reader) == []
    assert do(page.format("three"), parse, reader) == ["shown:\none\nthree\n\nprinted:\none\ntwo\n"]


def test_dots_stand_for_any_text_or_any_lines(parse, reader):
    page = "```console\n$ seq 100 110\n{}\n```\n"

    assert do(page.format("1...0\n...\n110"), parse, reader) == []
    assert do(page.format("100\n..."), parse, reader) == []
    assert do(page.format("100\n...\n111"), parse, reader) != []
    assert do(page.format("...1"), parse, reader) != []


def test_a_command_that_fails_is_a_fault_unless_the_page_says_so(parse, reader):
    page = "```console\n$ exit 3\n```\n"

    assert do(page, parse, reader) == ["exit code 3 in place of 0:\n"]
    assert do(f"<!-- exits: 3 -->\n\n{page}", parse, reader) == []
    assert do(f"<!-- exits: 3 -->\n\ntext\n\n{page}", parse, reader) != []


def test_a_page_is_typed_into_one_shell(parse, reader):
    page = """
<!-- $ mkdir here -->
```console
$ export NAME=Ada
$ cd here
```

Text, then a file.

<!-- file: greet.sh -->
```text
echo "Hello $NAME from ${PWD##*/}"
```

1. In a list:

   ```console
   $ sh \\
   >   greet.sh
   Hello Ada from here
   $ cat greet.sh
   ...from...
   ```
"""

    assert do(page, parse, reader) == []
    assert (reader.folder / "here" / "greet.sh").exists()


def test_a_python_dialogue_is_a_doctest(parse, reader):
    page = "```pycon\n>>> 20 + 1\n{}\n```\n"

    assert do(page.format("21"), parse, reader) == []
    assert "Expected" in do(page.format("22"), parse, reader)[0]


def test_a_block_is_left_out_only_for_a_reason(parse, reader):
    page = "<!-- not run:{} -->\n```console\n$ exit 1\n```\n"

    assert do(page.format(" needs a bucket"), parse, reader) == []
    assert do(page.format(""), parse, reader) != []


def test_a_page_may_ask_for_a_server_and_call_it_what_it_likes(parse, reader, prepare):
    page = parse("""
<!-- server: s3, called https://s3.example.com:9000, with the bucket acme -->
```console
$ curl --silent --head --write-out '%{http_code}\\n' https://s3.example.com:9000/acme
...
200
$ echo https://s3.example.com:9000
https://s3.example.com:9000
```
""")

    prepare(page)

    assert page.faults + [reader.do(step) for step in page.steps] == ["", ""]
    assert "AWS_ENDPOINT_URL" not in os.environ


def test_a_server_or_program_that_nobody_can_make_is_a_fault(parse):
    assert parse("<!-- server: ftp -->").faults
    assert parse("<!-- program: sed -->").faults


@pytest.mark.parametrize("block", ["```bash\nls\n```", "```sh\n$ ls\n```", "```console\nls\n```"])
def test_commands_that_would_escape_the_test_are_a_fault(block, parse):
    assert parse(block).faults
