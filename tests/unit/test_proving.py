"""Packs that are proved by another process."""

import sys
import threading
import time

import pytest

from dvclite.cache import proving
from dvclite.cache.proving import Proving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="crews are for Linux")


def test_whoever_gives_up_does_not_wait_for_a_helper_that_hangs(monkeypatch):
    monkeypatch.setattr(proving, "_prove", lambda *_: time.sleep(600))
    monkeypatch.setattr(proving, "can_have_crew", lambda: True)
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
