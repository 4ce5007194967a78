"""Finding outputs: by the pointers in the workspace, by those of a revision, by a user's words."""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from posixpath import basename
from typing import NamedTuple

from dvclite import pipeline
from dvclite.errors import (
    WHO_MAY,
    DvcliteError,
    FormatError,
    HostilePathError,
    NotAnOutputError,
    OverlapError,
    PointerError,
    UnsupportedFileError,
)
from dvclite.files.atomic import write_atomically
from dvclite.files.reading import read_small
from dvclite.git.index import POINTERS
from dvclite.hashing import Oid, is_foreign, is_tree
from dvclite.paths import is_reserved
from dvclite.pointer import Output, Pointer, is_pointer, pointer_path
from dvclite.pointer.reading import parse
from dvclite.repo.project import Project, home_of
from dvclite.tree import Entry


class Named(NamedTuple):
    """An output, the pointer that names it, and as much of it as is meant.

    Attributes:
        pointer: The pointer.
        output: The output.
        path: The output's path, or one inside it.
    """

    pointer: Pointer
    output: Output
    path: str


Broken = dict[str, FormatError]
"""What is wrong with pointers that cannot be read, by their paths: the others are still of use."""

NOTHING_BROKEN: Mapping[str, FormatError] = {}
"""That all pointers can be read."""


def read_pointer(project: Project, path: str) -> Pointer:
    """Read a pointer of the workspace.

    Raises:
        PointerError, HostilePathError: It is not one.
    """
    name = os.path.join(project.root, path)
    try:
        if not stat.S_ISREG(os.lstat(name).st_mode):
            raise PointerError(
                path, "it is a symbolic link or no file at all, where a pointer belongs"
            )
        with open(name, "rb") as stream:
            data = stream.read(pipeline.LARGEST + 1)
        stages = (
            read_small(project.root / pipeline.stages_path(path), largest=pipeline.LARGEST)
            if is_listed(project, path)
            else None
        )
    except OSError as error:
        raise PointerError(path, error.strerror or str(error), hint=WHO_MAY) from error
    return parsed(project, path, data, stages or b"")


def is_listed(project: Project, path: str) -> bool:
    """Say whether a file lists what another program makes, for a repository of this format."""
    return bool(project.pipelines) and path.rpartition("/")[2] == project.pipelines


def names_outputs(project: Project, path: str) -> bool:
    """Say whether a file is one that names outputs, by its own name."""
    return is_pointer(path) or is_listed(project, path)


def parsed(project: Project, path: str, data: bytes, stages: bytes | None) -> Pointer:
    """Read a file that names outputs.

    Args:
        project: The repository.
        path: Where the file is, relative to the root.
        data: Its content.
        stages: What stands beside it if it lists what another program makes, where that is known.

    Raises:
        PointerError, HostilePathError: It is not one.
    """
    if is_listed(project, path):
        return _listed(project, path, data, stages)
    pointer = parse(path, data, project.format.algorithm)
    if not any(output.is_spelled_out for output in pointer.outputs):
        return pointer
    try:
        return replace(pointer, outputs=tuple(_named(project, one) for one in pointer.outputs))
    except HostilePathError as error:
        raise error.at(path) from None


def _named(project: Project, output: Output) -> Output:
    """Return an output whose pointer spells out a directory with the oid that its tree has."""
    if not output.is_spelled_out:
        return output
    owner, own = owned(project, output)
    tree = owner.format.make_tree(
        Entry(version.path, version.oid, version.size) for version in own.versions
    )
    owner.cache.tell(tree)
    mark = project.format.algorithm.other_mark if owner is not project else ""
    return replace(output, oid=Oid(mark + tree.oid), size=tree.size, files=tree.files)


def _listed(project: Project, path: str, data: bytes, stages: bytes | None) -> Pointer:
    algorithm = project.format.algorithm
    if project.home.pipelines or algorithm.other is None:
        return pipeline.parse_lock(path, data, stages, algorithm)
    found = pipeline.parse_lock(path, data, stages, algorithm.other)
    outputs = tuple(
        replace(one, oid=Oid(algorithm.other_mark + one.oid)) if one.oid is not None else one
        for one in found.outputs
    )
    return replace(found, outputs=outputs)


