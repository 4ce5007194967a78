"""Looking for what is damaged in the cache. Nothing is changed here."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from dvclite.cache.cache import Cache
from dvclite.damage import Damage, What
from dvclite.errors import PackDamagedError, PackError
from dvclite.hashing import BlobRef, Oid, hash_bytes, is_tree
from dvclite.pack.index import Entries
from dvclite.pack.layout import Kind, PackEntry, oid_of
from dvclite.pack.reader import PackFile
from dvclite.progress import Progress

_WHATS = {
    Kind.BLOB: What.BLOB,
    Kind.TREE: What.TREE,
    Kind.CHUNK: What.CHUNK,
    Kind.BLOB_RECIPE: What.RECIPE,
    Kind.TREE_RECIPE: What.RECIPE,
}


@dataclass(slots=True)
class Checkup:
    """What a look at a cache came to.

    Attributes:
        damages: What is not as it should be.
        packs: How many packs were looked at.
        blobs: How many blobs are in them, and loose.
        size: How many bytes were looked at.
        sizes: The sizes of loose blobs, in bytes.
    """

    damages: list[Damage] = field(default_factory=list)
    packs: int = 0
    blobs: int = 0
    size: int = 0
    sizes: dict[Oid, int] = field(default_factory=dict)


def check(cache: Cache, progress: Progress, *, data: bool) -> Checkup:
    """Look at everything in a cache, and change nothing.

    What is remembered of packs is set aside before: all is found out from the packs themselves.

    Args:
        cache: The cache.
        progress: Is told of blobs, and of bytes where these are looked at.
        data: Whether to read every byte. Otherwise it is the ends of packs, and that loose blobs
            are files.

    Raises:
        OSError: A folder cannot be looked into.
    """
    cache.packed.distrust()
    packs = cache.packed.there()
    loose = list(cache.loose)
    total = sum(packs.values()) + sum(ref.size for ref in loose)
    progress.start("Checking", size=total if data else None)
    checkup = Checkup(packs=len(packs), blobs=len(loose))
    try:
        for pack, size in sorted(packs.items()):
            _check_pack(cache, pack, checkup, data=data)
            progress.advance(size=size)
        for ref in loose:
            _check_loose(cache, ref, checkup, data=data)
            progress.advance(files=1, size=ref.size)
        if cache.packed.remembers_wrong():
            reason = "does not say of packs what they say themselves"
            checkup.damages.append(Damage(What.INDEX, cache.packed.index_path, reason))
    finally:
        progress.finish()
    return checkup


def _check_pack(cache: Cache, pack: str, checkup: Checkup, *, data: bool) -> None:
    try:
        with PackFile(cache.packed.path(pack), pack) as file:
            entries = file.entries()
            checkup.blobs += len(entries)
            checkup.size += file.size if data else file.size - entries.end
            checkup.damages += _damages(cache, file, entries, data=data)
    except FileNotFoundError:
        pass  # A collector was faster.
    except PackError as error:
        checkup.damages.append(Damage(What.PACK, pack, error.reason))
    except OSError as error:
        checkup.damages.append(Damage(What.PACK, pack, _unreadable(error)))


def _damages(cache: Cache, file: PackFile, entries: Entries, *, data: bool) -> Iterator[Damage]:
    if not data:
        if not file.has_header(entries):
            yield Damage(What.PACK, file.id, "its first bytes are damaged")
        return
    for entry, error in file.find_damage(entries):
        is_ours = entries.algorithm == cache.format.algorithm
        yield damage_of(file.id, entry if is_ours else None, error)


def damage_of(pack: str, entry: PackEntry | None, error: PackDamagedError) -> Damage:
    """Return what is wrong with a pack, or with an entry of it, as a value."""
    if entry is None:
        return Damage(What.PACK, pack, error.reason)
    name = f"the {entry.kind.name.lower().replace('_', ' ')} {entry.digest.hex()} "
    reason = error.reason.removeprefix(name)
    return Damage(_WHATS[entry.kind], oid_of(entry), reason, pack, entry.size)


def _check_loose(cache: Cache, ref: BlobRef, checkup: Checkup, *, data: bool) -> None:
    what = What.TREE if is_tree(ref.oid) else What.BLOB
    path = cache.loose.path(ref.oid)
    try:
        found = os.stat(path)
        checkup.sizes[ref.oid] = found.st_size
        if not stat.S_ISREG(found.st_mode):
            reason = "it is no file"
        elif data:
            checkup.size += found.st_size
            reason = "" if cache.loose.is_intact(ref.oid) else "does not match its name"
        else:
            reason = _emptied(cache, ref)
    except FileNotFoundError:
        if not os.path.islink(path):
            return  # A collector was faster.
        reason = "it is a link that leads nowhere"
    except OSError as error:
        reason = _unreadable(error)
    if reason:
        checkup.damages.append(Damage(what, ref.oid, reason))


def _emptied(cache: Cache, ref: BlobRef) -> str:
    """Return what is wrong with a blob that has no bytes, but for the one that is so."""
    is_empty = ref.size == 0 and ref.oid != hash_bytes(b"", cache.format.algorithm)
    return "it is empty" if is_empty else ""


def _unreadable(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"
