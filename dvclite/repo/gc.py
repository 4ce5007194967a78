"""`gc`: which blobs of the cache somebody still needs."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dvclite.cache.projects import registered
from dvclite.errors import (
    BlobCorruptError,
    BlobMissingError,
    CollectError,
    DvcliteError,
    HostilePathError,
    TreeError,
    listing,
)
from dvclite.files.staging import sweep
from dvclite.git.location import worktrees
from dvclite.git.program import untied
from dvclite.git.versions import FileVersion, Wanted
from dvclite.hashing import BlobRef, Oid, is_foreign, is_tree
from dvclite.maintenance.collect import Needed, collect
from dvclite.maintenance.collected import Collected
from dvclite.pipeline import LOCK, STAGES, is_lock, stages_path
from dvclite.repo.outputs import pointers
from dvclite.repo.pointers import parsed
from dvclite.repo.project import Project, home_of
from dvclite.repo.versions import Keep, Versions, commits, named_oids
from dvclite.tree import Tree

_PIPELINE_FILES = (LOCK, STAGES)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What else there is, outside this machine.

    Attributes:
        present: Returns which of some blobs are on the default remote.
        tree: Returns a tree that is on a remote, or None where none is to be had.
    """

    present: Callable[[list[BlobRef]], set[Oid]]
    tree: Callable[[Oid], Tree | None]


def gc(
    project: Project,
    keep: Keep,
    elsewhere: Elsewhere,
    *,
    dry: bool = False,
    force: bool = False,
    now: bool = False,
) -> Collected:
    """Remove from the cache what nobody needs.

    Args:
        project: The repository.
        keep: What stays.
        elsewhere: Knows what remotes have.
        dry: Whether only to tell.
        force: Whether to remove what other versions need, though no remote has it.
        now: Whether to delete at once instead of moving to the trash, and to empty the trash.

    Raises:
        CollectError: It cannot be known what is still needed; nothing was removed.
    """
    days = project.config.number("gc.trash_days")
    assert days is not None, "the option has a default"
    collected = collect(
        project.cache,
        lambda: _needed(project, keep, elsewhere, force=force),
        days=days,
        dry=dry,
        now=now,
    )
    if not dry:
        sweep(project.temporary)
    return collected


def _check_knowable(project: Project, keep: Keep) -> None:
    """Raise if something is needed, or may be, that dvclite has no list of."""
    inside = project.cache.root.is_relative_to(project.folder)
    if not inside and not project.home.lists_users and not keep.projects:
        raise CollectError(
            f"{project.cache.root} may be in use by repositories that only DVC works in, and"
            " nobody lists those",
            hint=(
                "nothing was removed; name them all with `dvclite gc -p DIR`, or this one alone"
                " with `-p .` if there are no others"
            ),
        )


def _called(*names: str) -> Wanted:
    return lambda path: path.rpartition("/")[2] in names


def _needed(project: Project, keep: Keep, elsewhere: Elsewhere, *, force: bool) -> Needed:
    _check_knowable(project, keep)
    marker = _Marker(project, elsewhere)
    marker.mark_workspaces()
    marker.mark_other_projects(keep.projects)
    if keep.everything:
        marker.mark_history()
        return Needed(marker.oids, lambda _refs: set())
    marker.mark_versions(keep.versions)
    if force:
        return Needed(marker.oids, lambda _refs: set())
    return Needed(marker.oids, lambda refs: _unpushed(project, refs, elsewhere))


def _unpushed(project: Project, unwanted: list[BlobRef], elsewhere: Elsewhere) -> set[Oid]:
    """Return which unwanted blobs another version needs that could not be had from a remote."""
    there = elsewhere.present(unwanted)
    doubtful = [ref for ref in unwanted if ref.oid not in there]
    if not doubtful:
        return set()
    marker = _Marker(project, elsewhere)
    marker.mark_history()
    return {ref.oid for ref in doubtful if ref.oid in marker.oids}


