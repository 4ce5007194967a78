"""A file that is verified by a thread while somebody sends it."""

import threading
from collections.abc import Callable

from dvclite.files.copying import OnBytes

_AHEAD = 256 << 20
"""How many bytes may be sent before they are verified: no fewer than remotes send at once, and no
more than are soon verified, since a server does not wait for long."""

_NAP = 0.1
"""Seconds that a wait lasts at most before it is looked whether somebody interrupted."""


class _StoppedError(Exception):
    """Ends a verification that nobody waits for any more."""


class Watch:
    """Keeps whoever sends a file from sending the last of it before all of it is verified.

    Attributes:
        error: What the verification raised, if it did.
    """

    def __init__(
        self,
        verify: Callable[[OnBytes], None],
        signature: Callable[[], object],
        size: int,
        moved: OnBytes,
    ) -> None:
        """Begin to verify.

        Args:
            verify: Reads the file, tells of the bytes, and raises if they are not what they should
                be.
            signature: Returns what changes whenever the file does.
            size: How many bytes the file has.
            moved: Is told of bytes that are sent, and is called with 0 while somebody waits.
        """
        self.error: BaseException | None = None
        self._verify = verify
        self._signature = signature
        self._size = size
        self._moved = moved
        self._sent = self._verified = 0
        self._is_over = self._is_stopped = False
        self._change = threading.Condition()
        self._before = signature()
        self._thread = threading.Thread(target=self._run, name="dvclite-verifying", daemon=True)
        self._thread.start()

    def count(self, size: int) -> None:
        """Take note of bytes that are sent, in any thread; return when sending may go on.

        Raises:
            BaseException: What the verification raised, or `moved`.
        """
        self._moved(size)
        with self._change:
            self._sent += size
            sent = self._sent
        if sent >= self._size:
            self.finish()
        else:
            self._wait(lambda: sent - self._verified <= _AHEAD)

    def finish(self) -> None:
        """Return when all of the file is verified, as it is now. Raises as `count` does."""
        self._wait(lambda: False)
        after = self._signature()
        if after != self._before:
            try:
                self._verify(lambda _count: self._moved(0))
            except BaseException as error:
                self.error = error
                raise
            self._before = after

    def close(self) -> None:
        """Verify no more."""
        self._is_stopped = True
        self._thread.join()

    def _wait(self, is_enough: Callable[[], bool]) -> None:
        while True:
            with self._change:
                if self._is_over or is_enough():
                    break
                self._change.wait(_NAP)
            self._moved(0)
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        try:
            self._verify(self._step)
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self.error = error
        with self._change:
            self._is_over = True
            self._change.notify_all()

    def _step(self, size: int) -> None:
        if self._is_stopped:
            raise _StoppedError
        with self._change:
            self._verified += size
            self._change.notify_all()
