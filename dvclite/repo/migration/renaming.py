"""Outputs that get the names of a new format: blobs first, then pointers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dvclite.files.locks import hold
from dvclite.files.staging import make_folder
from dvclite.pointer import Output
from dvclite.pointer.writing import with_contents
from dvclite.progress import Progress
from dvclite.repo.migration.conversion import Converter
from dvclite.repo.outputs import owned, read_pointer, write_pointer
from dvclite.repo.project import Project
from dvclite.statcache.rows import is_executable, row
from dvclite.tree import Entry
from dvclite.workspace.uncached import named

_FILES_TOGETHER = 20_000
_BYTES_TOGETHER = 1 << 30


@dataclass(frozen=True, slots=True)
class Renamed:
    """How much got new names.

    Attributes:
        files: How many files.
        size: How many bytes, a content that several of them share counted once.
    """

    files: int
    size: int


@dataclass(slots=True)
class _Batch:
    """Outputs whose blobs are made durable together, by pointer: as they were, as they are."""

    pairs: dict[str, list[tuple[Output, Output]]] = field(default_factory=dict)


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
        waiting, files, size = _Batch(), 0, 0
        for pointer, outputs in tasks.items():
            pairs = [(one, _anew(project, converter, one)) for one in outputs]
            waiting.pairs[pointer] = pairs
            if (
                converter.files - files >= _FILES_TOGETHER
                or converter.size - size >= _BYTES_TOGETHER
            ):
                writer.finish()
                _publish(project, source, waiting, converter)
                waiting, files, size = _Batch(), converter.files, converter.size
        writer.finish()
        _publish(project, source, waiting, converter)
    progress.finish()
    return Renamed(converter.files, converter.size)


def _anew(project: Project, converter: Converter, output: Output) -> Output:
    if output.cached:
        return converter.convert(output)
    return named(project.workspace, replace(output, oid=None))


def _publish(project: Project, source: Project, batch: _Batch, converter: Converter) -> None:
    """Write pointers; what they name is durable."""
    algorithm = project.format.algorithm
    with hold(project.lock):
        for path, pairs in batch.pairs.items():
            current = read_pointer(project, path)
            # Somebody may have changed the pointer meanwhile.
            there = {(owned(project, one)[1].oid, one.path) for one in current.outputs}
            changed = [new for old, new in pairs if (old.oid, old.path) in there]
            if changed:
                write_pointer(project, with_contents(current, changed, algorithm))
    for pairs in batch.pairs.values():
        for old, _new in pairs:
            if old.cached and project.workspace.exists(old.path):
                _remember(project, source, old.path, converter)


def _remember(project: Project, source: Project, output: str, converter: Converter) -> None:
    """Let the stat cache know what it knew of an output, by the new names."""
    tells_mode = project.format.keeps_links
    with project.workspace.statcache.updating() as update:
        for known in source.workspace.statcache.below(output):
            entry = known.entry(known.path)
            ref = converter.name_of(entry.oid) if entry.is_file else None
            if ref is not None:
                executable = is_executable(known) and (tells_mode or known.path == output)
                new = Entry(known.path, ref.oid, ref.size, executable)
                update.put(row(known.path, known.signature, new))
        update.commit({output: None})
