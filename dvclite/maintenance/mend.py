"""Mending a cache by what is in it: whatever is whole stays, whatever is not is set aside."""

import os
import stat
from collections.abc import Iterable
from dataclasses import replace

from dvclite.cache.cache import Cache
from dvclite.damage import Damage, What
from dvclite.errors import CacheError, PackError
from dvclite.hashing import Oid
from dvclite.pack.reader import PackFile

_BLOBS = (What.BLOB, What.TREE)


def mend(cache: Cache, damages: Iterable[Damage]) -> list[Damage]:
    """Rescue what is whole in damaged packs, and set aside what is damaged.

    What is whole has its new place before the damaged leaves the old one, and nothing is deleted:
    a process that is killed anywhere loses nothing.

    Returns:
        The same damages, with what was done. Blobs that the cache lacks now, or lacked before,
        are not repaired.

    Raises:
        OSError: The cache cannot be written to.
    """
    known = list(damages)
    actions = {pack: _set_pack_aside(cache, pack) for pack in sorted(_packs(known))}
    for damage in known:
        if damage.what in _BLOBS and not damage.pack:
            actions[damage.name] = _set_aside(cache, Oid(damage.name))
        elif damage.what is What.INDEX:
            actions[damage.name] = _make_index_anew(cache)
    absent = cache.absent(Oid(damage.name) for damage in known if damage.what in _BLOBS)
    return [_judged(cache, damage, actions, absent) for damage in known]


def _make_index_anew(cache: Cache) -> str:
    cache.packed.save()
    cache.packed.distrust()
    return "" if cache.packed.remembers_wrong() else "made anew"


def _packs(damages: Iterable[Damage]) -> set[str]:
    named = {damage.pack for damage in damages if damage.pack}
    return named | {damage.name for damage in damages if damage.what is What.PACK}


def _set_pack_aside(cache: Cache, pack: str) -> str:
    """Return what was done; nothing where nothing could be done."""
    aside = cache.packed.set_aside(pack)
    if aside:
        return f"set aside as {aside}"
    return "written anew" if _is_sound(cache, pack) else ""


def _is_sound(cache: Cache, pack: str) -> bool:
    try:
        with PackFile(cache.packed.folder.path(pack), pack) as file:
            return not any(file.find_damage(file.entries()))
    except FileNotFoundError:
        return True  # Another process was faster.
    except (PackError, OSError):
        return False


def _set_aside(cache: Cache, oid: Oid) -> str:
    """Set a loose blob aside that is damaged; return what was done."""
    path = cache.loose.path(oid)
    try:
        if stat.S_ISREG(os.stat(path).st_mode) and cache.loose.is_intact(oid):
            return ""
    except FileNotFoundError:
        if not os.path.lexists(path):
            return ""
    except OSError:
        return ""
    aside = cache.loose.set_aside(oid, path)
    return f"set aside as {aside}" if aside else ""


def _judged(cache: Cache, damage: Damage, actions: dict[str, str], absent: set[Oid]) -> Damage:
    action = actions.get(damage.pack or damage.name, "")
    if damage.what not in _BLOBS:
        return replace(damage, action=action, repaired=bool(action))
    if damage.name in absent or not _is_whole(cache, damage):
        return replace(damage, action=action)
    whole = f"{action}; whole elsewhere in the cache" if action else "rescued"
    return replace(damage, action=whole, repaired=True)


def _is_whole(cache: Cache, damage: Damage) -> bool:
    """Say whether the cache has a blob now as it should be."""
    try:
        with cache.open(Oid(damage.name)) as stream:
            size = stream.seek(0, os.SEEK_END)
    except (CacheError, OSError):
        return False
    return damage.size in (-1, size)
