"""Making durable what was written, file by file or all with one call."""

import os
import re
import sys
from collections.abc import Callable
from functools import partial
from threading import Thread

from dvclite.files import changes
from dvclite.files.atomic import flush_folder
from dvclite.files.closing import Closing

_ONE_BY_ONE = 8

_TOGETHER = 64 << 20
"""How many bytes are sent on their way to the disk at a time."""

# File systems on which one syncfs makes everything written to them durable.
_SYNCFS = frozenset(
    {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "tmpfs", "overlay", "zfs", "bcachefs"}
)
# The first Linux whose syncfs reports that something could not be written.
_REPORTS_FAILURES = (5, 8)

_OCTAL = re.compile(r"\\([0-7]{3})")


class Flusher(Closing):
    """Makes durable what is written after this was made.

    What it reports is complete for that: the system tells a descriptor of all that failed since
    it was opened.
    """

    def __init__(self, place: str, *, has_syncfs: bool) -> None:
        """Be ready to flush.

        Args:
            place: A folder on the file system that is written to.
            has_syncfs: What the function of that name says of it.
        """
        self._volume: int | None = None
        if has_syncfs and sys.platform == "linux":
            self._volume = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def flush(self, count: int, one_by_one: Callable[[], None]) -> None:
        """Return when all survives a power cut.

        Args:
            count: How many flushes there are to do.
            one_by_one: Does them; left out where the whole file system is flushed sooner.

        Raises:
            OSError: Something could not be written.
        """
        if self._volume is None or count <= _ONE_BY_ONE:
            one_by_one()
        else:
            changes.flush_filesystem(self._volume)

    def close(self) -> None:
        """Let go of the file system."""
        if self._volume is not None:
            os.close(self._volume)
            self._volume = None


class Meanwhile:
    """Something that is done in a thread while other work goes on.

    A command that ends sooner does not wait for it.
    """

    def __init__(self, do: Callable[[], None]) -> None:
        """Begin to do it."""
        self._do = do
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, name="dvclite-flush", daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to wait for."""
        return not self._thread.is_alive()

    def wait(self) -> None:
        """Return when it is done, or raise what it raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._do()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self._error = error


class Outflow:
    """Sends what is written to an open file on its way to the disk, so that a flush has less to do.

    A thread does it: the system lets nobody go on who does so himself while the disk is behind.
    """

    def __init__(self, fd: int) -> None:
        """Be told of what is written to an open file."""
        self._fd = fd
        self._waiting = 0
        self._sending: Meanwhile | None = None

    def add(self, size: int) -> None:
        """Take note of more bytes that were written."""
        self._waiting += size
        if self._waiting >= _TOGETHER and (self._sending is None or self._sending.is_done):
            self._waiting = 0
            if sys.platform == "linux":  # Elsewhere there is no such thing.
                self._sending = Meanwhile(partial(_begin_flush_and_close, os.dup(self._fd)))


def _begin_flush_and_close(fd: int) -> None:
    try:
        changes.begin_flush(fd)
    finally:
        os.close(fd)


def flush_file(path: str) -> None:
    """Return when the content of a file survives a power cut; that of a link does with its name."""
    if os.path.islink(path):
        return
    # Windows flushes only what is open for writing.
    access = os.O_RDWR if os.name == "nt" else os.O_RDONLY
    fd = os.open(path, access | getattr(os, "O_CLOEXEC", 0))
    try:
        changes.flush(fd)
    finally:
        os.close(fd)


def flush_tree(path: str) -> None:
    """Return when a folder and all that is in it survive a power cut."""
    with os.scandir(path) as entries:
        for entry in entries:
            (flush_tree if entry.is_dir(follow_symlinks=False) else flush_file)(entry.path)
    flush_folder(path)


def has_syncfs(place: str) -> bool:
    """Say whether `changes.flush_filesystem` makes all durable that was written around `place`.

    What it reports is complete only where it is given a descriptor that was opened before the
    writing began.
    """
    return _linux_version() >= _REPORTS_FAILURES and _filesystem_type(place) in _SYNCFS


def _linux_version() -> tuple[int, ...]:
    if sys.platform != "linux":
        return ()
    return tuple(int(number) for number in re.findall(r"\d+", os.uname().release)[:2])


def _filesystem_type(place: str) -> str:
    """Return the type of the file system that `place` is on, as the kernel names it."""
    path = os.path.realpath(place)
    best, kind = -1, ""
    for line in _mounts():
        before, _, after = line.partition(" - ")
        mount = _OCTAL.sub(lambda code: chr(int(code[1], 8)), before.split(" ")[4])
        inside = path == mount or path.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= best:
            best, kind = len(mount), after.split(" ", 1)[0]
    return kind


def _mounts() -> list[str]:
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
            return lines.readlines()
    except OSError:
        return []
