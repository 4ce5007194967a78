"""What had come of a pack when it was broken off: saved, as far as whoever interrupts waits for it."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from dvclite.errors import PackError
from dvclite.remotestore.packs.window import Window

_PATIENCE = 0.4


class EnoughError(Exception):
    """Ends what is done with remains: what comes in pieces may have gaps."""


class Remains(NamedTuple):
    """The beginning of a pack.

    Attributes:
        size: How many bytes came.
        read: Returns bytes of it, good until others are asked for: from where on, and how many.
        look: Raises EnoughError when there is no more time. Takes a number, which means nothing.
    """

    size: int
    read: Callable[[int, int], memoryview]
    look: Callable[[int], None]


def save_remains(path: str, pack: str, save: Callable[[Remains], None]) -> None:
    """Have saved what came. What goes wrong ends that, and nothing else.

    Args:
        path: Where it was written to, if anything came.
        pack: What it should have become.
        save: Is given it.
    """
    deadline = time.monotonic() + _PATIENCE

    def look(_size: int) -> None:
        if time.monotonic() > deadline:
            raise EnoughError

    with suppress(EnoughError, PackError, OSError), open(path, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size

        def read(offset: int, memory: memoryview) -> int:
            file.seek(offset)
            return file.readinto(memory) or 0

        save(Remains(size, Window(read, pack, size).read, look))
