"""Work done by a few threads: what is drawn, counted, stopped and interrupted."""

import threading
import time
from itertools import count

import pytest

from dvclite.errors import AccessDeniedError, BlobCorruptError, RemoteUnavailableError
from dvclite.remotestore import engine
from dvclite.remotestore.engine import Failure, run


def unavailable():
    return RemoteUnavailableError("memory://", "gone")


def test_every_item_is_worked_on_once_and_counted():
    worked = []

    def work(item, moved):
        moved(item)
        worked.append(item)

    outcome = run(range(1000), work, 8)

    assert sorted(worked) == list(range(1000))
    assert (outcome.done, outcome.size) == (1000, sum(range(1000)))
    assert not outcome.failures
    assert not outcome.stopped


def test_nothing_to_do_is_done_at_once():
    assert run([], lambda item, moved: 1 / 0, 8).done == 0


def test_as_many_run_at_once_as_there_are_jobs():
    together = threading.Barrier(4, timeout=30)

    assert run(range(8), lambda item, moved: together.wait(), 4).done == 8


def test_what_takes_no_time_is_done_by_few():
    counts = []

    def items():
        yield from range(100_000)
        counts.append(threading.active_count())

    before = threading.active_count()
    run(items(), lambda item, moved: None, 32)

    assert counts[0] - before <= 8


def test_those_who_wait_for_each_other_are_not_joined_by_more():
    door, workers = threading.Lock(), set()

    def work(item, moved):
        workers.add(threading.get_ident())
        with door:
            time.sleep(0.02)

    run(range(20), work, 32, is_crowded=door.locked)

    assert len(workers) <= 4


@pytest.mark.parametrize(
    ("busy", "most"),
    [
        pytest.param(lambda _count: 0.1, 32, id="they wait"),
        pytest.param(lambda _count: 1.0, 2, id="they take turns at computing"),
        pytest.param(lambda count: min(0.9 * count, 8), 8, id="each computes"),
        pytest.param(lambda count: min(0.3 * count, 8), 32, id="each computes at times"),
    ],
)
def test_as_many_are_joined_as_there_are_cores_for(busy, most, monkeypatch):
    workers = set()

    def work(item, moved):
        workers.add(threading.get_ident())
        time.sleep(0.02)

    monkeypatch.setattr(engine, "_CORES", 8)
    monkeypatch.setattr(engine._Load, "share", lambda _load: busy(len(workers)))
    run(range(300), work, 32)

    assert len(workers) == most


def test_a_busy_process_is_seen_to_be_busy():
    load = engine._Load()
    time.sleep(0.05)
    assert load.share() < 0.5

    end = time.process_time() + 0.05
    began = time.monotonic()
    while time.process_time() < end:
        pass
    assert load.share() == pytest.approx(0.05 / (time.monotonic() - began), rel=0.3)


def test_whoever_waits_is_soon_joined_by_others():
    """Also where what came first took no time."""
    together = threading.Barrier(32, timeout=30)

    def work(item, moved):
        if item >= 20_000:
            together.wait()

    assert run(range(20_032), work, 32).done == 20_032


def test_no_more_run_at_once_than_there_are_jobs():
    lock, running, most = threading.Lock(), [], []

    def work(item, moved):
        with lock:
            running.append(item)
            most.append(len(running))
        time.sleep(0.001)
        with lock:
            running.remove(item)

    run(range(100), work, 4)

    assert max(most) <= 4


def test_an_item_is_drawn_when_a_thread_has_time_for_it():
    drawn, ended, ahead = [], [], []

    def items():
        for item in range(500):
            drawn.append(item)
            yield item

    def work(item, moved):
        ahead.append(len(drawn) - len(ended))
        time.sleep(0.0001)
        ended.append(item)

    run(items(), work, 4)

    assert max(ahead) <= 4


def test_one_failure_does_not_hide_others():
    def work(item, moved):
        if item % 10 == 0:
            raise BlobCorruptError(str(item), "memory://")
        if item % 10 == 1:
            raise OSError(5, "Input/output error")

    outcome = run(range(100), work, 4)

    assert outcome.done == 80
    assert {failure.item for failure in outcome.failures} == {
        *range(0, 100, 10),
        *range(1, 100, 10),
    }
    assert not outcome.stopped


