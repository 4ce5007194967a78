"""File systems in files, mounted: for power cuts, full disks and shared blocks that are real.

The file behind a mounted image holds what the file system has sent to its disk, and nothing that
it still keeps in memory. A copy of that file is the disk of a machine whose power was cut.
"""

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple


class FileSystem(NamedTuple):
    """A file system, and how an image of it is made.

    Attributes:
        name: As it stands in reports.
        kind: As `mkfs` and `mount` call it.
        size: How large its images are by default, in MiB.
        options: What to mount it with.
    """

    name: str
    kind: str
    size: int
    options: str = ""

    def __str__(self) -> str:
        return self.name


# Nothing is kept just because a timer runs out meanwhile, as far as that can be had.
EXT4 = FileSystem("ext4", "ext4", 64, "commit=300")
NODELALLOC = FileSystem("nodelalloc", "ext4", 64, "commit=300,nodelalloc")
WRITEBACK = FileSystem("writeback", "ext4", 64, "commit=300,data=writeback")
BTRFS = FileSystem("btrfs", "btrfs", 256, "commit=300")
XFS = FileSystem("xfs", "xfs", 300)


class Image:
    """A file system in a file.

    Attributes:
        place: Where it is mounted, at the same path after every cut.
        system: What it is.
    """

    def __init__(self, folder: Path, system: FileSystem, size: int | None = None) -> None:
        """Make an image in a folder, and mount it there.

        Args:
            folder: A folder with nothing in it.
            system: The file system.
            size: In KiB; None for the usual one.
        """
        self.system = system
        self.place = folder / "disk"
        self._file = folder / "image"
        self.place.mkdir()
        with open(self._file, "wb") as file:
            file.truncate(size << 10 if size is not None else system.size << 20)
        _run(f"mkfs.{system.kind}", "-q", *_MADE_WITH.get(system.kind, ()), self._file)
        self.mount()

    def mount(self) -> None:
        options = ",".join(("loop", *filter(None, [self.system.options])))
        _run("mount", "-t", self.system.kind, "-o", options, self._file, self.place)

    def unmount(self) -> None:
        if os.path.ismount(self.place):
            _run("umount", self.place)

    def flush(self) -> None:
        """Keep all that was written until now, as time does."""
        fd = os.open(self.place, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        _run("sync", "--file-system", self.place)

    def push_journal(self) -> None:
        """Flush a file that is nobody's: it may take names along to the disk, without content."""
        fd = os.open(self.place / "unrelated", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            os.write(fd, b"unrelated")
            os.fsync(fd)
        finally:
            os.close(fd)

    def copy(self, target: Path) -> None:
        """Keep what is on the disk at this moment."""
        _run("cp", "--sparse=always", self._file, target)

    def restart(self, copy: Path) -> None:
        """Go on with what was on the disk when it was copied; the copy is used up."""
        self.unmount()
        os.replace(copy, self._file)
        self.mount()

    def cuts(self) -> Iterator[None]:
        """Cut the power, twice from the same state, and each time start again.

        The first time, names were written to the disk just before, as happens every few seconds.
        """
        plain, pushed = self._file.with_name("plain"), self._file.with_name("pushed")
        self.copy(plain)
        self.push_journal()
        self.copy(pushed)
        for copy in (pushed, plain):
            self.restart(copy)
            yield

    def free(self) -> int:
        """Return how many bytes are free."""
        room = os.statvfs(self.place)
        return room.f_bavail * room.f_frsize


_MADE_WITH = {
    # No room that only root may use: the tests are root.
    "ext4": ("-m", "0"),
}


@contextmanager
def mounted(scratch: Path, system: FileSystem, size: int | None = None) -> Iterator[Image]:
    """Have an image while the block runs."""
    folder = Path(tempfile.mkdtemp(prefix="image-", dir=scratch))
    image = Image(folder, system, size)
    try:
        yield image
    finally:
        try:
            image.unmount()
        except subprocess.CalledProcessError:
            _run("umount", "--lazy", image.place)  # Nothing stays mounted, and the test fails.
            raise
        finally:
            shutil.rmtree(folder)


@functools.cache
def why_not(system: FileSystem) -> str:
    """Return why images of a file system cannot be mounted here; nothing if they can."""
    if not sys.platform.startswith("linux"):
        return "images are mounted on Linux only"
    if os.geteuid() != 0:
        return "only root may mount images"
    if shutil.which(f"mkfs.{system.kind}") is None:
        return f"there is no mkfs.{system.kind}"
    try:
        with tempfile.TemporaryDirectory() as folder, mounted(Path(folder), system):
            return ""
    except (OSError, subprocess.CalledProcessError) as error:
        return f"an image of {system} cannot be mounted: {getattr(error, 'stderr', '') or error}"


def _run(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True, encoding="utf-8")
