"""Mending a cache by what is in it: whatever is whole stays, whatever is not is set aside."""

import os
import stat
from collections.abc import Iterable
from dataclasses import replace

from dvclite.cache.cache import Cache
from dvclite.damage import Damage, What
from dvclite.hashing import Oid

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
    if any(damage.what is What.INDEX for damage in known):
        cache.packed.save()
    absent = cache.absent(Oid(damage.name) for damage in known if damage.what in _BLOBS)
    return [_judged(cache, damage, actions, absent) for damage in known]


def _packs(damages: Iterable[Damage]) -> set[str]:
    named = {damage.pack for damage in damages if damage.pack}
    return named | {damage.name for damage in damages if damage.what is What.PACK}


def _set_pack_aside(cache: Cache, pack: str) -> str:
    """Return what was done; nothing where nothing could be done."""
    try:
        aside = cache.packed.set_aside(pack)
    except OSError:
        return ""
    return f"set aside as {aside}" if aside else "written anew"


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
    if damage.what is What.INDEX:
        is_gone = not cache.packed.remembers_wrong()
        return replace(damage, action="made anew" if is_gone else "", repaired=is_gone)
    if damage.what not in _BLOBS:
        return replace(damage, action=action, repaired=bool(action))
    if damage.name in absent or not action:
        return replace(damage, action=action)
    return replace(damage, action=f"{action}; whole elsewhere in the cache", repaired=True)
