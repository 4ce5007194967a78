"""What somebody at a terminal sees of large files on their way."""

import re
import signal

import pytest

MIB = 1 << 20
SLOW = {"do": "throttle", "rate": 1_500_000}


def shows(name):
    """Whether a screen has a line about a large file, some of which has moved."""
    return lambda lines: any(
        re.fullmatch(rf" +[1-9]\d* %  +[\d.]+ [KM]iB/s  .*{re.escape(name)}", line)
        for line in lines
    )


def test_a_push_shows_the_large_files_that_take_their_time(any_line, terminal):
    line = any_line
    line.add(large=24 * MIB, other=24 * MIB, small=3000)
    line.proxy.rules({**line.cloud.put, **SLOW, "least": MIB})
    screen = terminal()
    process = screen.dvclite(line.repo, "push")
    seen = screen.watch(until=shows("data/large"))
    line.proxy.rules()
    left = screen.watch()
    output, _errors = process.communicate(timeout=60)

    assert process.returncode == 0
    assert seen[0].startswith("Pushing  [")
    assert "data/small" not in screen.text
    assert left == []
    assert output.startswith(b"3 files, 48.0 MiB pushed")


def test_a_fetch_shows_the_large_files_that_take_their_time(any_line, terminal):
    line = any_line
    line.add(large=40 * MIB, other=12 * MIB, small=3000)
    assert line.repo.invoke("push").exit_code == 0
    clone = line.clone()
    line.proxy.rules({**line.cloud.get, "do": "throttle", "rate": 3_000_000})
    screen = terminal()
    process = screen.dvclite(clone, "fetch")
    seen = screen.watch(until=shows("data/large"))
    line.proxy.rules()
    left = screen.watch()
    process.communicate(timeout=60)

    assert process.returncode == 0
    assert seen[0].startswith("Fetching  [")
    assert left == []
    assert clone.invoke("pull").exit_code == 0
    assert line.has_all(clone)


def test_ctrl_c_leaves_a_tidy_screen(loose_line, terminal):
    line = loose_line
    line.add(**{f"f{number}": 6 * MIB for number in range(8)})
    line.proxy.rules({**line.cloud.put, "do": "throttle", "rate": 200_000})
    screen = terminal()
    process = screen.dvclite(line.repo, "push")
    screen.watch(until=lambda lines: any("… and " in one for one in lines))
    process.send_signal(signal.SIGINT)
    left = screen.watch()
    process.communicate(timeout=30)

    assert process.returncode == 130
    assert len(max(screen.screens, key=len)) == 1 + 4 + 1
    assert left == [
        "error: interrupted",
        "hint: run the same command again to go on from there",
    ]


@pytest.mark.parametrize(("words", "env"), [(["-q"], {}), ([], {"TERM": "dumb"})])
def test_nothing_of_it_is_shown_to_who_wants_quiet_nor_on_a_terminal_that_knows_one_line(
    loose_line, terminal, words, env
):
    line = loose_line
    line.add(large=8 * MIB)
    line.proxy.rules({**line.cloud.put, "do": "throttle", "rate": 2_500_000})
    screen = terminal()
    process = screen.dvclite(line.repo, "push", *words, env=env)
    screen.watch()
    process.communicate(timeout=60)

    assert process.returncode == 0
    assert "data/large" not in screen.text
    assert "\x1b" not in screen.text
    assert bool(screen.text) == (words == [])


def test_nothing_of_it_is_shown_where_nobody_looks(loose_line):
    line = loose_line
    line.add(large=8 * MIB)
    line.proxy.rules({**line.cloud.put, "do": "throttle", "rate": 2_500_000})
    pushed = line.repo.invoke("push")

    assert pushed.exit_code == 0
    assert pushed.stderr == ""
