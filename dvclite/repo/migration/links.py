"""Symbolic links that lead from the workspace into the cache of the former format."""

from dvclite.cache.layout import Kind
from dvclite.errors import BlobCorruptError, BlobMissingError
from dvclite.hashing import is_foreign
from dvclite.pointer import Output
from dvclite.progress import Progress
from dvclite.repo.outputs import pointers
from dvclite.repo.project import Project
from dvclite.workspace.compare import differences
from dvclite.workspace.restore import Target, restore


def links_anew(project: Project, progress: Progress) -> None:
    """Let links lead into the cache of the format that is in charge, where nothing else changed."""
    workspace = project.workspace
    if workspace.kinds[0] is not Kind.SYMLINK:
        return
    algorithm = project.format.algorithm
    found = [
        Target(output, output.path)
        for pointer in pointers(project)
        for output in pointer.outputs
        if output.oid is not None
        and output.cached
        and not is_foreign(output.oid, algorithm)
        and _leads_back(project, output)
    ]
    restore(workspace, found, progress)


def _leads_back(project: Project, output: Output) -> bool:
    """Say whether an output differs from its pointer only by where its links lead."""
    algorithm = project.format.algorithm
    leads_back = False
    try:
        for one in differences(project.workspace, output, output.path):
            if one.found is None or not one.found.is_link or one.current is None:
                return False
            if not is_foreign(one.current.oid, algorithm):
                return False
            leads_back = True
    except (BlobMissingError, BlobCorruptError):
        return False
    return leads_back
