"""Files that name outputs, read as the repository's formats say, and written."""

import os
import stat
from dataclasses import replace

from dvclite import pipeline
from dvclite.errors import WHO_MAY, HostilePathError, PointerError
from dvclite.files.atomic import write_atomically
from dvclite.files.reading import read_small
from dvclite.hashing import Oid, is_foreign
from dvclite.pointer import Output, Pointer, is_pointer
from dvclite.pointer.reading import parse
from dvclite.repo.project import Project
from dvclite.tree import Entry


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


def write_pointer(project: Project, pointer: Pointer) -> None:
    """Write a pointer of the workspace. Its folder must exist."""
    write_atomically(project.root / pointer.path, pointer.text.encode("utf-8"))
