"""Looking for what is damaged in the cache. Nothing is changed here."""

import os
import stat
from collections.abc import Iterator

from dvclite.cache.cache import Cache
from dvclite.damage import Checkup, Damage, What, damage_of
from dvclite.errors import PackError
from dvclite.hashing import BlobRef, hash_bytes, is_tree
from dvclite.pack.index import Entries
from dvclite.pack.reader import PackFile
from dvclite.progress import Progress


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
    packs = cache.packed.folder.packs()
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
        with PackFile(cache.packed.folder.path(pack), pack) as file:
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
