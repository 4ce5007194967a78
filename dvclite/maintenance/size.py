"""How much there is in the cache."""

import os
from pathlib import Path

from dvclite.cache.cache import Cache
from dvclite.errors import PackError
from dvclite.maintenance.measured import CacheSize, Stored
from dvclite.pack.layout import Kind
from dvclite.pack.reader import PackFile

_KINDS = (Kind.BLOB, Kind.TREE)


def measure(cache: Cache) -> CacheSize:
    """Count what is in a cache, and change nothing.

    Raises:
        OSError: A folder cannot be looked into.
    """
    sizes = {ref.oid: ref.size for ref in cache.loose}
    loose = Stored(len(sizes), sum(sizes.values()))
    packed = compressed = 0
    for stored in cache.packed:
        packed += len(stored.blobs)
        sizes.update((ref.oid, ref.size) for ref in stored.blobs)
        compressed += _compressed(cache, stored.id)
    there = cache.packed.folder.packs()
    return CacheSize(
        blobs=len(sizes),
        size=sum(sizes.values()),
        packs=Stored(len(there), sum(there.values())),
        packed=packed,
        loose=loose,
        trash=_files(cache.root / "trash"),
        damaged=_files(cache.root / "damaged"),
        compressed=compressed,
    )


def _compressed(cache: Cache, pack: str) -> int:
    try:
        with PackFile(cache.packed.folder.path(pack), pack) as file:
            entries = file.entries()
    except (PackError, OSError):
        return 0  # It has just left, or `fsck` tells of it.
    return sum(entry.size - entry.stored for entry in entries if entry.kind in _KINDS)


def _files(folder: Path) -> Stored:
    sizes = [
        os.lstat(os.path.join(here, name)).st_size
        for here, _folders, names in os.walk(folder)
        for name in names
        if not name.startswith(".")
    ]
    return Stored(len(sizes), sum(sizes))
