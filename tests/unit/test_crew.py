"""Processes that help with a long piece of work."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pkgutil import resolve_name

import pytest

from dvclite.files import changes
from dvclite.files.crew import OUR_THREADS, Crew, can_have_crew, hired

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="crews are for Linux")


def double(task, room):
    room[: len(task)] = task.upper().encode()
    return task * 2


def test_answers_come_back_in_the_order_of_the_tasks_with_what_they_left_behind():
    came_back = []
    with Crew(double, room=10) as crew:
        for number in range(20):
            if crew.is_busy:
                answer, left = crew.take_back()
                came_back.append((answer, bytes(left[:7])))
            crew.hand_out(f"task {number % 10}x")
        while len(came_back) < 20:
            answer, left = crew.take_back()
            came_back.append((answer, bytes(left[:7])))

    assert came_back == [(f"task {n % 10}x" * 2, f"TASK {n % 10}X".encode()) for n in range(20)]


def test_messages_may_be_longer_than_what_a_pipe_takes_at_once():
    with Crew(lambda task, _room: task[::-1]) as crew:
        for letter in "ab":
            crew.hand_out(letter * 3_000_000 + "!")
            assert crew.take_back()[0] == "!" + letter * 3_000_000


def test_a_member_that_is_gone_has_done_nothing():
    with Crew(lambda task, _room: os._exit(1) if task else "done") as crew:
        count = len(crew._members)
        for task in [0] * count + [1] * count:
            crew.hand_out(task)
        answers = [crew.take_back()[0] for _ in range(2 * count)]
        is_busy = crew.is_busy
        crew.hand_out(0)
        after = crew.take_back()[0]

    assert answers == ["done"] * count + [None] * count
    assert is_busy
    assert after is None


@pytest.mark.parametrize("dying", range(7))
def test_those_that_are_left_do_what_comes_after_a_member_is_gone(monkeypatch, dying):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1, 2, 3})

    def work(task, room):
        if task == dying:
            os._exit(1)
        room[:1] = bytes([task])
        return task

    came_back = {}
    with Crew(work, room=1) as crew:
        for task in range(60):
            while crew.is_busy:
                answer, left = crew.take_back()
                came_back[len(came_back)] = answer, left[0]
            crew.hand_out(task)
        while len(came_back) < 60:
            answer, left = crew.take_back()
            came_back[len(came_back)] = answer, left[0]

    lost = [task for task, (answer, _left) in came_back.items() if answer is None]
    assert dying in lost
    assert len(lost) <= 4  # Others were handed out before anybody knew.
    assert all(came_back[task] == (task, task) for task in range(60) if task not in lost)


def test_work_that_fails_is_not_done():
    with Crew(lambda task, _room: 1 // task) as crew:
        crew.hand_out(0)
        assert crew.take_back()[0] is None


def test_an_interrupt_is_not_for_the_members():
    with Crew(lambda task, _room: task) as crew:
        for member in crew._members:
            os.kill(member._process, signal.SIGINT)
        for _ in crew._members:
            crew.hand_out("still here")
        assert [crew.take_back()[0] for _ in crew._members] == ["still here"] * len(crew._members)


def test_members_keep_nothing_open_and_do_not_outlive_the_crew(tmp_path):
    lock = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    with Crew(lambda _task, _room: sorted(os.listdir("/proc/self/fd"))) as crew:
        crew.hand_out(None)
        answer = crew.take_back()[0]
        processes = [member._process for member in crew._members]
    os.close(lock)

    assert len(answer) == 6  # The three that every process has, two pipes, and the listing itself.
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def refuse(*_arguments):
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def test_members_do_not_try_all_numbers_that_a_file_could_have(monkeypatch):
    monkeypatch.setattr(os, "closerange", refuse)

    with Crew(lambda task, _room: task) as crew:
        crew.hand_out("there")
        assert crew.take_back()[0] == "there"


def test_members_keep_nothing_open_where_nobody_tells_what_is(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "listdir", refuse)
    lock = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    with Crew(lambda _task, _room: [one.name for one in os.scandir("/proc/self/fd")]) as crew:
        crew.hand_out(None)
        answer = crew.take_back()[0]
    os.close(lock)

    assert len(answer) == 6  # As above.


def test_a_crew_that_is_closed_again_closes_nothing_of_others(tmp_path):
    with Crew(lambda task, _room: task) as crew:
        crew.hand_out("never taken back")
        numbers = [number for member in crew._members for number in member._open]
    others = [os.open(tmp_path, os.O_RDONLY) for _ in numbers]
    try:
        assert set(others) & set(numbers)
        crew.close()
        for number in others:
            os.fstat(number)
        assert crew.is_busy
        assert not crew.has_answer
    finally:
        for number in others:
            os.close(number)


def test_members_go_when_the_process_is_killed_that_they_help(tmp_path):
    reader, writer = os.pipe()
    parent = os.fork()
    if parent == 0:
        try:
            crew = Crew(lambda task, _room: task)
            os.write(writer, f"{crew._members[0]._process}\n".encode())
            signal.pause()
        finally:
            os._exit(1)
    with os.fdopen(reader) as lines:
        member = int(lines.readline())
        os.kill(parent, signal.SIGKILL)
        os.waitpid(parent, 0)
        os.close(writer)
        assert lines.read() == ""  # Nobody has the other end any more.
    wait_until_gone(member)


def wait_until_gone(process):
    for _ in range(500):
        try:
            with open(f"/proc/{process}/stat", encoding="ascii") as stat:
                if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return
        except FileNotFoundError:
            return
        threading.Event().wait(0.01)
    raise AssertionError("it is still there")


@pytest.mark.parametrize(("name", "can"), [("somebody's", False), (f"{OUR_THREADS}bar", None)])
def test_there_is_no_crew_beside_threads_of_other_people(name, can):
    alone = can_have_crew()
    over = threading.Event()
    thread = threading.Thread(target=over.wait, name=name)
    thread.start()
    try:
        assert can_have_crew() is (alone if can is None else can)
    finally:
        over.set()
        thread.join()


def test_there_is_none_without_a_core_to_spare(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0})

    assert not can_have_crew()


def test_a_task_that_cannot_be_handed_out_is_not_done(monkeypatch):
    with Crew(lambda task, _room: task) as crew:
        with monkeypatch.context() as patch:
            patch.setattr(changes, "write", refuse)
            crew.hand_out("first")
        assert crew.take_back()[0] is None


def test_nobody_is_killed_who_got_the_number_of_a_member_that_is_gone():
    """A grandchild stands for him: it is no child either, and may be killed."""
    family = subprocess.Popen(["sh", "-c", "sleep 60 & echo $!; wait"], stdout=subprocess.PIPE)
    somebody = int(family.stdout.readline())
    try:
        with Crew(lambda task, _room: task) as crew:
            member = crew._members[0]
            member.end()
            member._process = somebody
        with pytest.raises(subprocess.TimeoutExpired):
            family.wait(0.3)  # Which would end with him.
    finally:
        os.kill(somebody, signal.SIGKILL)
        family.communicate()


@pytest.fixture
def pipes_of(monkeypatch):
    """Return what makes all pipes have a size that they keep."""
    fcntl = pytest.importorskip("fcntl")
    pipe, control = os.pipe, fcntl.fcntl

    def make(size):
        def small():
            ends = pipe()
            control(ends[0], fcntl.F_SETPIPE_SZ, size)
            return ends

        def refusing_to_grow(fd, what, *arguments):
            if what == fcntl.F_SETPIPE_SZ:
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
            return control(fd, what, *arguments)

        monkeypatch.setattr(os, "pipe", small)
        monkeypatch.setattr(fcntl, "fcntl", refusing_to_grow)

    return make


def test_where_pipes_are_small_nobody_waits_for_somebody_who_waits_for_him(pipes_of):
    pipes_of(4096)
    with Crew(lambda task, _room: task) as crew:
        for _ in range(2 * len(crew._members)):
            crew.hand_out("x" * 20_000)
        assert crew.take_back()[0] is None


@pytest.mark.parametrize(("size", "most"), [(64 << 10, 2), (128 << 10, 3), (1 << 20, 8)])
def test_no_more_is_handed_out_than_answers_fit_into_a_pipe(pipes_of, size, most):
    pipes_of(size)
    largest = "x" * ((64 << 10) - 64)
    handed_out = taken_back = together = 0
    with Crew(lambda task, _room: task, most=1) as crew:
        for _ in range(100):
            while crew.is_busy:
                assert crew.take_back()[0] == largest
                taken_back += 1
            crew.hand_out(largest)
            handed_out += 1
            together = max(together, handed_out - taken_back)

    assert together == most


@pytest.mark.parametrize(("room", "most"), [(0, 8), (1, 4)])
def test_the_longer_the_work_the_more_is_handed_out_ahead(room, most):
    ahead = []
    with Crew(lambda task, _room: task, room=room, most=1) as crew:
        for task in range(40):
            while not crew.is_busy:
                crew.hand_out(task)
            ahead.append(len(crew._busy))
            crew.take_back()

    assert ahead[0] == 2
    assert ahead == sorted(ahead)
    assert ahead[-1] == most


def test_members_with_pipes_of_unequal_size_get_what_they_can_take(monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    control, grown = fcntl.fcntl, []

    def grow_a_few(fd, what, *arguments):
        if what == fcntl.F_SETPIPE_SZ:
            grown.append(fd)
            if len(grown) > 2:
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        return control(fd, what, *arguments)

    monkeypatch.setattr(fcntl, "fcntl", grow_a_few)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1, 2})
    most = {}
    with Crew(lambda task, _room: task) as crew:
        for task in range(200):
            while crew.is_busy:
                assert crew.take_back()[0] is not None
            crew.hand_out("x" * 60_000 + str(task))
            for number, member in enumerate(crew._members):
                most[number] = max(most.get(number, 0), member.waiting)

    assert most[1] == 2
    assert most[0] <= 3  # All have their turns.


def refusing(call, code, *, after):
    """Return what does what a call does so many times, and fails from then on."""
    calls = []

    def call_or_fail(*arguments):
        calls.append(arguments)
        if len(calls) > after:
            raise OSError(code, os.strerror(code))
        return call(*arguments)

    return call_or_fail


def children():
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as children:
        return children.read().split()


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("os.fork", errno.EAGAIN),
        ("os.pipe", errno.EMFILE),
        ("mmap.mmap", errno.ENOMEM),
        ("fcntl.fcntl", errno.EPERM),
    ],
)
@pytest.mark.parametrize("after", range(4))
def test_where_helpers_cannot_be_had_there_are_none_and_nothing_stays(
    monkeypatch, call, code, after
):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1, 2, 3, 4, 5})
    monkeypatch.setattr(call, refusing(resolve_name(call), code, after=after))
    before = os.listdir("/proc/self/fd"), children()

    crew = hired(lambda task, _room: task)

    if crew is not None:
        assert after == len(crew._members)
        crew.close()
    assert (os.listdir("/proc/self/fd"), children()) == before


@contextmanager
def someone_who_may_be_interrupted(threads):
    over = threading.Event()
    waiting = [threading.Thread(target=over.wait, name=OUR_THREADS + "x") for _ in range(threads)]
    for thread in waiting:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in waiting:
            thread.join()


@pytest.mark.parametrize("threads", [0, 1])
def test_an_interrupt_while_helpers_are_hired_leaves_nobody_behind(monkeypatch, threads):
    fork = os.fork

    def interrupted():
        process = fork()
        if process:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)  # Until another thread has got it.
        return process

    monkeypatch.setattr(os, "fork", interrupted)
    before = os.listdir("/proc/self/fd"), children()

    with someone_who_may_be_interrupted(threads), pytest.raises(KeyboardInterrupt):
        Crew(lambda task, _room: task)

    assert (os.listdir("/proc/self/fd"), children()) == before
