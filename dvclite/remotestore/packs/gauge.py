"""Progress told in bytes of content, while others move."""

from dvclite.progress import Progress


class Gauge:
    """Turns the bytes of one pack into those of the content that it carries. For one thread."""

    def __init__(self, progress: Progress, content: int, size: int) -> None:
        """Tell `progress` of `content` bytes while `size` bytes move."""
        self._progress = progress
        self._content = content
        self._size = max(size, 1)
        self._moved = self._told = 0

    def move(self, count: int) -> None:
        """Take note of bytes that moved; fewer than nothing where they move again."""
        self._moved += count
        self._tell(min(self._content * self._moved // self._size, self._content))

    def finish(self) -> None:
        """Tell of all that is left."""
        self._tell(self._content)

    def take_back(self, size: int | None = None) -> None:
        """Take back what was told: so many bytes, if they were told of, or all."""
        self._tell(0 if size is None else max(self._told - size, 0))

    def _tell(self, whole: int) -> None:
        told, self._told = self._told, whole
        self._progress.advance(size=whole - told)
