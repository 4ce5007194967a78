"""Tasks that are shared with other processes come back in order, with what they left behind."""

import os
import sys
import threading
import time

import pytest

from dvclite.files import sharing
from dvclite.files.sharing import Sharing, shared_out

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has crews"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

ROOM = 8


def square(task, room):
    """Leave the square behind, and tell who did that; as slowly as a task says."""
    number, seconds = task
    time.sleep(seconds)
    room[:] = (number * number).to_bytes(ROOM, "big")
    return [number, os.getpid()]


def done_by(shared, tasks):
    """Return tags, squares and processes, in the order in which they come."""
    found = []

    def note(all_done):
        for tag, answer, left in all_done:
            assert answer is None or answer[0] == tag
            found.append((tag, int.from_bytes(left, "big"), answer and answer[1]))

    for tag, seconds in tasks:
        note(shared.do(tag, (tag, seconds)))
    note(shared.rest())
    return found


@pytest.fixture
def shared():
    with Sharing(square, room=ROOM) as shared:
        yield shared


def test_without_help_all_is_done_here(shared):
    found = done_by(shared, [(number, 0) for number in range(20)])
    assert found == [(number, number * number, os.getpid()) for number in range(20)]
    assert not shared.has_help


def test_there_is_no_help_where_there_can_be_none(shared, monkeypatch):
    monkeypatch.setattr("dvclite.files.crew.can_have_crew", lambda: False)
    shared.call_for_help()
    assert not shared.has_help
    assert len(done_by(shared, [(1, 0), (2, 0)])) == 2


@pytest.fixture
def helped(shared, monkeypatch):
    monkeypatch.setattr("dvclite.files.crew.can_have_crew", lambda: True)
    monkeypatch.setattr("dvclite.files.crew._cores", lambda: 2)
    shared.call_for_help()
    return shared


@pytest.mark.parametrize("seconds", [(0, 0), (0.02, 0), (0, 0.02), (0.01, 0.01)])
def test_with_help_the_order_is_kept(helped, seconds):
    found = done_by(helped, [(number, seconds[number % 2]) for number in range(60)])
    assert [(tag, left) for tag, left, _by in found] == [(n, n * n) for n in range(60)]


def test_both_have_a_share(helped):
    found = done_by(helped, [(number, 0.005) for number in range(60)])
    here = [tag for tag, _left, by in found if by == os.getpid()]
    assert 10 <= len(here) <= 50


def test_few_wait_for_a_slow_helper(helped):
    """What is done here waits, and with it the room that it was done in."""
    here = os.getpid()
    rooms = set()

    def slow(task, room):
        if os.getpid() != here:
            time.sleep(0.3)
        else:
            rooms.add(id(room.obj))
        return square((task[0], 0), room)

    with Sharing(slow, room=ROOM) as shared:
        shared.call_for_help()
        found = done_by(shared, [(number, 0) for number in range(12)])
    assert [(tag, left) for tag, left, _by in found] == [(n, n * n) for n in range(12)]
    assert len(rooms) <= sharing._MOST_ROOMS


@pytest.mark.parametrize("most", [7, sharing._MOST_WAITING])
def test_many_wait_for_a_slow_helper_where_they_leave_nothing_behind(monkeypatch, tmp_path, most):
    monkeypatch.setattr("dvclite.files.crew._cores", lambda: 2)
    monkeypatch.setattr(sharing, "_MOST_WAITING", most)
    here = os.getpid()
    go = tmp_path / "go"

    def slow(task, _room):
        until = time.monotonic() + 2
        while os.getpid() != here and not go.exists() and time.monotonic() < until:
            time.sleep(0.01)
        return task

    with Sharing(slow) as shared:
        shared.call_for_help()
        back = []
        for number in range(2 + most):  # Two are with the helper, all others are done here.
            back += shared.do(number, number)
        meanwhile = len(back)
        later = threading.Timer(0.1, go.touch)
        later.start()
        back += shared.do("one more", -1)
        then = len(back)
        later.join()
        back += shared.rest()
    assert meanwhile == 0
    assert then > 0
    assert [done.tag for done in back] == [*range(2 + most), "one more"]


def test_what_a_helper_cannot_do_comes_back_as_nothing(monkeypatch):
    monkeypatch.setattr("dvclite.files.crew._cores", lambda: 2)
    here = os.getpid()

    def die(task, room):
        if os.getpid() != here:
            os._exit(1)
        return square(task, room)

    with Sharing(die, room=ROOM) as shared:
        shared.call_for_help()
        found = done_by(shared, [(number, 0) for number in range(10)])
    assert [tag for tag, _left, _by in found] == list(range(10))
    lost = [tag for tag, _left, by in found if by is None]
    assert 1 <= len(lost) <= 2  # All others are done here, as soon as somebody knows.
    assert {by for _tag, _left, by in found} == {here, None}


def test_what_was_given_up_does_not_come_back(helped):
    for number in range(6):
        for _done in helped.do(number, (number, 0.05)):
            pass
    helped.close()
    helped.close()

    assert list(helped.rest()) == []
    assert not helped.has_help


def test_helpers_can_have_work_of_their_own(monkeypatch):
    monkeypatch.setattr("dvclite.files.crew._cores", lambda: 2)
    with Sharing(lambda task, _room: ["here", task]) as shared:
        shared.call_for_help(lambda task, _room: ["there", task])
        answers = []
        for number in range(20):
            answers += [answer for _tag, answer, _left in shared.do(number, number)]
        answers += [answer for _tag, answer, _left in shared.rest()]
    assert [number for _where, number in answers] == list(range(20))
    assert "there" in {where for where, _number in answers}


@pytest.mark.parametrize("helped", [True, False])
def test_tasks_are_handed_out_one_by_one(helped):
    drawn = []

    def tasks():
        for number in range(100):
            drawn.append(number)
            yield number

    done = shared_out(lambda task, _room: [task], tasks(), helped=helped)
    first = next(done)
    assert (first.tag, first.answer) == (0, [0])
    assert len(drawn) < 100
    assert [(one.tag, one.answer) for one in done] == [(n, [n]) for n in range(1, 100)]
