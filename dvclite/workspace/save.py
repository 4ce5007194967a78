"""Workspace into cache: what `add` and `commit` do."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from dvclite.cache.leases import Lease
from dvclite.cache.writer import Writer
from dvclite.errors import (
    BlobCorruptError,
    BlobMissingError,
    FileAccessError,
    FileChangedError,
    FormatError,
    Hint,
    HostilePathError,
    OverlapError,
    UnsupportedFileError,
)
from dvclite.files.clock import FileClock, is_settled
from dvclite.files.closing import Closing
from dvclite.files.folder import Folder
from dvclite.files.reading import read_small
from dvclite.files.scan import Found, Run
from dvclite.files.staging import Staging
from dvclite.hashing import Oid, algorithm_of
from dvclite.pointer import LARGEST, Output, is_pointer
from dvclite.pointer.reading import parse
from dvclite.progress import Progress
from dvclite.statcache.rows import UNSETTLED, Row, Stored, proved, row, signature
from dvclite.statcache.update import Update
from dvclite.tree import Entry, Tree, grafted
from dvclite.workspace.ahead import Ahead, Door
from dvclite.workspace.alike import paired, runs_beside_rows
from dvclite.workspace.compare import differences, identify_link, is_executable
from dvclite.workspace.reading import Errand
from dvclite.workspace.uncached import named
from dvclite.workspace.unchanged import Unchanged
from dvclite.workspace.workspace import Workspace, named_errors

# Makes a named tuple twice as fast as its class, which matters where a million are made.
_new = tuple.__new__


class Plan(NamedTuple):
    """Something to save.

    Attributes:
        output: The output; for parts of it as its pointer says, otherwise what it says of the
            content does not count.
        parts: Paths inside a directory, relative to the repository's root, none inside another:
            what is at and below them is saved, what the workspace no longer has there leaves the
            tree, and the rest of the tree stays as it is, whether or not it is in the workspace.
            All of the output where there are none.
    """

    output: Output
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving came to.

    Attributes:
        outputs: What the pointers are to say now, in the order of the plans.
        stored: How many blobs the cache did not hold before.
        stored_bytes: Their bytes.
    """

    outputs: tuple[Output, ...]
    stored: int
    stored_bytes: int


@contextmanager
def saved(
    workspace: Workspace,
    plans: Sequence[Plan],
    lease: Lease,
    progress: Progress,
    *,
    afresh: bool = False,
) -> Iterator[Saved]:
    """Bring the content of outputs into the cache, durably, for a block that writes their pointers.

    The stat cache learns of it when the block ends without an error: what it calls an output, and
    no pointer names, is taken for an output of another version, and leaves with the next checkout.

    Args:
        workspace: The workspace.
        plans: What to save.
        lease: Held until the pointers are written.
        progress: Is told of files and bytes.
        afresh: Whether to read every file, whatever the stat cache remembers.

    Raises:
        UnsupportedFileError: Something in it cannot be versioned.
        FileChangedError, FileAccessError: Something cannot be read.
        BlobMissingError, BlobCorruptError: For a part: the tree is not in the cache.
    """
    with workspace.statcache.updating() as update:
        with (
            Staging(workspace.temporary) as staging,
            closing(FileClock(staging)) as clock,
            workspace.cache.writer(lease) as writer,
        ):
            saver = _Saver(workspace, writer, update, progress, clock.now(), afresh=afresh)
            with saver:
                outputs = tuple(saver.save(plan) for plan in plans)
        whole = _whole(workspace, plans, outputs)
        yield Saved(outputs, writer.stored, writer.stored_bytes)
        anew = [plan.output.path for plan in plans if afresh and not plan.parts]
        update.commit(whole, afresh=anew)


def _whole(
    workspace: Workspace, plans: Sequence[Plan], outputs: Sequence[Output]
) -> dict[str, Oid | None]:
    """Return what the rows of each output stand for: None where that is not all of it."""
    return {
        output.path: output.oid if _stays_whole(workspace, plan) else None
        for plan, output in zip(plans, outputs, strict=True)
        if output.cached
    }


def _stays_whole(workspace: Workspace, plan: Plan) -> bool:
    """Say whether the rows of an output stand for all of it once a plan is carried out."""
    if not plan.parts:
        return True
    whole = workspace.statcache.whole_at(plan.output.path)
    return whole is not None and whole.oid == plan.output.oid


