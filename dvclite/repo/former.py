"""What concerns a repository as it is, and as it was before it changed its format."""

from contextlib import nullcontext
from dataclasses import fields, replace
from functools import partial

from dvclite.maintenance.collected import Collected
from dvclite.progress import Progress
from dvclite.repo.exchange import on_remote, remote_tree
from dvclite.repo.fsck import Scope, fsck
from dvclite.repo.gc import Elsewhere, gc
from dvclite.repo.project import Project
from dvclite.repo.results.keeping import Checked
from dvclite.repo.versions import Keep


def gc_all(
    project: Project, keep: Keep, *, dry: bool = False, force: bool = False, now: bool = False
) -> Collected:
    """Remove from the cache, and from that of the format before, what nobody needs.

    A former cache outside of its repository stays as it is: others may use it.

    Raises:
        CollectError: It cannot be known what is still needed. Nothing was removed from the cache
            that this is about.
    """

    def one(each: Project) -> Collected:
        elsewhere = Elsewhere(partial(on_remote, each), partial(remote_tree, each))
        return gc(each, keep, elsewhere, dry=dry, force=force, now=now)

    found = one(project)
    former = project.former
    if former is None or not former.cache.root.is_relative_to(former.folder):
        return found
    with nullcontext() if dry else former.exclusive():
        before = one(former)
    names = [field.name for field in fields(Collected)]
    return Collected(**{name: getattr(found, name) + getattr(before, name) for name in names})


def fsck_all(project: Project, scope: Scope, progress: Progress) -> Checked:
    """Look at the cache, and at that of the format before: see `fsck`."""
    checked = fsck(project, scope, progress)
    if project.former is None:
        return checked
    before = fsck(project.former, scope, progress)
    return replace(
        checked,
        damages=checked.damages + before.damages,
        packs=checked.packs + before.packs,
        blobs=checked.blobs + before.blobs,
        size=checked.size + before.size,
        unavailable=tuple(dict.fromkeys(checked.unavailable + before.unavailable)),
    )
