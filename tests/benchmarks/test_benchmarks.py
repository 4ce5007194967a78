"""The benchmarks run: what they measure is for people to read."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="made for cp and find as Linux has them"),
]


@pytest.fixture
def program(tmp_path):
    """Return the path of a program that is dvclite, in a folder that is empty but for it."""
    program = tmp_path / "dvclite"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m dvclite "$@"\n')
    program.chmod(0o755)
    return program


def command_line(script, program):
    return [sys.executable, FOLDER / script, "--dvclite", program, "--folder", program.parent]


@pytest.fixture
def run(tmp_path, program):
    """Run a benchmark and return the lines that it printed."""

    def run(script, *options):
        command = command_line(script, program)
        done = subprocess.run([*command, *options], capture_output=True, encoding="utf-8")
        assert done.returncode == 0, done.stderr + done.stdout
        assert list(tmp_path.iterdir()) == [program]
        return done.stdout.splitlines()

    return run


def test_every_step_is_measured_on_files_and_on_a_large_file(run):
    lines = run("run.py", "--files", "3", "--size", "5", "--large", "2MiB", "--runs", "1")

    assert "3 files of 5 B" in lines
    assert "One file of 2 MiB" in lines
    assert sum(line.startswith("| dvclite ") for line in lines) == 16


def test_a_benchmark_that_is_ended_leaves_nothing(tmp_path, program):
    program.write_text(f'#!/bin/sh\ntouch "{tmp_path}/begun"\nsleep 60\n')
    command = [*command_line("startup.py", program), "--runs", "1"]
    benchmark = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "begun").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        benchmark.terminate()
        benchmark.communicate(timeout=60)
    finally:
        benchmark.kill()

    assert benchmark.returncode == 128 + signal.SIGTERM
    assert {path.name for path in tmp_path.iterdir()} == {"dvclite", "begun"}


def test_transfers_are_counted(run):
    options = ["--files", "3", "2", "--size", "5", "--large", "2MiB", "--latency", "0", "--loose"]
    lines = run("transfers.py", *options)

    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "|" in line]
    pushes = [row for row in rows if row[0] == "push"]
    assert [row[4] for row in pushes] == ["3", "3", "3"]
    assert pushes[0][6] == "1 list, 2 put"
    assert pushes[0][-1] == "2"
    (nothing, *_) = [row for row in rows if row[0] == "push, nothing new"]
    assert nothing[8] == "0 B"
    (loose, *_) = [row for row in rows if row[0] == "push, a file a blob"]
    assert loose[-1] == "4"


def test_bytes_after_an_edit_are_counted(run):
    lines = run("edits.py", "--size", "2MB", "--runs", "1")

    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "|" in line]
    sent = {row[0]: float(row[3].split()[0]) for row in rows if row[3].endswith(" MB")}
    assert 0 < sent["CSV, one row inserted"] < sent["picture or film, saved again"]
    assert sum(row[0] in {"picture or film", "float32 checkpoint"} for row in rows) == 2


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")
def test_system_calls_are_counted(run):
    lines = run("syscalls.py", "--files", "40")

    (add,) = [line for line in lines if line.startswith("| add ")]
    assert 3 < float(add.split("|")[2]) < 40
    assert "openat" in add


def test_the_start_is_measured(run):
    lines = run("startup.py", "--runs", "1")

    rows = {line.split("|")[1].strip(): line.split("|")[3] for line in lines if "|" in line}
    assert 0 < int(rows["bare Python"]) < int(rows["status"])
    assert int(rows["--help"]) > 0


def test_compression_is_measured_without_a_program(tmp_path):
    command = [sys.executable, FOLDER / "compressing.py", "--folder", tmp_path]
    options = ["--made", "1MiB", "--large", "2MiB"]
    done = subprocess.run([*command, *options], capture_output=True, encoding="utf-8")

    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.iterdir())
    compressed = {
        row.split("|")[1].strip(): row.split("|")[-2] for row in done.stdout.splitlines()[4:12]
    }
    assert (compressed["CSV"].strip(), compressed["random"].strip()) == ("100%", "0%")
    assert "| read, cut, blake3 of each chunk, sample, write |" in done.stdout
