"""Packs that are proved by another process."""

import errno
import os
import sys
import threading
import time

import pytest
from blake3 import blake3

from dvclite.cache import proving
from dvclite.cache.proving import Proving
from dvclite.files import crew
from dvclite.hashing import BLAKE3
from dvclite.pack.layout import Kind as PackKind
from dvclite.pack.writer import PackWriter

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="crews are for Linux")


@pytest.fixture
def asked(monkeypatch):
    """Return a proving whose helper hangs; a thread waits for its answer, which is noted."""
    monkeypatch.setattr(proving, "_prove", lambda *_: time.sleep(600))
    monkeypatch.setattr(crew, "can_have_crew", lambda: True)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1, 2, 3})
    asked = Proving()
    asked.answers = []
    waiting = threading.Thread(target=lambda: asked.answers.append(asked._ask("path", "pack")))
    waiting.start()
    while asked._crew is None:
        time.sleep(0.001)
    time.sleep(0.1)  # The answer is waited for.
    yield asked
    asked.close()
    waiting.join(30)
    assert asked.answers == [None]  # Which is to say that it must be done in person.


def test_whoever_gives_up_does_not_wait_for_a_helper_that_hangs(asked):
    closing = threading.Thread(target=asked.close, daemon=True)
    closing.start()
    closing.join(30)

    assert not closing.is_alive()
    assert asked._ask("path", "pack") is None


def test_one_helps_and_nobody_else_waits_for_him(asked):
    answers = []
    other = threading.Thread(target=lambda: answers.append(asked._ask("path", "pack")))
    other.start()
    other.join(10)

    assert answers == [None]
    assert len(asked._crew._members) == 1


def test_whoever_gives_up_while_a_helper_is_hired_does_not_wait_for_it(monkeypatch):
    monkeypatch.setattr(proving, "_prove", lambda *_: time.sleep(30))
    monkeypatch.setattr(crew, "can_have_crew", lambda: True)
    asked = Proving()
    closing = threading.Thread(target=asked.close, daemon=True)

    def hired_late(*arguments, **options):
        helper = crew.hired(*arguments, **options)
        closing.start()
        while not asked._is_over:
            time.sleep(0.001)
        time.sleep(0.1)  # It has looked for a helper, and waits for its turn.
        return helper

    monkeypatch.setattr(proving, "hired", hired_late)
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(asked._ask("path", "pack")))
    waiting.daemon = True
    waiting.start()
    waiting.join(10)

    assert answers == [None]
    closing.join(10)
    assert asked._crew is None


def test_a_pack_is_proved_here_where_no_process_can_be_had(monkeypatch):
    def refuse():
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", refuse)
    monkeypatch.setattr(crew, "can_have_crew", lambda: True)
    with Proving() as asked:
        assert asked._ask("path", "pack") is None


@pytest.fixture
def packs(tmp_path):
    """Return what makes a pack of so many blobs of a size, and returns its path and name."""

    def make(name, count, size):
        writer = PackWriter(str(tmp_path / name), BLAKE3)
        for number in range(count):
            data = number.to_bytes(4, "big") + os.urandom(size)
            writer.add(PackKind.BLOB, blake3(data).digest(), data)
        pack = writer.finish()
        return pack.path, pack.id, pack.entries

    return make


@pytest.mark.parametrize(
    ("count", "size", "most"),
    [
        pytest.param(600, 2 << 10, 1, id="small entries: by turns"),
        pytest.param(20, 100 << 10, 4, id="large entries: at once"),
    ],
)
def test_those_who_would_fight_for_the_interpreter_take_turns(
    packs, monkeypatch, count, size, most
):
    monkeypatch.setattr(proving, "hired", lambda *_arguments, **_options: None)
    together = threading.Barrier(most)
    inside = threading.Semaphore(most)
    proved = proving._is_whole

    def noted(file, entries):
        assert inside.acquire(blocking=False)  # There are no more than that.
        together.wait(30)
        answer = proved(file, entries)
        inside.release()
        return answer

    monkeypatch.setattr(proving, "_is_whole", noted)
    made = [packs(f"{number}.pack", count, size) for number in range(4)]
    answers = []
    with Proving() as asked:
        threads = [
            threading.Thread(target=lambda one=one: answers.append(asked.is_whole(*one)))
            for one in made
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert answers == [True] * 4


def test_who_waits_for_his_turn_is_helped_meanwhile(packs, monkeypatch):
    asked, answers = Proving(), iter([None, None, True])
    monkeypatch.setattr(asked, "_ask", lambda *_pack: next(answers))
    with asked, asked._turn:
        assert asked.is_whole(*packs("1.pack", 600, 2 << 10))


def test_who_waits_for_his_turn_does_not_outstay_the_end(packs, monkeypatch):
    monkeypatch.setattr(proving, "hired", lambda *_arguments, **_options: None)
    asked = Proving()
    with asked._turn:
        asked.close()
        assert not asked.is_whole(*packs("1.pack", 600, 2 << 10))


def test_where_nobody_can_be_hired_that_is_tried_once(packs, monkeypatch):
    tried = []
    monkeypatch.setattr(proving, "hired", lambda *_arguments, **_options: tried.append(1))
    with Proving() as asked:
        for number in range(3):
            assert asked.is_whole(*packs(f"{number}.pack", 600, 2 << 10))

    assert len(tried) == 1
