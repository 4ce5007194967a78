"""`diff`: what changed between two versions, file by file."""

from collections.abc import Iterator, Sequence

from dvclite.errors import BlobCorruptError, BlobMissingError
from dvclite.hashing import Oid, algorithm_of, hash_stream, is_foreign
from dvclite.progress import Progress
from dvclite.repo.checkout import outputs_at
from dvclite.repo.outputs import Named
from dvclite.repo.project import Project
from dvclite.repo.results.versioning import Changed, Diff, Renamed
from dvclite.tree import Entry, below, joined
from dvclite.workspace.compare import is_left_alone, present_entries, wanted_entries


def diff(
    project: Project,
    progress: Progress,
    before: str = "HEAD",
    after: str | None = None,
    targets: Sequence[str] = (),
) -> Diff:
    """Compare the data of two versions.

    Args:
        project: The repository.
        progress: Is told of files that are read.
        before: The revision of the first version.
        after: The revision of the second one; the workspace where it is None.
        targets: What to look at, relative to the root; everything where it is empty.

    Raises:
        UnknownRevisionError: git does not know a revision.
        FileAccessError: A file of the workspace cannot be read.
    """
    # Before the first commit there is no version yet to compare with.
    is_first = before == "HEAD" and project.history.head().commit is None
    past = [] if is_first else outputs_at(project, before, ())
    ours = {item.output.path: item for item in past}
    theirs = {item.output.path: item for item in outputs_at(project, after, ())}
    differ = _Differ(project, from_workspace=after is None)
    progress.start("Comparing")
    for path in sorted(ours.keys() | theirs.keys()):
        for part in _parts(path, targets):
            differ.compare(ours.get(path), theirs.get(path), part)
            progress.advance(files=1)
    progress.finish()
    return differ.result()


class _Differ:
    """Compares outputs, and gathers how they differ."""

    def __init__(self, project: Project, *, from_workspace: bool) -> None:
        self._project = project
        self._from_workspace = from_workspace
        self._added: list[Changed] = []
        self._deleted: list[Changed] = []
        self._modified: list[Changed] = []
        self._unknown: list[str] = []
        self._renamed: dict[tuple[Oid, str], Oid] = {}

    def compare(self, before: Named | None, after: Named | None, part: str) -> None:
        if not self._from_workspace and before and after and before.output == after.output:
            return
        try:
            for old, new in joined(self._old(before, part), self._new(after, part)):
                if not self._is_lost_between(before, after, old or new):
                    self._note(old, new)
        except (BlobMissingError, BlobCorruptError):
            self._unknown.append(part)

    def result(self) -> Diff:
        gone = {item.before: item for item in self._deleted if item.before is not None}
        renamed = [
            Renamed(old.path, item.path, item.after)
            for item in self._added
            if item.after is not None and (old := gone.pop(item.after, None)) is not None
        ]
        sources = {item.before for item in renamed}
        targets = {item.after for item in renamed}
        return Diff(
            added=tuple(item for item in self._added if item.path not in targets),
            deleted=tuple(item for item in self._deleted if item.path not in sources),
            modified=tuple(self._modified),
            renamed=tuple(renamed),
            unknown=tuple(self._unknown),
        )

    def _old(self, named: Named | None, part: str) -> Iterator[Entry]:
        if named is None:
            return iter(())
        return below(wanted_entries(self._project.workspace, named.output), part)

    def _new(self, named: Named | None, part: str) -> Iterator[Entry]:
        if named is None:
            return iter(())
        if self._from_workspace:
            return present_entries(self._project.workspace, named.output, part)
        return self._old(named, part)

    def _note(self, old: Entry | None, new: Entry | None) -> None:
        if old is None and new is not None:
            self._added.append(Changed(new.path, None, new.oid or None))
        elif new is None and old is not None:
            if self._from_workspace and is_left_alone(self._project.workspace, old.path):
                return
            self._deleted.append(Changed(old.path, old.oid or None, None))
        elif old is not None and new is not None and not self._same_content(old, new):
            self._modified.append(Changed(old.path, old.oid or None, new.oid or None))

    def _same_content(self, old: Entry, new: Entry) -> bool:
        if not (old.is_file and new.is_file) or self._is_foreign(old) == self._is_foreign(new):
            return old.same_content(new)
        if -1 not in (old.size, new.size) and old.size != new.size:
            return False
        # Two formats name them. One of the two contents tells whether they are the same.
        try:
            return self._other_name(old.oid, new.oid) == new.oid
        except BlobMissingError:
            return self._other_name(new.oid, old.oid) == old.oid

    def _other_name(self, oid: Oid, like: Oid) -> Oid:
        """Return what a blob is called by the algorithm that another oid was made with."""
        algorithm = algorithm_of(like, self._project.format.algorithm)
        known = self._renamed.get((oid, algorithm.mark))
        if known is None:
            with self._project.cache.open(oid) as stream:
                known = hash_stream(stream, algorithm).oid
            self._renamed[(oid, algorithm.mark)] = known
        return known

    def _is_foreign(self, entry: Entry) -> bool:
        return is_foreign(entry.oid, self._project.format.algorithm)

    def _is_lost_between(
        self, before: Named | None, after: Named | None, entry: Entry | None
    ) -> bool:
        """Say whether an entry is of a kind that the format of the other version does not keep."""
        if before is None or after is None or entry is None or entry.is_file:
            return False
        algorithm = self._project.format.algorithm
        return is_foreign(before.output.oid or Oid(""), algorithm) != is_foreign(
            after.output.oid or Oid(""), algorithm
        )


def _parts(output: str, targets: Sequence[str]) -> list[str]:
    """Return which paths of an output targets mean."""
    if not targets:
        return [output]
    parts = set()
    for target in targets:
        path = target.removesuffix(".dvc")
        if path in (".", output) or output.startswith(path + "/"):
            return [output]
        if path.startswith(output + "/"):
            parts.add(path)
    return sorted(parts)
