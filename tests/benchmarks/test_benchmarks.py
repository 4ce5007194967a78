"""The benchmarks run: what they measure is for people to read."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection
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


def test_every_step_is_measured_beside_other_tools(run):
    lines = run("peers.py", "--files", "3", "--size", "5", "--table", "10kB")

    assert "3 files of 5 B" in lines
    assert sum(line.startswith("| dvclite ") for line in lines) == 7


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


def test_a_bucket_is_measured_through_a_line_that_counts(run, s3_server):
    s3_server("moto")
    options = ["--data", "3x5", "1x2MiB", "--latency", "0", "20"]
    lines = run("buckets.py", "--endpoint", os.environ["AWS_ENDPOINT_URL"], *options)

    titles = [f"{data}, {latency} ms" for data in ("3 x 5 B", "1 x 2 MiB") for latency in (0, 20)]
    assert all(title in lines for title in titles)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "|" in line]
    ours = [row for row in rows if row[1] == "dvclite"]
    assert [row[0] for row in ours] == ["push", "pull"] * 4
    assert ours[0][-1] == "1 GET, 2 PUT"
    assert all(int(row[6]) <= 6 for row in ours)
    (loose, *_) = [row for row in rows if row[1] == "dvclite, DVC's format"]
    assert "4 PUT" in loose[-1]


def test_a_line_takes_its_time_and_counts_what_passes(canned):
    target = canned(200, b"x" * 5000).removeprefix("http://")
    command = [sys.executable, FOLDER / "line.py", target, "0.2"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        place = process.stdout.readline().strip().removeprefix("http://")
        connection = HTTPConnection(place)
        for method, body in (("GET", None), ("PUT", b"GET / HTTP/1.1\r\n\r\n" * 50)):
            began = time.monotonic()
            connection.request(method, "/", body)
            assert len(connection.getresponse().read()) == 5000
            assert time.monotonic() - began >= 0.2
        connection.close()
        counts, _ = process.communicate("\n", timeout=60)

    told = json.loads(counts)
    assert told["methods"] == {"GET": 1, "PUT": 1}
    assert told["requests"] == 2
    assert told["connections"] == 1
    assert told["sent"] > 50 * 18
    assert told["received"] > 2 * 5000


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