def made_elsewhere(project: Project) -> list[Pointer]:
    """Return the files of the workspace that list what another program makes."""
    if not project.pipelines:
        return []
    return [read_pointer(project, path) for path in _pointer_paths(project, (project.pipelines,))]


def owned(project: Project, output: Output) -> tuple[Project, Output]:
    """Return the repository, as it is or as it was, whose format names an output, and its name there."""
    algorithm = project.format.algorithm
    oid = output.versions[0].oid if output.is_spelled_out else output.oid
    if oid is None or not is_foreign(oid, algorithm):
        return project, output
    owner = project.successor or project.former
    assert owner is not None, "nothing is foreign where there was no other format"
    skipped = len(algorithm.other_mark)
    return owner, replace(
        output,
        oid=Oid(output.oid[skipped:]) if output.oid is not None else None,
        versions=tuple(one._replace(oid=Oid(one.oid[skipped:])) for one in output.versions),
    )


def is_complete(project: Project, output: Output) -> bool:
    """Say whether the cache has all of an output."""
    if output.oid is None:
        return False
    if not is_tree(output.oid):
        return output.oid in project.cache
    try:
        tree = project.cache.tree(output.oid)
    except DvcliteError:
        return False
    return not project.cache.absent([entry.oid for entry in tree if entry.is_file])


def check_changeable(named: Named) -> None:
    """Return if dvclite may change what names an output.

    Raises:
        UnsupportedFileError: Another program makes the output.
    """
    if named.pointer.read_only:
        raise UnsupportedFileError(
            named.path,
            f"it is made by a pipeline of DVC's: {named.pointer.path} lists it",
            hint="`dvc repro` makes it anew, `dvc commit` takes it over as it is",
        )


def write_pointer(project: Project, pointer: Pointer) -> None:
    """Write a pointer of the workspace. Its folder must exist."""
    write_atomically(project.root / pointer.path, pointer.text.encode("utf-8"))


def pointers(project: Project, broken: Broken | None = None) -> list[Pointer]:
    """Return all pointers of the workspace, sorted by path.

    Args:
        project: The repository.
        broken: Is told of those that cannot be read, which are left out; None to raise at once.

    Raises:
        PointerError, HostilePathError: One of them cannot be read.
        OverlapError: Two of them name the same path.
    """
    names = (*POINTERS, project.pipelines) if project.pipelines else POINTERS
    found = []
    for path in _pointer_paths(project, names):
        try:
            found.append(read_pointer(project, path))
        except FormatError as error:
            if broken is None:
                raise
            broken[path] = error
    check_overlaps(found)
    return found


def named_outputs(
    project: Project, targets: Sequence[str] = (), broken: Broken | None = None
) -> list[Named]:
    """Return the outputs that targets mean, of all pointers in the workspace.

    Args:
        project: The repository.
        targets: Outputs, pointers, paths inside a directory, or folders with outputs below them,
            relative to the root; all outputs where it is empty.
        broken: As `pointers` has it; what no target means is not told.

    Raises:
        NotAnOutputError: A target means nothing.
        PointerError, HostilePathError, OverlapError: As `pointers`.
    """
    return select(pointers(project, broken), targets, broken)


def select(
    found: Iterable[Pointer], targets: Sequence[str], broken: Broken | None = None
) -> list[Named]:
    """Return the outputs that targets mean, of some pointers.

    Args:
        found: The pointers.
        targets: As of `named_outputs`.
        broken: What is wrong with others; what no target means is taken out.

    Raises:
        NotAnOutputError: A target means nothing.
    """
    everything = [
        Named(pointer, output, output.path) for pointer in found for output in pointer.outputs
    ]
    if not targets:
        return everything
    chosen: dict[tuple[str, str], Named] = {}
    unread = broken if broken is not None else {}
    for target in targets:
        meant = [item for named in everything for item in _meant(named, target)]
        if not meant and not any(_may_mean(target, path) for path in unread):
            raise NotAnOutputError(target)
        chosen.update({(item.output.path, item.path): item for item in meant})
    for path in list(unread):
        if not any(_may_mean(target, path) for target in targets):
            del unread[path]
    return list(chosen.values())


