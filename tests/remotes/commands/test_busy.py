"""Servers that are busy, and say for how long they want to be left alone."""

import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from dvclite.errors import RemoteError, TransferError

SOON = 3.0
"""Seconds from Ctrl-C to the end: less than one where nothing else runs."""


def busy(cloud, wish, status=503, **headers):
    """A rule: a server that wants to be left alone."""
    refusal = cloud.refusal(status)
    return {**refusal, "headers": {**refusal.get("headers", {}), "Retry-After": wish, **headers}}


def pause(line, status):
    """Return for how long a server that was busy was left alone: the first try to the second."""
    asked = line.proxy.timed()
    refused, at = next((one, at) for one, at in asked if one.endswith(f" {status}"))
    place = refused.rpartition(" ")[0].partition("?")[0]
    return next(after for one, after in asked if one.startswith(place) and after > at) - at


@pytest.mark.parametrize("status", [429, 503])
def test_a_push_comes_back_no_sooner_than_a_server_wants(loose_line, status):
    line = loose_line
    line.add(file=3000)
    line.proxy.rules({**line.cloud.put, **busy(line.cloud, "2", status), "times": 1})
    pushed = line.repo.invoke("push", "-v")

    assert pushed.exit_code == 0, pushed.stderr
    assert "1 of them again" in pushed.stdout
    assert pause(line, status) >= 2


def test_a_fetch_comes_back_no_sooner_than_a_server_wants(loose_line):
    line = loose_line
    line.add(file=3000)
    assert line.repo.invoke("push").exit_code == 0
    clone = line.clone()
    line.proxy.rules({**line.cloud.get, **busy(line.cloud, "2"), "times": 1})

    assert clone.invoke("pull").exit_code == 0
    assert pause(line, 503) >= 2


def test_a_time_of_day_is_the_servers_own(loose_line):
    line = loose_line
    line.add(file=3000)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    later = format_datetime(yesterday + timedelta(seconds=2), usegmt=True)
    rule = busy(line.cloud, later, Date=format_datetime(yesterday, usegmt=True))
    line.proxy.rules({**line.cloud.put, **rule, "times": 1})

    assert line.repo.invoke("push").exit_code == 0
    assert pause(line, 503) >= 2


def test_nobody_waits_for_an_hour(loose_line):
    line = loose_line
    line.add(file=3000)
    line.proxy.rules({**line.cloud.put, **busy(line.cloud, "3600")})
    failed = line.repo.invoke("push")

    assert failed.exit_code in (RemoteError.exit_code, TransferError.exit_code)
    assert "the server is failing or busy" in failed.stderr
    assert "it asks to be left alone for 3,600 s" in failed.stderr
    assert line.proxy.struck() == 1


def test_a_wish_that_makes_no_sense_is_none(loose_line):
    line = loose_line
    line.add(file=3000)
    line.proxy.rules({**line.cloud.put, **busy(line.cloud, "soon"), "times": 1})

    assert line.repo.invoke("push").exit_code == 0


@pytest.mark.skipif(os.name == "nt", reason="signals are sent")
@pytest.mark.parametrize("words", [("push",), ("remote", "test")])
def test_ctrl_c_ends_the_wait(loose_line, words):
    line = loose_line
    line.add(file=3000)
    line.proxy.rules({**line.cloud.put, **busy(line.cloud, "50")})
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "dvclite", *words],
        cwd=line.repo.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not line.proxy.struck():
        time.sleep(0.02)
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _output, errors = process.communicate(timeout=30)

    assert time.monotonic() - began < SOON
    assert process.returncode == 130
    assert re.match("error: interrupted\n", errors)
