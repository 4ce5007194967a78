"""What concerns a repository as it is, and as it was before it changed its format."""

from contextlib import nullcontext
from dataclasses import fields, replace
from functools import partial

from dvclite.errors import NoRemoteError
from dvclite.maintenance.collected import Collected
from dvclite.progress import Progress
from dvclite.repo.exchange import on_remote, remote_tree
from dvclite.repo.fsck import Scope, fsck
from dvclite.repo.fsck_remote import fsck_remote
from dvclite.repo.gc import Elsewhere, gc
from dvclite.repo.project import Project
from dvclite.repo.results.keeping import Checked, Size
from dvclite.repo.size import size
from dvclite.repo.versions import Keep, Versions


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
    return _together(checked, fsck(project.former, scope, progress))


def fsck_remote_all(project: Project, name: str, scope: Scope, progress: Progress) -> Checked:
    """Look at a remote as both formats know it, each by its own names: see `fsck_remote`.

    A remote that only one of them knows is looked at by that one.

    Raises:
        NoRemoteError: Neither of them knows it.
        Others as from `fsck_remote`.
    """
    former = project.former
    if former is None:
        return fsck_remote(project, name, scope, progress)
    if not _knows(project, name) and _knows(former, name):
        return fsck_remote(former, name, scope, progress)
    checked = fsck_remote(project, name, scope, progress)
    if not _knows(former, name):
        return checked
    settings = former.config.remote(name or former.config.default_remote())
    if settings.keeps_versions:
        reason = f"{settings.shown_url} keeps versions of files: only DVC can check it"
        return replace(checked, unavailable=(*checked.unavailable, reason))
    return _together(checked, fsck_remote(former, name, scope, progress))


def size_all(project: Project, versions: Versions) -> Size:
    """Measure the cache, and that of the format before: see `size`."""
    measured = size(project, versions)
    if project.former is None:
        return measured
    return replace(measured, former=size(project.former, versions))


def _knows(project: Project, name: str) -> bool:
    """Say whether a remote of that name is known, or a default one where it is empty."""
    try:
        return (name or project.config.default_remote()).lower() in project.config.remote_names()
    except NoRemoteError:
        return False


def _together(checked: Checked, before: Checked) -> Checked:
    """Return what was found of both formats, with the place of the first."""
    return replace(
        checked,
        damages=checked.damages + before.damages,
        packs=checked.packs + before.packs,
        blobs=checked.blobs + before.blobs,
        size=checked.size + before.size,
        unavailable=tuple(dict.fromkeys(checked.unavailable + before.unavailable)),
    )
