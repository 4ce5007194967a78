"""The progress bar."""

import io
import os
import sys
import threading
import time

import pytest

from dvclite.cli.bar import Bar, describe, duration


def test_a_line_tells_share_bytes_files_rate_and_time_left():
    line = describe("Adding", (50, 200), (1024**3, 4 * 1024**3), (10.0, 64 * 1024**2))

    assert line == (
        "Adding  [#####...............]  25 %  1.0 GiB of 4.0 GiB  50 of 200 files"
        "  64.0 MiB/s  0:48 left"
    )


def test_a_line_tells_only_what_is_known():
    assert describe("Looking", (0, None), (0, None), (0, 0)) == "Looking"
    assert describe("Looking", (3, None), (0, None), (2, 0)) == "Looking  3 files  2 files/s"
    assert describe("Checking", (1, 4), (0, None), (1, 0)) == (
        "Checking  [#####...............]  25 %  1 of 4 files  1 files/s  0:03 left"
    )


def test_more_than_was_announced_is_not_more_than_everything():
    assert "100 %" in describe("Adding", (3, 2), (300, 200), (0, 0))


@pytest.mark.parametrize(("seconds", "text"), [(7, "0:07"), (754, "12:34"), (10921, "3:02:01")])
def test_times_read_like_a_clock(seconds, text):
    assert duration(seconds) == text


def test_quick_work_shows_nothing():
    stream = io.StringIO()
    with Bar(stream) as bar:
        bar.start("Adding", files=1)
        bar.advance(files=1)
        bar.finish()

    assert stream.getvalue() == ""


def test_nothing_appears_before_its_time():
    stream = io.StringIO()
    with Bar(stream, appears_after=60) as bar:
        bar.start("Adding", files=1)
        time.sleep(0.25)

    assert stream.getvalue() == ""


def test_long_work_is_shown_and_wiped_off_at_the_end():
    stream = io.StringIO()
    with Bar(stream, appears_after=0) as bar:
        bar.start("Adding", files=2, size=10)
        bar.advance(files=1, size=5)
        time.sleep(0.35)
        bar.finish()

    shown = stream.getvalue().split("\r")
    assert "Adding  [##########..........]  50 %" in shown[1]
    assert len(shown) <= 8
    assert shown[-2].isspace()
    assert shown[-1] == ""


def test_the_innermost_work_is_shown_and_then_the_outer_again():
    stream = io.StringIO()
    with Bar(stream, appears_after=0) as bar:
        bar.start("Pulling")
        bar.start("Fetching")
        time.sleep(0.25)
        bar.finish()
        time.sleep(0.25)

    assert stream.getvalue().index("Fetching") < stream.getvalue().rindex("Pulling")


def test_threads_may_count_at_once():
    with Bar(io.StringIO()) as bar:
        bar.start("Adding", files=40_000)
        threads = [
            threading.Thread(target=lambda: [bar.advance(files=1, size=2) for _ in range(10_000)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        line = bar._line(time.monotonic())

    assert "40,000 of 40,000 files" in line
    assert "78.1 KiB" in line


def test_a_terminal_that_goes_away_does_not_stop_the_work():
    class Gone(io.StringIO):
        def write(self, text):
            raise OSError

    with Bar(Gone(), appears_after=0) as bar:
        bar.start("Adding")
        time.sleep(0.15)
        bar.advance(files=1)
        bar.finish()


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_progress_is_silent_without_a_terminal_and_drawn_on_one():
    import pty

    from dvclite.cli.console import Console
    from dvclite.progress import SILENT

    with Console().progress() as progress:
        assert progress is SILENT
    leader, follower = pty.openpty()
    before = sys.stderr
    try:
        sys.stderr = os.fdopen(follower, "w")
        with Console().progress() as progress:
            assert isinstance(progress, Bar)
        with Console(quiet=True).progress() as progress:
            assert progress is SILENT
    finally:
        sys.stderr.close()
        sys.stderr = before
        os.close(leader)
