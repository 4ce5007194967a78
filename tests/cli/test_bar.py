"""The progress bar."""

import io
import os
import sys
import threading
import time

import pytest

from dvclite.cli import bar as bars
from dvclite.cli.bar import Bar, describe, describe_transfer, duration
from dvclite.cli.frame import ending, width
from dvclite.progress import LARGE, SILENT, UNWATCHED, begin_transfer


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


@pytest.fixture
def at_once(monkeypatch):
    """Lets large files be shown without delay."""
    monkeypatch.setattr(bars, "_SLOW_AFTER", 0.0)
    monkeypatch.setenv("TERM", "xterm")


def drawn(terminal, *transfers, columns=80, rows=24, encoding="utf-8"):
    """Return what a terminal shows while files are on their way: each a name, its size, what moved."""
    screen = terminal(columns, rows)
    stream = os.fdopen(os.dup(screen.follower), "w", encoding=encoding)
    with stream, Bar(stream, appears_after=0) as bar:
        bar.start("Pushing", files=9)
        for name, size, moved in transfers:
            begin_transfer(bar, name, size).advance(moved)
        time.sleep(0.25)
    os.close(screen.follower)
    screen.follower = -1
    assert screen.watch() == []
    return next(lines for lines in screen.screens if lines)


def test_large_files_on_their_way_stand_below_the_total(terminal, at_once):
    lines = drawn(terminal, ("data/a", 4 * LARGE, LARGE), ("small", LARGE - 1, 5))

    assert len(lines) == 2
    assert lines[0].startswith("Pushing")
    assert lines[1].startswith("   25 %")
    assert lines[1].endswith("/s  data/a")


def test_a_few_are_shown_and_the_rest_is_counted(terminal, at_once):
    many = [(f"file-{number}", 2 * LARGE, 1) for number in range(9)]

    assert [line.split()[-1] for line in drawn(terminal, *many)[1:5]] == [
        f"file-{number}" for number in range(4)
    ]
    assert drawn(terminal, *many)[5:] == ["  … and 5 more"]


@pytest.mark.parametrize(
    ("columns", "rows", "count"), [(80, 24, 6), (80, 6, 4), (80, 5, 3), (80, 4, 1), (30, 24, 1)]
)
def test_a_small_terminal_shows_less(terminal, at_once, columns, rows, count):
    many = [(f"file-{number}", 2 * LARGE, 1) for number in range(9)]

    assert len(drawn(terminal, *many, columns=columns, rows=rows)) == count


@pytest.mark.parametrize(
    "name", ["x" * 200 + "/end", "数" * 100 + "/end", "e\u0301" * 100 + "/end"]
)
def test_of_a_long_path_the_end_is_shown_and_nothing_wraps(terminal, at_once, name):
    lines = drawn(terminal, (name, 2 * LARGE, 1), columns=60)

    assert len(lines) == 2
    assert lines[1].endswith("/end")
    assert width(lines[1]) <= 59


@pytest.mark.parametrize("name", ["a\nb", "\x1b[2Jx", "a\rb", "\udcff"])
def test_a_name_cannot_steer_the_terminal(name):
    line = describe_transfer(name, 1, 2, 0.0, 79)

    assert line.isprintable()


def test_a_terminal_that_cannot_show_a_name_shows_an_escape(terminal, at_once):
    lines = drawn(terminal, ("数/" + "x" * 90, 2 * LARGE, 1), columns=40, encoding="ascii")

    assert len(lines) == 2
    assert width(lines[1]) <= 39


def test_what_has_arrived_or_ended_is_shown_no_more(terminal, at_once):
    screen = terminal()
    stream = os.fdopen(os.dup(screen.follower), "w")
    with stream, Bar(stream, appears_after=0) as bar:
        bar.start("Fetching")
        arrived, failed = (begin_transfer(bar, name, LARGE) for name in ("arrived", "failed"))
        arrived.advance(LARGE)
        failed.finish()
        failed.finish()
        time.sleep(0.25)
    os.close(screen.follower)
    screen.follower = -1
    screen.watch()

    assert max(len(lines) for lines in screen.screens) == 1


def test_who_wants_no_details_gets_none():
    assert begin_transfer(SILENT, "file", LARGE) is UNWATCHED
    assert begin_transfer(Bar(io.StringIO()), "file", LARGE - 1) is UNWATCHED


@pytest.mark.parametrize(
    ("text", "columns", "end"),
    [("abc", 3, "abc"), ("abcd", 3, "…cd"), ("数数数", 5, "…数数"), ("数数数", 4, "…数")],
)
def test_the_end_of_a_text_fits(text, columns, end):
    assert ending(text, columns) == end


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_progress_is_silent_without_a_terminal_and_drawn_on_one():
    import pty

    from dvclite.cli.console import Console

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
