"""`fsck --remote`: whether all that a remote holds is whole, and all that is needed is there."""

import os
from collections.abc import Collection, Container, Sequence
from dataclasses import replace

from dvclite.damage import Checkup, Damage, What
from dvclite.errors import CacheError
from dvclite.hashing import BlobRef, Oid, is_tree
from dvclite.progress import Progress
from dvclite.remotestore.store import RemoteStore
from dvclite.repo.fsck import Scope
from dvclite.repo.needed import MISSING, found, needed_outputs, then
from dvclite.repo.project import Project
from dvclite.repo.results.keeping import Checked
from dvclite.repo.stores import open_store
from dvclite.transfer.push import push
from dvclite.transfer.wanted import Contents, Wanted, wanted

_NOWHERE = "not whole in the cache either"


def fsck_remote(project: Project, name: str, scope: Scope, progress: Progress) -> Checked:
    """Look at all that is on a remote, and for all that should be.

    Args:
        project: The repository.
        name: Which remote; the default one where it is empty.
        scope: What to look at, and whether to repair it.
        progress: Is told of blobs and bytes.

    Raises:
        NoRemoteError, RemoteError: The remote is not known, or did not answer.
        PointerError, GitError: It cannot be known what should be there.
    """
    name = name or project.config.default_remote()
    items = _needed(project, name, scope)
    with open_store(project, name) as store:
        checkup = store.check(progress, data=scope.data)
        damages = _found(store, items, checkup, progress)
        if scope.repair and damages:
            damages = _repaired(project, store, items, damages, progress)
    counts = (checkup.packs, checkup.blobs, checkup.size)
    return Checked(store.url, tuple(damages), *counts)


def _needed(project: Project, name: str, scope: Scope) -> list[Wanted]:
    """Return what belongs on a remote: all that does not ask for another one."""
    return [
        wanted(output)
        for output in needed_outputs(project, scope.versions)
        if output.pushed and (output.remote or name).lower() == name.lower()
    ]


def _found(
    store: RemoteStore, items: Sequence[Wanted], checkup: Checkup, progress: Progress
) -> list[Damage]:
    """Return what is damaged, and what is missing."""
    contents = Contents(items, lambda one: store.tree(one.ref.oid))
    progress.start("Looking for what is needed")
    try:
        missing = store.missing(contents.everything())
        return found(contents, missing.keys().__and__, checkup)
    finally:
        progress.finish()


def _repaired(
    project: Project,
    store: RemoteStore,
    items: Sequence[Wanted],
    damages: Sequence[Damage],
    progress: Progress,
) -> list[Damage]:
    """Return the damages with what was done, and what is missing that was not known to be."""
    folder = project.cache.packed.folder

    def new_aside(name: str) -> str:
        path = folder.aside_path(name)
        folder.make_folder(os.path.dirname(path))
        return path

    mended = store.mend([one for one in damages if one.reason != MISSING], new_aside)
    doubtful = mended.doubtful | {
        Oid(one.name): BlobRef(Oid(one.name), one.size)
        for one in damages
        if one.what in (What.BLOB, What.TREE)
    }
    paths = {one.name: one.paths[0] for one in damages if one.paths}
    lost = store.missing(doubtful.values())
    again = [Wanted(paths.get(oid, oid), BlobRef(oid, size)) for oid, size in lost.items()]
    _push(project, store, [*items, *again], progress)
    store.let_go(mended)
    still = store.missing(doubtful.values())
    later = _found(store, items, Checkup(), progress)
    bad = still.keys() | {one.name for one in later}
    closed = [_closed(one, mended.actions, lost, bad) for one in damages]
    known = {one.name for one in closed}
    new = [one for one in later if one.name not in known]
    known |= {one.name for one in new}
    return closed + new + [_gone(oid) for oid in still if oid not in known]


def _gone(oid: Oid) -> Damage:
    what = What.TREE if is_tree(oid) else What.BLOB
    return Damage(what, oid, MISSING, action=_NOWHERE)


def _push(
    project: Project, store: RemoteStore, items: Sequence[Wanted], progress: Progress
) -> None:
    """Push what the cache has of what the remote lacks.

    Raises:
        TransferError: Something that the cache has did not arrive.
    """
    moved = push(project.cache, store, items, progress)
    if not all(isinstance(failure.error, CacheError) for failure in moved.failures):
        moved.check("pushed")


def _closed(
    damage: Damage, actions: dict[str, str], lost: Container[str], bad: Collection[str]
) -> Damage:
    """Return a damage with what was done about it."""
    action = actions.get(damage.pack or damage.name, "")
    if damage.what in (What.PACK, What.INDEX, What.CHUNK):
        return replace(damage, action=action, repaired=bool(action))
    if damage.name in bad:
        return replace(damage, action=then(action, _NOWHERE))
    what = "pushed again" if damage.name in lost else "whole elsewhere on the remote"
    return replace(damage, action=then(action, what), repaired=True)
