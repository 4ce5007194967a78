"""Start-up time is judged by which modules load: that does not depend on how busy a machine is."""

import subprocess
import sys

import pytest

ALLOWED = {
    "dvclite",
    "dvclite.cli",
    "dvclite.cli.boundary",
    "dvclite.cli.command",
    "dvclite.cli.console",
    "dvclite.cli.program",
    "dvclite.cli.text",
    "dvclite.errors",
    "dvclite.errors.cache",
    "dvclite.errors.formats",
    "dvclite.errors.ground",
    "dvclite.errors.remotes",
    "dvclite.errors.repository",
    "dvclite.errors.settings",
    "dvclite.errors.workspace",
    "dvclite.progress",
    "gc",
}
"""What may load beside all that the smallest program made with click loads. Each costs every command."""

SMALLEST_PROGRAM = """
import click, runpy, sys

@click.group()
@click.version_option("1")
def main(): pass

@main.command()
def add(): pass
"""

START = """
sys.argv = ["dvclite", {argument!r}]
try:
    {call}
finally:
    print("\\0" + " ".join(sys.modules))
"""


def modules_loaded(code, argument, exit_code):
    call = "main()" if code else "runpy.run_module('dvclite', run_name='__main__', alter_sys=True)"
    program = (code or "import runpy, sys\n") + START.format(argument=argument, call=call)
    command = [sys.executable, "-P", "-c", program]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == exit_code, done.stderr
    return set(done.stdout.partition("\0")[2].split())


@pytest.mark.parametrize(("argument", "exit_code"), [("--help", 0), ("--version", 0), ("ad", 2)])
def test_nothing_loads_at_start_that_is_not_on_the_list(argument, exit_code):
    smallest = modules_loaded(SMALLEST_PROGRAM, argument, exit_code)

    loaded = modules_loaded("", argument, exit_code)

    extra = sorted(loaded - smallest - ALLOWED)
    assert not extra, f"`dvclite {argument}` also loads\n  " + "\n  ".join(extra)


def test_the_list_names_nothing_that_does_not_load():
    assert modules_loaded("", "--help", 0) >= ALLOWED


NOT_FOR_SMALL_COMMANDS = (
    "yaml",
    "pygit2",
    "dvclite.damage",
    "dvclite.maintenance",
    "dvclite.remote",
    "dvclite.remotestore",
    "dvclite.transfer",
    "dvclite.repo.exchanging",
    "dvclite.repo.keeping",
    "dvclite.repo.migration",
    "dvclite.repo.versioning",
)


@pytest.mark.parametrize("words", [["status"], ["add", "data"]])
def test_a_small_command_loads_nothing_of_what_others_do(repo, words):
    repo.write("data", "content")
    repo.invoke("add", "data")
    program = f"""
import runpy, sys
sys.argv = ["dvclite", *{words!r}]
try:
    runpy.run_module("dvclite", run_name="__main__", alter_sys=True)
finally:
    print("\\0" + " ".join(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=repo.root, capture_output=True, encoding="utf-8"
    )

    loaded = done.stdout.partition("\0")[2].split()
    extra = [
        module
        for module in loaded
        if any(module == one or module.startswith(f"{one}.") for one in NOT_FOR_SMALL_COMMANDS)
    ]
    assert done.returncode == 0, done.stderr
    assert not extra
