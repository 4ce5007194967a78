"""The program as a whole: help, version, wrong words, and where errors end."""

import errno
import io
import signal
import subprocess
import sys

import click
import pytest

from dvclite.cli.boundary import run
from dvclite.cli.command import Command
from dvclite.cli.program import Listed, Program
from dvclite.errors import DvcliteError, NotARepoError, TransferError


def test_help_lists_every_command_with_one_line(invoke):
    done = invoke("--help")

    assert done.exit_code == 0
    for name in ("init", "add", "move, mv", "checkout", "gc", "doctor, version"):
        assert f"\n  {name} " in done.stdout
    assert "hook " not in done.stdout


def test_the_version_is_printed(cli):
    done = cli("--version")

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("dvclite ")


def test_a_wrong_command_is_answered_with_the_ones_that_were_meant(cli):
    done = cli("chekout")

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        "error: there is no command 'chekout'; did you mean checkout?\nhint: see `dvclite --help`\n"
    )


def test_a_wrong_option_names_the_help_to_read(cli):
    done = cli("--nonsense")

    assert done.exit_code == 2
    assert "hint: see `dvclite --help`" in done.stderr


def test_another_folder_to_start_in_must_exist(cli):
    done = cli("--cd", "nowhere", "root")

    assert done.exit_code == 2
    assert "nowhere" in done.stderr


def program(action):
    """A program whose only command does `action`."""
    shown = {"Act": {"act": Listed("act", "Act.")}}
    made = Program("dvclite", sections=shown, hidden={})
    made.get_command = lambda *_: Command("act", callback=action, examples="dvclite act")
    return made


def fail(error):
    def action():
        raise error

    return program(action)


def test_an_error_of_the_library_becomes_a_message_a_hint_and_its_exit_code(capsys):
    code = run(fail(NotARepoError("here")), ["act"], "dvclite")

    assert code == 3
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        "error: not inside a dvclite repository: here",
        "hint: run `dvclite init` at the top of your git repository to make one",
    ]


def test_quiet_does_not_hide_errors(capsys):
    assert run(fail(DvcliteError("no", hint="go")), ["-q", "act", "-q"], "dvclite") == 1
    assert capsys.readouterr().err == "error: no\nhint: go\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort(), EOFError()])
def test_an_interruption_is_130(capsys, error):
    assert run(fail(error), ["act"], "dvclite") == 130
    assert "interrupted" in capsys.readouterr().err


def test_the_system_s_refusal_is_one_line_with_the_path(capsys):
    refused = PermissionError(errno.EACCES, "refused", "some/file")

    assert run(fail(refused), ["act"], "dvclite") == 1
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "error: some/file: Permission denied"
    assert told[1:] == ["hint: check who owns it and its permissions with `ls -l`"]


def test_a_full_disk_is_named(capsys, tmp_path):
    full = OSError(errno.ENOSPC, "full", str(tmp_path / "new"))

    assert run(fail(full), ["act"], "dvclite") == 1
    said = capsys.readouterr().err
    assert f"error: {tmp_path / 'new'}: No space left on device\n" in said
    assert "make room on the disk at /" in said


def test_a_full_disk_that_nothing_is_known_of_is_not_guessed(capsys):
    assert run(fail(OSError(errno.ENOSPC, "full", "name")), ["act"], "dvclite") == 1
    assert "hint: make room on the disk, then run" in capsys.readouterr().err


def test_a_full_disk_is_named_behind_an_error_of_the_library_too(capsys, tmp_path):
    error = DvcliteError("file: No space left on device")
    error.__cause__ = OSError(errno.ENOSPC, "full", str(tmp_path))

    run(fail(error), ["act"], "dvclite")

    assert "make room on the disk at /" in capsys.readouterr().err


def test_a_full_disk_is_named_among_the_failures_of_a_transfer_too(capsys, tmp_path):
    full = OSError(errno.ENOSPC, "full", str(tmp_path / "new"))

    run(fail(TransferError("fetched", 3, [("images/cat.jpg", full)])), ["act"], "dvclite")

    said = capsys.readouterr().err
    assert "images/cat.jpg: " in said
    assert "hint: make room on the disk at /" in said


def test_verbose_adds_causes_and_twice_verbose_a_traceback(capsys):
    error = DvcliteError("no")
    error.__cause__ = PermissionError(errno.EACCES, "refused", "file")

    run(fail(error), ["act", "-v"], "dvclite")
    once = capsys.readouterr().err
    run(fail(error), ["-v", "act", "-v"], "dvclite")
    twice = capsys.readouterr().err

    assert once == "error: no\n  because of file: Permission denied\n"
    assert "Traceback" in twice


def test_a_defect_is_shown_whole(capsys):
    with pytest.raises(ZeroDivisionError) as caught:
        run(program(lambda: 1 / 0), ["act"], "dvclite")

    assert "defect of dvclite" in caught.value.__notes__[0]


def test_names_in_an_error_cannot_steer_the_terminal(capsys):
    run(fail(DvcliteError("bad\x1b[2J\nname \udcff")), ["act"], "dvclite")

    assert capsys.readouterr().err == "error: bad\\x1b[2J\nname \\xff\n"


def test_a_reader_that_goes_away_ends_the_command_quietly(tmp_path):
    code = (
        "import sys; from dvclite.cli.boundary import run; from dvclite.cli.program import *;"
        "import click; from dvclite.cli.command import Command;"
        "p = Program('dvclite', sections={'A': {'act': Listed('act', 'Act.')}}, hidden={});"
        "p.get_command = lambda *_: Command('act', examples='x',"
        " callback=lambda: [click.echo('line') for _ in range(10**6)]);"
        "sys.exit(run(p, ['act'], 'dvclite'))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()

    assert (process.wait(), said) == (141, b"")


def test_a_character_that_the_terminal_lacks_is_escaped_and_fails_nothing(monkeypatch):
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", narrow)

    code = run(program(lambda: click.echo("größe 数")), ["act"], "dvclite")

    assert (code, narrow.buffer.getvalue()) == (0, b"gr\xf6\xdfe \\u6570\n")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent differently there")
def test_ctrl_c_ends_a_command_with_one_line():
    code = (
        "import click, signal, sys; from dvclite.cli.boundary import run;"
        "from dvclite.cli.program import *; from dvclite.cli.command import Command;"
        "p = Program('dvclite', sections={'A': {'act': Listed('act', 'Act.')}}, hidden={});"
        "p.get_command = lambda *_: Command('act', examples='x',"
        " callback=lambda: (click.echo('ready'), signal.pause()));"
        "sys.exit(run(p, ['act'], 'dvclite'))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert said == b"error: interrupted\nhint: run the same command again to go on from there\n"