class _Marker:
    """Gathers what is needed, and stops rather than to overlook something."""

    def __init__(self, project: Project, elsewhere: Elsewhere) -> None:
        self._project = project
        self._elsewhere = elsewhere
        self.oids: set[Oid] = set()

    def mark_workspaces(self) -> None:
        """Mark what pointers say in this work tree and in those linked with it."""
        for project in (self._project, *_linked(self._project)):
            _check_readable(project)
            self._mark(
                (output.path, output.oid)
                for pointer in pointers(project)
                for output in pointer.outputs
                if output.oid is not None and output.cached
            )

    def mark_versions(self, versions: Versions) -> None:
        if versions.is_empty:
            return
        history = self._project.history
        self._mark_files(history.pointers_everywhere(commits(self._project, versions)))
        if self._project.home.pipelines:
            self._mark_pipelines()

    def mark_history(self) -> None:
        """Mark all that git could still bring back."""
        if not self._project.uses_git:
            return
        if self._project.history.is_shallow():
            raise CollectError(
                "this is a shallow clone: nobody knows what its missing history needs",
                hint="`git fetch --unshallow` brings it, or name what to keep with -w, -a or -T",
            )
        self._mark_files(self._project.history.pointers_kept())
        if self._project.home.pipelines:
            self._mark_pipelines()

    def _mark_pipelines(self) -> None:
        """Mark what pipelines made in any version.

        What some version says is not cached may be nowhere, and its tree unknown.
        """
        project = self._project
        stages: dict[str, list[bytes]] = {}
        locked: list[FileVersion] = []
        for version in project.history.pointers_kept(_called(*_PIPELINE_FILES)):
            if is_lock(version.path):
                locked.append(version)
            else:
                stages.setdefault(version.path, []).append(version.data or b"")
        for version in locked:
            outputs = parsed(project, version.path, version.data or b"", None).outputs
            cached = {(one.path, one.oid) for one in outputs if one.oid is not None}
            for data in stages.get(stages_path(version.path), ()):
                told = parsed(project, version.path, version.data or b"", data).outputs
                uncached = {one.oid for one in told if not one.cached}
                cached = {(path, oid) for path, oid in cached if oid not in uncached}
            self._mark((path, oid) for path, oid in sorted(cached))

    def mark_other_projects(self, named: Iterable[Path]) -> None:
        """Mark what the other repositories need that share this cache.

        Args:
            named: Those that the user knows of.
        """
        sharing = [*registered(self._project.cache.root), *_owners(self._project), *named]
        for root in dict.fromkeys(sharing):
            if root != self._project.root:
                other = _Marker(_other(self._project, root), self._elsewhere)
                other.mark_workspaces()
                other.mark_history()
                self.oids |= other.oids

    def _mark_files(self, files: Iterable[FileVersion]) -> None:
        self._mark(pair for file in files for pair in named_oids(self._project, file))

    def _mark(self, named: Iterable[tuple[str, Oid]]) -> None:
        unknown: dict[str, None] = {}
        for path, oid in named:
            if oid not in self.oids and not is_foreign(oid, self._project.format.algorithm):
                self.oids.add(oid)
                if is_tree(oid) and not self._mark_tree(oid, path):
                    unknown[path] = None
        if unknown:
            raise CollectError(
                "neither the cache nor a remote has the trees of some versions, so that nobody"
                " knows which blobs belong to them:" + listing(list(unknown)),
                hint="nothing was removed; name what to keep with -w, -a or -T to do without them",
            )

    def _mark_tree(self, oid: Oid, path: str) -> bool:
        try:
            tree = self._tree(oid)
        except (TreeError, HostilePathError) as error:
            raise CollectError(
                f"nobody knows which blobs belong to some version of {error.at(path)}",
                hint="nothing was removed; with --unpushed and -w, -a or -T it does without",
            ) from error
        if tree is None:
            return False
        self.oids.update(entry.oid for entry in tree if entry.is_file)
        return True

    def _tree(self, oid: Oid) -> Tree | None:
        try:
            return self._project.cache.tree(oid)
        except (BlobMissingError, BlobCorruptError):
            return self._elsewhere.tree(oid)


def _owners(project: Project) -> Iterator[Path]:
    """Yield the repository in whose own folder the cache is, which no list of it names."""
    for folder in Path(os.path.realpath(project.cache.root)).parents:
        home = home_of(folder.parent)
        if home is not None and folder.name == home.folder and (folder / "config").exists():
            owner = Project.open(folder.parent, untied(project.environ))
            if _is_same(owner.cache.root, project.cache.root):
                yield owner.root


def _linked(project: Project) -> Iterator[Project]:
    """Yield the projects in the work trees that are linked with this one."""
    if project.uses_git:
        for root in worktrees(project.root, project.environ):
            home = home_of(root)
            if root != project.root and home is not None and home.name == project.home.name:
                # What git sets for a hook's work tree is not meant for the others.
                yield Project.open(root, untied(project.environ))


def _check_readable(project: Project) -> None:
    if project.uses_git and (folders := project.index.find_pointers().unreadable):
        raise CollectError(
            f"folders cannot be looked into, and there may be pointers in them:{listing(folders)}",
            hint="nothing was removed; `ls -ld` shows who may read them",
        )


def _is_same(ours: Path, theirs: Path) -> bool:
    return os.path.realpath(ours) == os.path.realpath(theirs)


def _other(project: Project, root: Path) -> Project:
    try:
        other = Project.open(root, untied(project.environ))
    except (DvcliteError, OSError) as error:
        reason = str(error)
    else:
        if other.root == root and _is_same(other.cache.root, project.cache.root):
            return other
        reason = "it is not there any more, or uses another cache now"
    raise CollectError(
        f"{root} shares this cache, and what it needs is not known: {reason}",
        hint=f"nothing was removed; if that repository is gone: `dvclite gc --forget {root}`",
    )
