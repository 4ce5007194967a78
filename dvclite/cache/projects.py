"""Which repositories use a cache that is not inside one of them."""

import os
import stat
from pathlib import Path

from dvclite.cache.refusing import told_of
from dvclite.files import changes
from dvclite.files.atomic import discard, write_atomically
from dvclite.files.staging import make_folder
from dvclite.hashing import BLAKE3, hash_bytes

_READABLE = 0o644


def register(cache: Path, root: Path, folder_mode: int) -> None:
    """Make it known that the repository at `root` relies on a cache."""
    path = _path(cache, root)
    if not os.path.exists(path):
        with told_of(cache):
            make_folder(os.path.dirname(path), mode=folder_mode)
            write_atomically(path, os.fsencode(root) + b"\n")
    if folder_mode > 0o777 and stat.S_IMODE(os.stat(path).st_mode) != _READABLE:
        changes.set_mode(path, _READABLE)  # Whoever collects must be able to read it.


def registered(cache: Path) -> list[Path]:
    """Return the repositories that rely on a cache, sorted."""
    folder = cache / "projects"
    if not folder.is_dir():
        return []
    texts = [path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")]
    return sorted(Path(os.fsdecode(text.removesuffix(b"\n"))) for text in texts)


def forget(cache: Path, root: Path) -> None:
    """No longer count a repository that is gone."""
    discard(_path(cache, root))


def _path(cache: Path, root: Path) -> str:
    name = hash_bytes(os.fsencode(root), BLAKE3)
    return os.path.join(cache, "projects", name)