def enclosing(project: Project, path: str) -> Named | None:
    """Return the output that a path is, or is inside of, if there is one.

    Only pointers that stand beside what they name are looked for, which takes one look a folder.

    Raises:
        PointerError, HostilePathError: A pointer on the way cannot be read.
    """
    parts = path.split("/")
    for count in range(1, len(parts) + 1):
        candidate = pointer_path("/".join(parts[:count]))
        if _may_be_pointer(project, candidate):
            pointer = read_pointer(project, candidate)
            for output in pointer.outputs:
                if path == output.path or path.startswith(output.path + "/"):
                    return Named(pointer, output, path)
    return None


def _may_be_pointer(project: Project, path: str) -> bool:
    """Say whether something that is no folder is where a pointer would be."""
    try:
        return not stat.S_ISDIR(os.lstat(os.path.join(project.root, path)).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _may_mean(target: str, pointer: str) -> bool:
    """Say whether a target means what a pointer names, as far as the pointer's path tells."""
    stem = pointer.removesuffix(".dvc")
    return (
        target in (".", pointer, stem)
        or pointer.startswith(target + "/")
        or target.startswith(stem + "/")
    )


def _meant(named: Named, target: str) -> Iterator[Named]:
    output = named.output
    if target in (".", output.path, named.pointer.path) or output.path.startswith(target + "/"):
        yield named
    elif target.startswith(output.path + "/") and output.is_directory:
        yield named._replace(path=target)


def _pointer_paths(project: Project, names: Sequence[str]) -> Iterable[str]:
    if not project.uses_git:
        return [
            path
            for path in _walk(project)
            if any(fnmatchcase(basename(path), name) for name in names)
        ]
    paths = project.index.find_pointers(names).paths
    nested = nested_projects(project, {path.rpartition("/")[0] for path in paths})
    return [
        path
        for path in paths
        if not (nested and path.startswith(nested))
        and not (project.home.hides_pointers and project.ignore_rules.matches(path, False))  # noqa: FBT003
    ]


def nested_projects(project: Project, folders: Iterable[str]) -> tuple[str, ...]:
    """Return the folders above some, or among them, that are repositories of their own.

    They end in `/`.
    """
    candidates = {"/".join(parts) for folder in folders if folder for parts in _above(folder)}
    return tuple(
        folder + "/" for folder in sorted(candidates) if home_of(project.root / folder) is not None
    )


def _above(folder: str) -> Iterator[list[str]]:
    parts = folder.split("/")
    return (parts[:count] for count in range(1, len(parts) + 1))


def _walk(project: Project) -> Iterator[str]:
    """Yield the pointers below the root, without a look into outputs, or into what is ignored."""
    folders = [""]
    while folders:
        folder = folders.pop()
        with os.scandir(os.path.join(project.root, folder)) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
        paths = {os.path.join(folder, entry.name): entry for entry in listed}
        outputs: set[str] = set()
        for path, entry in paths.items():
            if names_outputs(project, path) and entry.is_file(follow_symlinks=False):
                outputs.update(_outputs_named_in(project, path))
                yield path
        folders += [
            path
            for path, entry in paths.items()
            if entry.is_dir(follow_symlinks=False)
            and not is_reserved(entry.name)
            and home_of(project.root / path) is None
            and path not in outputs
            and not project.workspace.is_ignored(path, is_folder=True)
        ]


def _outputs_named_in(project: Project, path: str) -> list[str]:
    """Return the outputs that a pointer names; what its own path says where it cannot be read."""
    try:
        return [output.path for output in read_pointer(project, path).outputs]
    except FormatError:
        return [path.removesuffix(".dvc")]


def check_overlaps(found: Iterable[Pointer]) -> None:
    """Return if no path is named twice, nor inside another one, by the pointers of a version.

    Raises:
        OverlapError: One is.
    """
    owners = sorted((output.path, pointer.path) for pointer in found for output in pointer.outputs)
    above: list[tuple[str, str]] = []
    for path, pointer in owners:
        while above and not path.startswith(above[-1][0]):
            above.pop()
        for other, owner in above:
            if path == other or path.startswith(other + "/"):
                raise OverlapError(path, other, owner)
        above.append((path, pointer))
