"""How long-running work reports how far it has come, without knowing who is looking."""

from typing import Protocol


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


class _Silent:
    def start(self, label: str, *, files: int | None = None, size: int | None = None) -> None:
        pass

    def advance(self, *, files: int = 0, size: int = 0) -> None:
        pass

    def finish(self) -> None:
        pass


SILENT: Progress = _Silent()
"""The progress of work that nobody watches."""
