"""`status`: how the workspace differs from its pointers."""

from collections.abc import Sequence

from dvclite.progress import Progress
from dvclite.repo.outputs import named_outputs
from dvclite.repo.project import Project
from dvclite.workspace.status import OutputStatus, output_status


def status(project: Project, targets: Sequence[str], progress: Progress) -> list[OutputStatus]:
    """Tell how outputs differ from what their pointers say.

    Args:
        project: The repository.
        targets: What to look at, relative to the root; everything where it is empty.
        progress: Is told of outputs.

    Raises:
        NotAnOutputError: A target is not tracked.
        FileAccessError: Something cannot be read.
    """
    named = named_outputs(project, targets)
    progress.start("Comparing", files=len(named))
    found = [
        output_status(project.workspace, item.pointer, item.output, item.path, progress)
        for item in named
    ]
    progress.finish()
    return found
