"""Ctrl-C and kill on a slow line: quick, and nothing that arrived is lost."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

MIB = 1 << 20
SOON = 3.0
"""Seconds from Ctrl-C to the end: less than one where nothing else runs."""

posix_only = pytest.mark.skipif(os.name == "nt", reason="signals are sent")
pytestmark = posix_only


def start(repo, *words):
    command = [sys.executable, "-P", "-m", "dvclite", *words]
    return subprocess.Popen(
        command, cwd=repo.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.02)


def press_ctrl_c(process):
    """Interrupt a command; return its standard error and how long it took to end."""
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _output, errors = process.communicate(timeout=30)
    return errors, time.monotonic() - began


SLOW = {
    "slow": {"do": "throttle", "rate": 50_000},
    "still": {"do": "stall", "after": 100_000},
}


@pytest.mark.parametrize("how", SLOW)
def test_a_push_on_a_slow_line_ends_at_once_and_goes_on(loose_line, how):
    line = loose_line
    line.add(**{f"f{number}": 3 * MIB for number in range(6)})
    line.proxy.rules({**line.cloud.put, **SLOW[how], "least": 200_000, "skip": 2})
    process = start(line.repo, "push", "-j", "4")
    wait_for(lambda: len(line.cloud.names()) == 2 and line.proxy.struck() > 0)
    time.sleep(0.3)
    errors, taken = press_ctrl_c(process)
    line.proxy.rules()
    again = line.repo.invoke("push", "-v")

    assert process.returncode == 130
    assert errors == "error: interrupted\nhint: run the same command again to go on from there\n"
    assert taken < SOON
    assert again.exit_code == 0
    assert float(re.search(r"([\d.]+) MiB sent", again.stdout)[1]) < 12.5
    clone = line.clone()
    assert clone.invoke("pull").exit_code == 0
    assert line.has_all(clone)


@pytest.mark.parametrize("how", SLOW)
def test_a_push_of_packs_on_a_slow_line_ends_at_once(line, how):
    line.add(**{f"f{number}": 3 * MIB for number in range(6)})
    line.proxy.rules({**line.cloud.put, **SLOW[how], "least": 200_000})
    process = start(line.repo, "push")
    wait_for(lambda: line.proxy.struck() > 0)
    time.sleep(0.3)
    errors, taken = press_ctrl_c(process)
    line.proxy.rules()

    assert process.returncode == 130
    assert "Traceback" not in errors
    assert taken < SOON
    assert line.repo.invoke("push").exit_code == 0
    clone = line.clone()
    assert clone.invoke("pull").exit_code == 0
    assert line.has_all(clone)


def test_a_fetch_on_a_slow_line_ends_at_once_and_goes_on(loose_line):
    line = loose_line
    line.add(**{f"f{number}": 3 * MIB for number in range(6)}, large=40 * MIB)
    assert line.repo.invoke("push").exit_code == 0
    clone = line.clone()
    line.proxy.rules({**line.cloud.get, "do": "throttle", "rate": 200_000, "skip": 6})
    process = start(clone, "fetch", "-j", "4")
    cache = clone.root / ".dvclite/cache"
    wait_for(lambda: whole(cache, 3 * MIB) >= 3)
    time.sleep(0.3)
    _errors, taken = press_ctrl_c(process)
    line.proxy.rules()
    again = clone.invoke("pull", "-v")

    assert process.returncode == 130
    assert taken < SOON
    assert again.exit_code == 0, again.stderr
    assert line.has_all(clone)
    assert float(re.search(r"([\d.]+) MiB received", again.stdout)[1]) < 57


def test_a_fetch_of_packs_on_a_slow_line_ends_at_once(line):
    line.add(**{f"f{number}": 3 * MIB for number in range(6)})
    assert line.repo.invoke("push").exit_code == 0
    clone = line.clone()
    line.proxy.rules({**line.cloud.get, "do": "throttle", "rate": 200_000})
    process = start(clone, "fetch")
    wait_for(lambda: line.proxy.struck() > 0)
    time.sleep(0.3)
    _errors, taken = press_ctrl_c(process)
    line.proxy.rules()

    assert process.returncode == 130
    assert taken < SOON
    assert clone.invoke("pull").exit_code == 0
    assert line.has_all(clone)


def whole(folder, size):
    """Return how many files of a size lie below a folder in which others come and go."""
    count = 0
    for found in list(folder.rglob("*")):
        with suppress(FileNotFoundError):
            count += found.is_file() and found.stat().st_size == size
    return count


def test_a_large_file_that_was_being_sent_in_parts_goes_on_after_a_kill(s3_line):
    line = s3_line
    for option in ("multipart_threshold", "multipart_chunksize"):
        line.repo.invoke("remote", "modify", "cloud", option, "5MiB")
    line.add(large=48 * MIB)
    line.proxy.rules(
        {"method": "PUT", "path": ".*partNumber=.*", "do": "throttle", "rate": 100_000, "skip": 5}
    )
    process = start(line.repo, "push")
    wait_for(lambda: line.proxy.log()[1] and parts_that_arrived(line) >= 4)
    process.kill()
    process.communicate()
    assert len(line.cloud.unfinished()) == 1
    line.proxy.rules()
    again = line.repo.invoke("push", "-v")

    assert again.exit_code == 0, again.stderr
    assert float(re.search(r"([\d.]+) MiB sent", again.stdout)[1]) <= 30
    assert line.cloud.unfinished() == []
    clone = line.clone()
    assert clone.invoke("pull").exit_code == 0
    assert line.has_all(clone)


def parts_that_arrived(line):
    asked = line.proxy.log()[1]
    return len([one for one in asked if re.match(r"PUT .*partNumber=\d+.* 200", one)])


def test_a_push_that_sends_parts_of_a_large_file_ends_at_once(s3_line):
    line = s3_line
    for option in ("multipart_threshold", "multipart_chunksize"):
        line.repo.invoke("remote", "modify", "cloud", option, "5MiB")
    line.add(large=48 * MIB)
    line.proxy.rules(
        {"method": "PUT", "path": ".*partNumber=.*", "do": "stall", "after": 65536, "skip": 2}
    )
    process = start(line.repo, "push")
    wait_for(lambda: parts_that_arrived(line) >= 2)
    time.sleep(0.3)
    _errors, taken = press_ctrl_c(process)

    assert process.returncode == 130
    assert taken < SOON
