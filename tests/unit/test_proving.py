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


def test_whoever_gives_up_does_not_wait_for_a_helper_that_hangs(monkeypatch):
    monkeypatch.setattr(proving, "_prove", lambda *_: time.sleep(600))
    monkeypatch.setattr(crew, "can_have_crew", lambda: True)
    answers = []
    asked = Proving()
    waiting = threading.Thread(target=lambda: answers.append(asked._ask("path", "pack")))
    waiting.start()
    while asked._crew is None:
        time.sleep(0.001)
    time.sleep(0.1)  # The answer is waited for.

    closing = threading.Thread(target=asked.close, daemon=True)
    closing.start()
    closing.join(30)

    assert not closing.is_alive()
    waiting.join(30)
    assert answers == [None]  # Which is to say that it must be done in person.
    assert asked._ask("path", "pack") is None


def test_a_pack_is_proved_here_where_no_process_can_be_had(monkeypatch):
    def refuse():
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", refuse)
    monkeypatch.setattr(crew, "can_have_crew", lambda: True)
    with Proving() as asked:
        assert asked._ask("path", "pack") is None
