"""The benchmarks run: what they measure is for people to read."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="made for cp and find as Linux has them"),
]


@pytest.fixture
def run(tmp_path):
    """Run a benchmark and return the lines that it printed."""
    program = tmp_path / "dvclite"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m dvclite "$@"\n')
    program.chmod(0o755)

    def run(script, *options):
        command = [sys.executable, FOLDER / script, "--dvclite", program, "--folder", tmp_path]
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
    command = [sys.executable, FOLDER / "compression.py", "--folder", tmp_path]
    options = ["--made", "1MiB", "--large", "2MiB"]
    done = subprocess.run([*command, *options], capture_output=True, encoding="utf-8")

    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.iterdir())
    compressed = {
        row.split("|")[1].strip(): row.split("|")[-2] for row in done.stdout.splitlines()[4:12]
    }
    assert (compressed["CSV"].strip(), compressed["random"].strip()) == ("100%", "0%")
    assert "| read, cut, blake3 of each chunk, sample, write |" in done.stdout
