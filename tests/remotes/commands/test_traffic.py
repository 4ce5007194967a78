"""What commands ask of a bucket is counted, bounded, and goes over few connections."""

import json
import re
import time

import pytest

MIB = 1 << 20


def files(number, size=3000):
    return {f"file-{index:03}": size for index in range(number)}


def test_requests_and_bytes_are_told_to_the_curious(any_line):
    line = any_line
    line.add(**files(5))
    pushed = line.repo.invoke("push", "-v")
    asked = line.proxy.log()[1]
    told = re.fullmatch(r"(\d+) requests?, (\S+) KiB sent, (\S+) K?i?B received", last(pushed))

    assert int(told[1]) == len(asked)
    assert 14 < float(told[2]) < 20
    clone = line.clone()
    line.proxy.rules()
    pulled = clone.invoke("pull", "-v")
    told = re.fullmatch(r"(\d+) requests?, 0 B sent, (\S+) KiB received", last(pulled))
    assert int(told[1]) == len(line.proxy.log()[1])
    assert 14 < float(told[2]) < 20
    assert "request" not in line.repo.invoke("push").stdout


def last(done):
    assert done.exit_code == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_they_are_told_as_json_and_repetitions_among_them(loose_line):
    line = loose_line
    line.add(**files(3))
    line.proxy.rules({**line.cloud.put, **line.cloud.refusal(503), "times": 2})
    traffic = json.loads(line.repo.invoke("push", "--json").stdout)["traffic"]

    assert traffic["repeated"] == 2
    assert traffic["requests"] == len(line.proxy.log()[1])


@pytest.mark.parametrize("way", ["option", "core", "remote"])
def test_bandwidth_is_bounded_there_and_back(any_line, way):
    line = any_line
    line.add(large=3 * MIB)
    words = ["--bandwidth", "2MiB"] if way == "option" else []
    names = {"core": "core.bandwidth", "remote": "remote.cloud.bandwidth"}
    if way in names:
        line.repo.invoke("config", names[way], "2MiB")
        line.repo.commit("Bound")
    for repo, command in ((line.repo, "push"), (line.clone(), "pull")):
        began = time.monotonic()
        done = repo.invoke(command, *words)
        assert done.exit_code == 0, done.stderr
        assert time.monotonic() - began > 1.2


def test_the_option_lifts_a_bound_that_is_configured(loose_line):
    line = loose_line
    line.add(large=3 * MIB)
    line.repo.invoke("config", "core.bandwidth", "64KiB")
    assert line.repo.invoke("push", "--bandwidth", "0").exit_code == 0
    assert line.repo.invoke("push", "--bandwidth", "slow").exit_code == 2


def test_connections_are_used_again(any_line):
    line = any_line
    line.add(**files(60))
    line.proxy.rules()
    assert line.repo.invoke("push", "-j", "4").exit_code == 0
    connections, _asked = line.proxy.log()
    assert connections <= 4 + 2

    clone = line.clone()
    line.proxy.rules()
    assert clone.invoke("pull", "-j", "4").exit_code == 0
    assert line.proxy.log()[0] <= 4 + 2