def test_a_fatal_failure_stops_the_rest_and_keeps_what_is_done():
    drawn = []

    def items():
        for item in count():
            drawn.append(item)
            yield item

    def work(item, moved):
        if item == 20:
            raise AccessDeniedError("memory://", "expired")

    outcome = run(items(), work, 4)

    assert outcome.stopped
    (failure,) = outcome.failures
    assert failure.item == 20
    assert outcome.done == len(drawn) - 1


def test_a_remote_that_is_gone_is_not_asked_for_ever():
    def work(item, moved):
        if item >= 50:
            raise unavailable()

    outcome = run(range(100_000), work, 4)

    assert outcome.stopped
    assert outcome.done == 50
    assert 8 <= len(outcome.failures) <= 12


def test_a_remote_that_fails_now_and_then_is_asked_on():
    def work(item, moved):
        if item % 2:
            raise unavailable()

    outcome = run(range(400), work, 1)

    assert not outcome.stopped
    assert (outcome.done, len(outcome.failures)) == (200, 200)


def test_bytes_that_moved_in_vain_are_taken_back(recorder):
    recorder.start("Moving")

    def work(item, moved):
        moved(10)
        if item == 3:
            raise BlobCorruptError("3", "memory://")

    outcome = run(range(10), work, 2, progress=recorder)

    assert recorder.works == [["Moving", None, None, 9, 90]]
    assert outcome.size == 90


def test_what_nobody_foresaw_is_raised_where_the_work_was_asked_for():
    def work(item, moved):
        if item == 5:
            raise ZeroDivisionError("a mistake in a plugin")

    with pytest.raises(ZeroDivisionError, match="mistake"):
        run(count(), work, 4)


def test_an_error_of_the_items_themselves_is_raised():
    def items():
        yield from range(10)
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        run(items(), lambda item, moved: None, 4)


def test_who_watches_the_progress_may_interrupt():
    class Impatient:
        def advance(self, *, files=0, size=0):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(count(), lambda item, moved: moved(1), 4, progress=Impatient())


def test_ctrl_c_ends_the_work_within_a_second(interrupt_soon):
    """Also where workers wait for a server that does not answer."""
    forever = threading.Event()

    def work(item, moved):
        if item % 2:
            forever.wait(60)
        while True:
            moved(1)
            time.sleep(0.01)

    interrupt_soon()
    begun = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            run(count(), work, 8)
        assert time.monotonic() - begun < 2
    finally:
        forever.set()


def test_ctrl_c_breaks_off_what_moves(interrupt_soon):
    """Or a file of some gigabytes would go on behind the scenes."""
    ended = threading.Semaphore(0)

    def work(item, moved):
        try:
            while True:
                moved(1)
                time.sleep(0.001)
        finally:
            ended.release()

    interrupt_soon()
    with pytest.raises(KeyboardInterrupt):
        run(count(), work, 4)

    assert all(ended.acquire(timeout=10) for _ in range(4))


def test_the_interpreter_does_not_wait_for_workers_when_it_ends():
    daemons = []

    run(range(10), lambda item, moved: daemons.append(threading.current_thread().daemon), 2)

    assert daemons == [True] * 10


def test_after_ctrl_c_nothing_more_is_begun(interrupt_soon):
    begun = count()

    def work(item, moved):
        next(begun)
        time.sleep(0.01)

    interrupt_soon()
    with pytest.raises(KeyboardInterrupt):
        run(count(), work, 4)
    worked = next(begun)
    time.sleep(0.1)

    assert next(begun) == worked + 1


@pytest.fixture
def interrupt_soon():
    """Press Ctrl-C in a moment."""
    import _thread

    timers = []

    def interrupt_soon():
        timers.append(threading.Timer(0.2, _thread.interrupt_main))
        timers[-1].start()

    yield interrupt_soon
    for timer in timers:
        timer.cancel()


def test_a_failure_says_what_and_why():
    error = BlobCorruptError("1", "memory://")

    (failure,) = run([1], lambda item, moved: (_ for _ in ()).throw(error), 1).failures

    assert failure == Failure(1, error)
