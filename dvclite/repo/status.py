"""`status`: how the workspace differs from its pointers."""

from collections.abc import Sequence

from dvclite.errors import FileAccessError
from dvclite.progress import Progress
from dvclite.repo.outputs import Broken, Named, named_outputs
from dvclite.repo.project import Project
from dvclite.workspace.status import OutputStatus, output_status, unreadable


def status(project: Project, targets: Sequence[str], progress: Progress) -> list[OutputStatus]:
    """Tell how outputs differ from what their pointers say.

    What cannot be told, for a pointer or a tree that cannot be used or a file that cannot be read,
    is told as such.

    Args:
        project: The repository.
        targets: What to look at, relative to the root; everything where it is empty.
        progress: Is told of outputs.

    Raises:
        NotAnOutputError: A target is not tracked.
    """
    broken: Broken = {}
    named = named_outputs(project, targets, broken)
    progress.start("Comparing", files=len(named))
    found = [_status(project, item, progress) for item in named]
    progress.finish()
    found += [unreadable(path, path, error) for path, error in broken.items()]
    return sorted(found, key=lambda status: status.path)


def _status(project: Project, item: Named, progress: Progress) -> OutputStatus:
    try:
        return output_status(project.workspace, item.pointer, item.output, item.path, progress)
    except FileAccessError as error:
        return unreadable(item.output.path, item.pointer.path, error)
