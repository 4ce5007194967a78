"""What running commands rely on, said aloud so that a collector can hear it.

A command writes down which blobs it counts on before it looks whether they are there; a collector
moves its garbage to the trash before it reads what is written down. Whichever comes first, one of
the two sees the other: the command misses the blob and stores it again, or the collector puts it
back. Nobody waits for anybody.

A lease ends when the pointer that names the blobs is in place, where the next collector sees it.
A collector that runs by then may have looked before that, so a lease that ends meanwhile stays
readable until a collection begins while no other runs, or another command while none runs. So does
that of a command that was killed.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dvclite.cache.refusing import told_of
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.owners import is_left_behind, own_name
from dvclite.files.staging import make_folder
from dvclite.hashing import Oid

_ENDED = ".ended"
_COLLECTING = ".collecting"


class Lease:
    """What one running command relies on."""

    def __init__(self, folder: str, folder_mode: int) -> None:
        """Plan a lease in `folder`; its file is made when something is first written down."""
        self._folder = folder
        self._folder_mode = folder_mode
        self._path = os.path.join(folder, own_name())
        self._fd: int | None = None

    def rely_on(self, oids: Iterable[Oid]) -> None:
        """Write down blobs, before asking whether they are there.

        Raises:
            FileAccessError: The cache is not writable.
        """
        text = "".join(f"{oid}\n" for oid in oids)
        if not text:
            return
        if self._fd is None:
            with told_of(os.path.dirname(self._folder)):
                make_folder(self._folder, mode=self._folder_mode)
                _sweep(self._folder)
                self._fd = changes.create(self._path)
            if self._folder_mode > 0o777:
                changes.set_mode(self._path, 0o644)  # Whoever collects must be able to read it.
        changes.write(self._fd, text.encode("ascii"))

    def end(self) -> None:
        """Let go, after all that names the blobs is in place."""
        if self._fd is None:
            return
        changes.close(self._fd)
        self._fd = None
        if _somebody_collects(self._folder):
            changes.rename(self._path, self._path + _ENDED)
        else:
            discard(self._path)


@contextmanager
def collecting(root: Path, folder_mode: int) -> Iterator[None]:
    """Tell commands that a collector runs, from before it looks at the first pointer."""
    folder = leases_folder(root)
    make_folder(folder, mode=folder_mode)
    own = own_name() + _COLLECTING
    marker = os.path.join(folder, own)
    changes.close(changes.create(marker))
    try:
        names = set(os.listdir(folder)) - {own}
        stale = {name for name in names if _is_stale(folder, name)}
        if any(name.endswith(_COLLECTING) for name in names - stale):
            # That collector may have looked at the pointers before those of a lease were in place.
            over = {name for name in stale if name.endswith(_COLLECTING)}
        else:
            # The pointers of leases that have ended are there, where this collector will look.
            over = stale | {name for name in names if name.endswith(_ENDED)}
        for name in over:
            discard(os.path.join(folder, name))
        yield
    finally:
        discard(marker)


def leased(root: Path) -> set[Oid]:
    """Return what commands rely on that run, or that ended since the collector began."""
    oids: set[Oid] = set()
    folder = leases_folder(root)
    names = os.listdir(folder) if os.path.isdir(folder) else []
    for name in names:
        if not name.endswith(_COLLECTING):
            oids.update(Oid(line) for line in _text(os.path.join(folder, name)).splitlines())
    return oids


def _text(path: str) -> str:
    for name in (path, path + _ENDED):
        try:
            return Path(name).read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            pass  # It ends at this very moment, or did before the collector began.
    return ""


def leases_folder(root: Path) -> str:
    """Return where the leases on a cache are written down."""
    return os.path.join(root, "leases")


def _sweep(folder: str) -> None:
    """Remove what killed commands left, as they would have done; what resists is left to gc."""
    names = os.listdir(folder)
    stale = {name for name in names if _is_stale(folder, name)}
    if any(name.endswith(_COLLECTING) and name not in stale for name in names):
        return
    for name in names:
        if name in stale or name.endswith(_ENDED):
            with suppress(OSError):
                discard(os.path.join(folder, name))


def _somebody_collects(folder: str) -> bool:
    return any(name.endswith(_COLLECTING) for name in os.listdir(folder))


def _is_stale(folder: str, name: str) -> bool:
    return is_left_behind(name.removesuffix(_COLLECTING), os.path.join(folder, name))
