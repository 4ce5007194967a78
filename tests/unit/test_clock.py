import os
import time

import pytest

from dvclite.files.clock import FileClock, is_settled, settling_time
from dvclite.files.staging import Staging

SECOND = 1_000_000_000


def stat_with(mtime, ctime=None):
    times = dict.fromkeys(("st_atime", "st_mtime", "st_ctime"), 0.0)
    nanoseconds = {"st_mtime_ns": mtime, "st_ctime_ns": mtime if ctime is None else ctime}
    return os.stat_result((0o100644, *[0] * 9), {**times, **nanoseconds})


def test_the_clock_goes_on_and_leaves_nothing_behind(tmp_path):
    with Staging(tmp_path / "tmp") as staging:
        clock = FileClock(staging)
        times = [clock.now() for _ in range(5)]
        clock.close()
        clock.close()
        again = clock.now()

    assert times == sorted(times)
    assert again >= times[-1]
    assert abs(times[0] - time.time_ns()) < 60 * SECOND
    assert os.listdir(tmp_path / "tmp") == []


def test_a_file_written_just_now_is_not_settled_and_soon_is(tmp_path):
    with Staging(tmp_path) as staging:
        clock = FileClock(staging)
        path = staging.new_path()
        for _ in range(20):  # A time that happens to have no fraction takes longer.
            with open(path, "w") as stream:
                stream.write("x")
            if settling_time(os.stat(path)) < 1:
                break
        now = clock.now()
        assert not is_settled(os.stat(path), now)

        time.sleep(settling_time(os.stat(path)))
        assert is_settled(os.stat(path), clock.now())


@pytest.mark.parametrize(
    ("mtime", "ctime", "now", "settled"),
    [
        (10 * SECOND + 1, None, 10 * SECOND + 1, False),
        (10 * SECOND + 1, None, 10 * SECOND + 1_000_000, False),
        (10 * SECOND + 1, None, 11 * SECOND, True),
        (10 * SECOND, None, 11 * SECOND, False),
        (10 * SECOND, None, 12 * SECOND + 1, True),
        (1 * SECOND + 1, 10 * SECOND + 1, 10 * SECOND + 2, False),
        (1 * SECOND + 1, 10 * SECOND + 1, 11 * SECOND, True),
        (10 * SECOND + 1, 1 * SECOND + 1, 10 * SECOND + 2, False),
        (99 * SECOND + 1, 10 * SECOND + 1, 11 * SECOND, False),
        (-5 * SECOND + 1, None, 11 * SECOND, True),
    ],
)
def test_a_stat_has_settled_when_its_times_lie_back_by_more_than_the_grain(
    mtime, ctime, now, settled
):
    assert is_settled(stat_with(mtime, ctime), now) == settled


def test_an_edit_of_equal_size_just_after_a_settled_stat_always_shows(tmp_path):
    """The whole point: a stat that is remembered never stands for other content."""
    path = tmp_path / "file"
    path.write_bytes(b"0")
    with Staging(tmp_path / "tmp") as staging:
        clock = FileClock(staging)
        tried = 0
        for number in range(2000):
            now = clock.now()
            stat = os.stat(path)
            settled = is_settled(stat, now)
            with open(path, "r+b") as stream:
                stream.write(b"%d" % (number % 2))
            after = os.stat(path)
            if settled:
                tried += 1
                assert (after.st_mtime_ns, after.st_ctime_ns) != (
                    stat.st_mtime_ns,
                    stat.st_ctime_ns,
                )
            if number % 100 == 0:
                time.sleep(min(settling_time(after), 0.1))

    assert tried
