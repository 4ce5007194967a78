"""A pack that is read from its beginning to its end, in few calls and the same memory."""

from dvclite.errors import PackDamagedError
from dvclite.remote import ReadInto

_TOGETHER = 2 << 20


class Window:
    """Some of a pack's bytes, and more of them when those are asked for. For one thread."""

    def __init__(self, read: ReadInto, pack: str, size: int) -> None:
        """Look at a pack of `size` bytes, called `pack` in messages."""
        self._read = read
        self._pack = pack
        self._size = size
        self._memory = memoryview(bytearray(min(_TOGETHER, size)))
        self._begin = self._end = 0

    def read(self, at: int, size: int) -> memoryview:
        """Return bytes of the pack, good until others are asked for.

        Raises:
            PackDamagedError: It ends before that.
        """
        if at < self._begin or at + size > self._end:
            if size > len(self._memory):
                self._memory = memoryview(bytearray(size))
            self._begin = self._end = at
            self._end += self._read(at, self._memory[: max(self._size - at, 0)])
            if at + size > self._end:
                raise PackDamagedError(self._pack, "it is cut short")
        return self._memory[at - self._begin :][:size]
