"""Outputs that get the names of a new format: blobs first, then pointers."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dvclite.files.locks import hold
from dvclite.files.staging import make_folder
from dvclite.pointer import Output
from dvclite.pointer.writing import with_contents
from dvclite.progress import Progress
from dvclite.repo.migration.conversion import Converter
from dvclite.repo.outputs import owned, read_pointer, write_pointer
from dvclite.repo.project import Project
from dvclite.statcache.update import Update
from dvclite.workspace.uncached import named

_FILES_TOGETHER = 20_000
_BYTES_TOGETHER = 1 << 30

_Pairs = dict[str, list[tuple[Output, Output]]]
"""Outputs by pointer: as they were, and as they are."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """How much got new names.

    Attributes:
        files: How many files.
        size: How many bytes these hold.
    """

    files: int
    size: int


def rename_all(
    project: Project, source: Project, tasks: Mapping[str, Sequence[Output]], progress: Progress
) -> Renamed:
    """Give outputs new names, and write them into their pointers once their blobs are durable.

    A kill leaves some pointers with new names and some with old ones, both with all their content.

    Args:
        project: The repository, in its new format.
        source: The repository as it was.
        tasks: The outputs by pointer, as the old format names them.
        progress: Is told of files and bytes.

    Raises:
        BlobMissingError, BlobCorruptError: Something is not in the old cache, or damaged there.
    """
    make_folder(project.temporary)
    progress.start(
        "Migrating", files=sum(one.files or 1 for some in tasks.values() for one in some)
    )
    with project.cache.lease() as lease, project.cache.writer(lease) as writer:
        converter = Converter(source, project, writer, progress)
        rest = deque(tasks.items())
        while rest:
            with project.workspace.statcache.updating() as update:
                pairs = _convert_some(project, rest, converter, update)
                writer.finish()
                _publish(project, pairs)
                _remember(project, pairs, update)
    progress.finish()
    return Renamed(converter.files, converter.size)


def _convert_some(
    project: Project,
    rest: deque[tuple[str, Sequence[Output]]],
    converter: Converter,
    update: Update,
) -> _Pairs:
    """Take outputs from those that are left, as many as are worth making durable together."""
    files, size = converter.files, converter.size
    pairs: _Pairs = {}
    while (
        rest
        and converter.files - files < _FILES_TOGETHER
        and converter.size - size < _BYTES_TOGETHER
    ):
        pointer, outputs = rest.popleft()
        pairs[pointer] = [(one, _renamed(project, one, converter, update)) for one in outputs]
    return pairs


def _renamed(project: Project, output: Output, converter: Converter, update: Update) -> Output:
    if output.cached:
        return converter.convert(output, update)
    return named(project.workspace, replace(output, oid=None))


def _publish(project: Project, pairs: _Pairs) -> None:
    """Write pointers; what they name is durable."""
    algorithm = project.format.algorithm
    with hold(project.lock):
        for path, outputs in pairs.items():
            current = read_pointer(project, path)
            # Somebody may have changed the pointer meanwhile.
            there = {(owned(project, one)[1].oid, one.path) for one in current.outputs}
            changed = [new for old, new in outputs if (old.oid, old.path) in there]
            if changed:
                write_pointer(project, with_contents(current, changed, algorithm))


def _remember(project: Project, pairs: _Pairs, update: Update) -> None:
    """Let the stat cache know what was known of outputs, by the new names."""
    renamed = [old.path for outputs in pairs.values() for old, _new in outputs if old.cached]
    update.commit({path: None for path in renamed if project.workspace.exists(path)})
