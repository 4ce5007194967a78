"""Packs that are proved by another process."""

import errno
import os
import sys
import threading
import time

import pytest

from dvclite.cache import proving
from dvclite.cache.proving import Proving
from dvclite.files import crew

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
