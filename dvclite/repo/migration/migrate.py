"""A repository that changes its format."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace

from dvclite.errors import BlobMissingError, MigrationError, listing
from dvclite.formats.homes import home_named
from dvclite.pipeline import LOCK, STAGES
from dvclite.progress import Progress
from dvclite.repo.exchange import fetch_parts
from dvclite.repo.migration.homes import enthrone, own_files, settings_for, tidy
from dvclite.repo.migration.links import links_anew
from dvclite.repo.migration.order import Order
from dvclite.repo.migration.plan import Plan, plan
from dvclite.repo.migration.renaming import rename_all
from dvclite.repo.migration.results import Migrated
from dvclite.repo.outputs import pointers
from dvclite.repo.project import Project
from dvclite.repo.remove import stage


def migrate(project: Project, order: Order, progress: Progress) -> Migrated:
    """Change the format of a repository, in place; or finish what was begun.

    Raises:
        MigrationError: Something speaks against it. Nothing was changed.
        BlobMissingError: Content is missing. Nothing was changed.
        BlobCorruptError: A blob is not what its name says, and was set aside. The repository
            works as it is; what is left to do is done by the same command.
    """
    home = home_named(order.to)
    begun = project.home.name == home.name
    source = project.former if begun else project
    if source is None:
        return Migrated(order.to, dry=order.dry)
    keeps_all = home.format(None).keeps_links
    found = plan(project, source, keeps_all=keeps_all)
    if found.missing and order.fetch and not order.dry:
        _fetch(project, found, order, progress)
        found = plan(project, source, keeps_all=keeps_all)
    pipelines = _pipelines(project) if keeps_all else ()
    settings = settings_for(project, home) if not begun else None
    told = Migrated(
        order.to,
        tuple(found.outputs),
        found.files,
        found.size,
        missing=tuple(found.missing),
        pipelines=pipelines,
        lost=tuple(found.lost),
        remotes_left=settings.left if settings is not None else (),
        dry=order.dry,
    )
    if order.dry:
        return replace(told, kept=tuple(found.kept))
    _check(order, found, () if begun else pipelines)
    with _alone(project):
        if settings is not None:
            project = enthrone(project, home, settings)
        return _rename(project, found, told, progress)


def _rename(project: Project, found: Plan, told: Migrated, progress: Progress) -> Migrated:
    """Give outputs their new names, in a repository whose new format is in charge."""
    assert project.former is not None, "the old format stays beside the new one"
    renamed = rename_all(project, project.former, found.tasks, progress)
    tidy(project)
    links_anew(project, progress)
    names = [*own_files(project), *(pointer.path for pointer in pointers(project))]
    to_stage = tuple(project.index.unstaged(names)) if project.uses_git else ()
    return replace(
        told,
        outputs=tuple(found.outputs),
        files=renamed.files,
        size=renamed.size,
        kept=tuple(found.kept),
        to_stage=to_stage,
        staged=stage(project, to_stage),
    )


def _fetch(project: Project, found: Plan, order: Order, progress: Progress) -> None:
    """Bring what is missing; what cannot be had is missing afterwards."""
    mark = project.format.algorithm.other_mark if found.source is not project else ""
    parts = [
        (replace(output, oid=type(output.oid)(mark + output.oid)), output.path)
        for output in found.lacking
        if output.oid is not None
    ]
    own = project.exclusive() if found.source is project else nullcontext()
    with own, project.cache.lease() as lease:
        try:
            fetch_parts(project, parts, order.choice, lease, progress)
        except BlobMissingError:
            if not order.keep_missing:
                raise


def _check(order: Order, found: Plan, pipelines: tuple[str, ...]) -> None:
    if pipelines and not order.without_pipelines:
        raise MigrationError(
            "DVC runs pipelines here, and would stop at the first pointer of another format:"
            + listing(pipelines),
            hint="the repository can stay as it is, everything works in it; --without-pipelines"
            " migrates the rest, for when DVC is not to run them any more",
        )
    if found.missing and order.keep_missing:
        found.keep_what_is_missing()
    elif found.missing:
        error = BlobMissingError(found.missing)
        error.hint = (
            "`dvclite migrate --fetch` fetches it first; with --keep-missing the outputs that it"
            " belongs to stay as they are"
        )
        raise error
    if found.lost and not order.force:
        raise MigrationError(
            f"a repository of DVC's has no place in directories for executable bits, empty folders"
            f" and links, as {len(found.lost):,} paths have them:{listing(found.lost)}",
            hint="with --force the new pointers do without; older versions keep them",
        )


def _pipelines(project: Project) -> tuple[str, ...]:
    """Return the files that say what pipelines make."""
    if not project.pipelines:
        return ()
    names = (LOCK, STAGES)
    if not project.uses_git:
        return tuple(name for name in names if (project.root / name).exists())
    return project.index.find_pointers(names).paths


@contextmanager
def _alone(project: Project) -> Iterator[None]:
    """Keep other programs out that lock the whole repository, as it is and as it was."""
    sides = [side for side in (project, project.former) if side is not None and side.home.lock]
    if not sides:
        yield
        return
    with sides[0].exclusive():
        yield
