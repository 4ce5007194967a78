"""How long-running work reports how far it has come, without knowing who is looking."""

from typing import Protocol, runtime_checkable

LARGE = 1 << 20
"""From how many bytes on something that moves is worth being told of by its own name."""


class Progress(Protocol):
    """Receives the course of one piece of work after another.

    Implementations must be thread-safe: workers call `advance` concurrently.
    They must not raise, except to interrupt the work (`KeyboardInterrupt`).
    """

    def start(self, label: str, *, files: int | None = None, size: int | None = None) -> None:
        """Begin a piece of work.

        Args:
            label: What is done, as a verb in its -ing form: `Adding`.
            files: How many files it will touch, where that is known.
            size: How many bytes it will move, where that is known.
        """

    def advance(self, *, files: int = 0, size: int = 0) -> None:
        """Report that so many more files and bytes are done. Negative numbers take work back."""

    def finish(self) -> None:
        """End the piece of work begun last."""


class Transfer(Protocol):
    """Receives the course of one file on its way to a remote or from there, from any thread.

    What it is told of, the `Progress` that it belongs to is told of as well, if perhaps not at the
    same moment: nothing has to be added up.
    """

    def advance(self, size: int) -> None:
        """Report that so many more bytes have moved. Negative numbers take that back."""

    def finish(self) -> None:
        """End it, arrived or not. Ending it twice is harmless, as is what it is told afterwards."""


@runtime_checkable
class DetailedProgress(Progress, Protocol):
    """A progress that also wants to know which large files are on their way. None has to."""

    def begin_transfer(self, name: str, size: int) -> Transfer:
        """Take note of a file that sets out, within the piece of work begun last.

        Args:
            name: Its path in the repository.
            size: How many bytes it has: `LARGE` at least.
        """


class _Silent:
    def start(self, label: str, *, files: int | None = None, size: int | None = None) -> None:
        pass

    def advance(self, *, files: int = 0, size: int = 0) -> None:
        pass

    def finish(self) -> None:
        pass


class _Unwatched:
    def advance(self, size: int) -> None:
        pass

    def finish(self) -> None:
        pass


SILENT: Progress = _Silent()
"""The progress of work that nobody watches."""

UNWATCHED: Transfer = _Unwatched()
"""A transfer that nobody watches."""


def begin_transfer(progress: Progress, name: str, size: int) -> Transfer:
    """Tell of a file that sets out, if that is large and somebody wants to know.

    Args:
        progress: Who is told.
        name: The file's path in the repository.
        size: How many bytes it has; negative if that is not known.
    """
    if size < LARGE or not isinstance(progress, DetailedProgress):
        return UNWATCHED
    return progress.begin_transfer(name, size)