class _Saver(Closing):
    """Walks what is to be saved, and turns it into entries."""

    def __init__(
        self,
        workspace: Workspace,
        writer: Writer,
        update: Update,
        progress: Progress,
        now: int,
        *,
        afresh: bool,
    ) -> None:
        self._workspace = workspace
        self._writer = writer
        self._update = update
        self._progress = progress
        self._now = now
        self._afresh = afresh
        self._algorithm = workspace.format.algorithm
        self._single = ""
        self._unchanged = Unchanged(workspace, writer, progress)
        keeps_modes = workspace.format.keeps_links
        self._ahead = Ahead(
            Errand(workspace.root, self._algorithm, now, keeps_modes, writer.seems_stored),
            Door(self._save_found, writer, self._learn),
        )

    def close(self) -> None:
        self._ahead.close()

    def save(self, plan: Plan) -> Output:
        self._single = plan.output.path
        with named_errors(self._workspace.root, plan.output.path):
            if self._is_named_as_before(plan):
                return plan.output
            if not plan.output.cached:
                return named(self._workspace, plan.output)
            if plan.parts:
                saved = self._save_parts(plan)
            elif self._workspace.is_folder(plan.output.path):
                saved = self._save_tree(plan.output, self._inside(plan, plan.output.path))
            else:
                saved = self._save_file(plan.output)
            self._unchanged.check()
        return saved

    def _is_named_as_before(self, plan: Plan) -> bool:
        """Say whether an output that older oids name is as it was: it keeps its names then."""
        oid = plan.output.oid
        if oid is None or algorithm_of(oid, self._algorithm) is self._algorithm:
            return False
        if plan.parts:
            raise UnsupportedFileError(
                plan.parts[0],
                f"{plan.output.path} was added by an old version of DVC, in another way",
                hint=Hint("add all of it once: `dvclite add {}`", plan.output.path),
            )
        try:
            return next(differences(self._workspace, plan.output, plan.output.path), None) is None
        except (BlobMissingError, BlobCorruptError):
            return False

    def _save_parts(self, plan: Plan) -> Output:
        assert plan.output.oid is not None, "only a directory that was added has parts"
        old = self._workspace.cache.tree(plan.output.oid)
        new = [entry for part in plan.parts for entry in self._inside(plan, part)]
        paths = [part[len(plan.output.path) + 1 :] for part in plan.parts]
        return self._save_tree(plan.output, grafted(old, paths, sorted(new)))

    def _save_file(self, output: Output) -> Output:
        entries = list(self._entries(output.path))
        if len(entries) != 1 or not entries[0].is_file:
            raise UnsupportedFileError(
                output.path, "it is a symbolic link", hint="add what it points to"
            )
        (entry,) = entries
        return replace(
            output, oid=entry.oid, size=entry.size, files=None, executable=entry.executable
        )

    def _save_tree(self, output: Output, entries: Iterator[Entry]) -> Output:
        tree = self._make_tree(output.path, entries)
        self._writer.save_tree(tree)
        return replace(output, oid=tree.oid, size=tree.size, files=tree.files, executable=False)

    def _make_tree(self, path: str, entries: Iterator[Entry]) -> Tree:
        try:
            return self._workspace.format.make_tree(entries)
        except HostilePathError as error:
            raise UnsupportedFileError(f"{path}/{error.path}", error.reason) from error

    def _inside(self, plan: Plan, path: str) -> Iterator[Entry]:
        """Yield the entries at and below a path, as the tree of the output has them."""
        skipped = len(plan.output.path) + 1
        for whole, oid, size, executable, link in self._entries(path):
            yield _new(Entry, (whole[skipped:], oid, size, executable, link))

    def _entries(self, path: str) -> Iterator[Entry]:
        ahead = self._ahead
        for run, stored in runs_beside_rows(self._workspace, path):
            if run is not None and not stored and ahead.has_help and _is_inside(run, path):
                yield from ahead.save_names(run.prefix, run.names)
            else:
                found = run.found() if run is not None else ()
                for here, known in paired(found, proved(stored)):
                    yield from self._entry(here, known)
        yield from ahead.rest()

    def _entry(self, found: Found | None, known: Row | None) -> Iterable[Entry]:
        """Return the entries whose turn has come when it is seen to one more path."""
        if found is None:
            if known is not None:
                self._update.drop(known.path)
            return ()
        if known is not None and self._is_unchanged(found, known):
            entry = known.entry(found.path)
            if entry.size < 0:
                entry = entry._replace(size=found.stat.st_size)
            self._unchanged.keep(entry)
            return self._ahead.put(entry)
        if found.is_file and not is_pointer(found.name) and found.path != self._single:
            return self._ahead.save(found)
        if found.is_folder and not self._workspace.format.keeps_links:
            return ()
        return self._ahead.put(self._save_found(found))

    def _is_unchanged(self, found: Found, known: Row) -> bool:
        if self._afresh or signature(found.stat) != known.signature:
            return False
        if self._algorithm.older is None and self._algorithm.other is None:
            return True
        oid = known.entry(found.path).oid
        return algorithm_of(oid, self._algorithm) is self._algorithm

    def _save_found(self, found: Found) -> Entry:
        stat = found.stat
        if found.is_link:
            entry = self._save_link(found)
        elif found.is_folder:
            if not found.path.endswith("/"):
                raise FileChangedError(found.path)  # A moment ago it was something else.
            entry = Entry(found.path)
        elif found.is_file:
            if is_pointer(found.name):
                self._refuse_pointer(found)
            try:
                ref, stat = self._writer.save(found.folder, found.name, stat, self._moved)
            except OSError as error:
                raise FileAccessError(found.path, error.strerror or str(error)) from error
            entry = self._file_entry(found, ref.oid, ref.size)
        else:
            raise UnsupportedFileError(found.path, "it is a socket, a pipe or a device")
        return self._saved(found, stat, entry)

    def _learn(self, saved: Sequence[Entry], rows: Iterable[Stored]) -> None:
        self._update.put_stored(rows)
        self._progress.advance(files=len(saved), size=sum(entry.size for entry in saved))

    def _file_entry(self, found: Found, oid: Oid, size: int) -> Entry:
        tells_mode = self._workspace.format.keeps_links or found.path == self._single
        executable = tells_mode and is_executable(found)
        return Entry(found.path, oid, size, executable)

    def _saved(self, found: Found, stat: os.stat_result, entry: Entry) -> Entry:
        settled = is_settled(stat, self._now) and self._workspace.can_be_remembered(found)
        self._update.put(row(found.path, signature(stat) if settled else UNSETTLED, entry))
        self._progress.advance(files=1)
        return entry

    def _save_link(self, found: Found) -> Entry:
        """Bring in what a link stands for, where trees have no links."""
        entry = identify_link(self._workspace, found, self._algorithm)
        if entry is None:
            raise UnsupportedFileError(
                found.path,
                "it is a symbolic link to a folder or to nothing, which this format has no place for",
                hint="put what it leads to in its place, or name it in .dvcignore",
            )
        if entry.is_file:
            self._save_linked(found, entry)
        return entry

    def _save_linked(self, found: Found, entry: Entry) -> None:
        """Have the cache hold the file that a link leads to, inside of the cache or elsewhere."""
        if self._workspace.cache.linked_oid(found.folder.read_link(found.name)) is not None:
            self._unchanged.keep(entry)
            return
        path = os.path.realpath(os.path.join(found.folder.path, found.name))
        with Folder.open(os.path.dirname(path)) as folder:
            name = os.path.basename(path)
            stat = folder.lstat(name)
            if stat is None or self._writer.save(folder, name, stat).ref.oid != entry.oid:
                raise FileChangedError(found.path)

    def _refuse_pointer(self, found: Found) -> None:
        """Raise if a file is a pointer of this repository: its output would be tracked twice."""
        path = os.path.join(found.folder.path, found.name)
        data = read_small(path, largest=LARGEST) if found.stat.st_size <= LARGEST else None
        try:
            pointer = parse(found.path, data or b"", self._workspace.format.algorithm)
        except FormatError:
            return  # Data that happens to be called so.
        raise OverlapError(found.path.rpartition("/")[0], pointer.outputs[0].path, found.path)

    def _moved(self, count: int) -> None:
        self._progress.advance(size=count)


def _is_inside(run: Run, path: str) -> bool:
    """Say whether names are those of things in a folder at a path, or below it."""
    return len(run.prefix) > len(path) and not run.names[0].endswith("/")
