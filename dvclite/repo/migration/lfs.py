"""Files that leave Git LFS: their content becomes data that pointers name."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dvclite.errors import BlobCorruptError, BlobMissingError, GitError, UnsupportedFileError
from dvclite.files import changes
from dvclite.files.copying import copy, ignore_bytes, read
from dvclite.files.flushing import flush_file
from dvclite.files.reading import read_small
from dvclite.files.staging import Staging
from dvclite.git.lfs import LfsFile, lfs_files, lfs_stores, parse_text, stored_at
from dvclite.paths import is_reserved
from dvclite.progress import Progress
from dvclite.repo.add import add
from dvclite.repo.migration.attributes import idle_lines, remove_lines, spare
from dvclite.repo.migration.results import FromLfs
from dvclite.repo.outputs import enclosing
from dvclite.repo.project import Project
from dvclite.workspace.place import Place
from dvclite.workspace.workspace import named_errors

_LARGEST_TEXT = 1024
_FETCH = "`git lfs fetch` brings it into the store of Git LFS; then run this command again"


@dataclass(frozen=True, slots=True)
class _Missed:
    """A file of the workspace that is only a text yet, and where its content is."""

    path: str
    oid: str
    content: Path


def migrate_lfs(
    project: Project, targets: Sequence[str], progress: Progress, *, dry: bool = False
) -> FromLfs:
    """Take files over from Git LFS.

    Folders of which git tracks nothing but such files become outputs as a whole; other files one by
    one. What the workspace has of a file is what counts; where that is only the text of Git LFS,
    its content comes from the local store first. git gives the files up last, so that the same
    command goes on after a kill.

    Args:
        project: The repository.
        targets: Files and folders, relative to the root.
        progress: Is told of files and bytes.
        dry: Whether only to tell.

    Raises:
        GitError: There is no git.
        UnsupportedFileError: Git LFS has nothing at a target.
        BlobMissingError, BlobCorruptError: Content is not in the store of Git LFS, or damaged;
            nothing was changed, or only such texts became what they stand for.
    """
    if not project.uses_git:
        raise GitError("this repository is without git, and Git LFS is part of git")
    known = lfs_files(project.root, project.environ)
    present = [one for one in known if project.workspace.exists(one.path)]
    taken = _meant(project, present, targets)
    texts, missing = _texts(project, taken)
    outputs = list(_outputs(project, targets, {one.path for one in taken}))
    names = {one.path for one in taken}
    lines = idle_lines(project, [one.path for one in known if one.path not in names])
    told = FromLfs(
        outputs=tuple(outputs),
        files=len(taken),
        size=sum(one.size for one in taken),
        missing=tuple(missing),
        attributes=tuple(f"{path}: {line}" for path, some in lines.items() for line in some),
        dry=dry,
    )
    if dry or not taken:
        return told
    if missing:
        error = BlobMissingError(missing, tried=["the store of Git LFS"])
        error.hint = _FETCH
        raise error
    _fill_in(project, texts, progress)
    return _given_up(project, told, sorted(names), lines, progress)


def _given_up(
    project: Project,
    told: FromLfs,
    files: Sequence[str],
    lines: dict[str, list[str]],
    progress: Progress,
) -> FromLfs:
    """Add the files, and let git know the pointers in their place."""
    added = add(project, told.outputs, progress, given_up=files)
    pointers = [item.pointer for item in added.outputs]
    ours = list(dict.fromkeys([*pointers, *added.to_stage]))
    changed = remove_lines(project, lines)
    changed += [path for path in spare(project, ours) if path not in changed]
    there = [path for path in changed if (project.root / path).exists()]
    stage = list(dict.fromkeys([*ours, *there]))
    project.index.stage(stage)
    project.index.untrack(files)
    return FromLfs(
        outputs=told.outputs,
        files=told.files,
        size=told.size,
        attributes=told.attributes,
        to_stage=(*stage, *files),
        staged=True,
    )


def _meant(project: Project, known: Sequence[LfsFile], targets: Sequence[str]) -> list[LfsFile]:
    chosen: dict[str, LfsFile] = {}
    for target in targets:
        some = [
            one for one in known if target in (".", one.path) or one.path.startswith(target + "/")
        ]
        if not some and (target == "." or enclosing(project, target) is None):
            raise UnsupportedFileError(
                target,
                "git tracks no file of Git LFS's there",
                hint="`git lfs ls-files` lists those that there are",
            )
        chosen.update((one.path, one) for one in some)
    return list(chosen.values())


def _texts(project: Project, files: Sequence[LfsFile]) -> tuple[list[_Missed], list[str]]:
    """Return which files are still texts, and of which the content is not to be had."""
    texts: list[_Missed] = []
    missing: list[str] = []
    stores = lfs_stores(project.root, project.environ)
    for one in files:
        path = project.root / one.path
        is_small = path.lstat().st_size <= _LARGEST_TEXT and not path.is_symlink()
        told = parse_text(read_small(path) or b"") if is_small else None
        if told is None:
            continue
        places = [stored_at(store, told[0]) for store in stores]
        content = next((place for place in places if place.is_file()), None)
        if content is None:
            missing.append(one.path)
        else:
            texts.append(_Missed(one.path, told[0], content))
    return texts, missing


def _fill_in(project: Project, texts: Sequence[_Missed], progress: Progress) -> None:
    """Put content where texts stand for it, each whole or not at all."""
    progress.start("Reading from Git LFS", files=len(texts))
    with Staging(project.temporary) as staging, Place(project.root) as place:
        for one in sorted(texts, key=lambda text: text.path):
            with named_errors(project.root, one.path):
                mode = os.lstat(project.root / one.path).st_mode & 0o777
                partial = _copied(one, staging, mode)
                flush_file(partial)
                place.take(partial, one.path)
            progress.advance(files=1)
    progress.finish()


def _copied(one: _Missed, staging: Staging, mode: int) -> str:
    partial = staging.new_path()
    hasher = hashlib.sha256()
    source = os.open(one.content, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        target = changes.create(partial, mode=mode)
        try:
            if changes.clone(source, target):
                read(source, hasher, ignore_bytes)
            else:
                copy(source, target, hasher, ignore_bytes, to_be_flushed=True)
        finally:
            changes.close(target)
    finally:
        os.close(source)
    if hasher.hexdigest() != one.oid:
        error = BlobCorruptError(one.oid, str(one.content))
        error.hint = f"delete that file; {_FETCH}"
        raise error
    return partial


def _outputs(project: Project, targets: Sequence[str], taken: set[str]) -> Iterator[str]:
    """Yield what to track: whole folders of such files, else the files."""
    seen: set[str] = set()
    for target in targets:
        whole, inside = _looked_through(project, target, taken)
        for path in [target] if whole and target != "." else inside:
            if path not in seen and not any(path.startswith(other + "/") for other in seen):
                seen.add(path)
                yield path


def _looked_through(project: Project, path: str, taken: set[str]) -> tuple[bool, list[str]]:
    """Return whether all below a path comes from Git LFS, and else which parts of it do."""
    if not project.workspace.is_folder(path):
        return path in taken, [path] if path in taken else []
    whole, found = True, list[str]()
    for entry in sorted(os.scandir(project.root / path), key=lambda entry: entry.name):
        below = entry.name if path == "." else f"{path}/{entry.name}"
        if is_reserved(entry.name):
            whole = False
            continue
        all_of_it, parts = _looked_through(project, below, taken)
        whole = whole and all_of_it
        found += [below] if all_of_it and parts else parts
    return whole and bool(found), found
