"""What is in the workspace beside what should be there, path by path."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

from dvclite.errors import FileAccessError, HostilePathError, TreeError
from dvclite.files.copying import ignore_bytes, read
from dvclite.files.scan import Found
from dvclite.hashing import Algorithm, Oid, algorithm_of
from dvclite.pointer import Output
from dvclite.statcache.rows import Row, signature
from dvclite.tree import Entry, below
from dvclite.workspace.alike import beside_rows, paired
from dvclite.workspace.workspace import Workspace

_MANY = 10_000
_LINKED = Struct("<QQqI")
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_HAS_EXECUTABLE_BIT = os.name != "nt"


class Difference(NamedTuple):
    """A path at which the workspace is not as its pointer says.

    A NamedTuple, because a million of them pass by when data is checked out afresh.

    Attributes:
        path: Relative to the repository's root; an empty folder's ends in `/`.
        found: What is in the workspace.
        current: The same as a tree's entry: what would be added now.
        wanted: What should be there.
        known: Whether what was found is what was saved or restored there last.
    """

    path: str
    found: Found | None
    current: Entry | None
    wanted: Entry | None
    known: bool


def wanted_entries(workspace: Workspace, output: Output) -> Iterator[Entry]:
    """Yield what an output consists of, with paths relative to the repository's root.

    Raises:
        BlobMissingError, BlobCorruptError: The tree is not in the cache.
        TreeError, HostilePathError: It is not a tree that may be used.
    """
    if output.oid is None:
        return
    if not output.is_directory:
        yield Entry(output.path, output.oid, output.size, output.executable)
        return
    prefix = output.path + "/"
    try:
        tree = workspace.cache.tree(output.oid)
    except (TreeError, HostilePathError) as error:
        raise error.at(output.path) from error
    for path, oid, size, executable, link in tree:
        yield Entry(prefix + path, oid, size, executable, link)


def present_entries(workspace: Workspace, output: Output, path: str) -> Iterator[Entry]:
    """Yield what is at a path of an output and below it in the workspace, as a tree's entries.

    Raises:
        FileAccessError: Something cannot be read.
    """
    for found, row in paired(workspace.found(path), workspace.statcache.below(path)):
        current = _current(workspace, found, row, None, output)
        if current is not None:
            yield current


@dataclass(frozen=True, slots=True)
class Listener:
    """Who keeps the stat cache up to date with what a comparison comes upon.

    Attributes:
        stale: Is told of paths that the stat cache remembers for nothing.
        recognised: Is told of what is as wanted, and what it is, where the stat cache did not know.
    """

    stale: Callable[[str], object] = lambda _path: None
    recognised: Callable[[Found, Entry], object] = lambda _found, _entry: None


_NOBODY = Listener()


def differences(
    workspace: Workspace, output: Output, path: str, listener: Listener = _NOBODY
) -> Iterator[Difference]:
    """Yield where the workspace differs from what an output should be, sorted by path.

    What is ignored and there does not count, whatever it holds; what is ignored and absent does.
    Files whose stat is still as remembered are not opened. While the stat cache stands for the
    very tree that the pointer names, that tree is not read either.

    Args:
        workspace: The workspace.
        output: What should be there.
        path: The output's path, or one inside it to look no further.
        listener: Is told of what the stat cache has to learn.

    Raises:
        FileAccessError: Something cannot be read.
        BlobMissingError, BlobCorruptError, TreeError, HostilePathError: As `wanted_entries`.
    """
    known = _known_differences(workspace, output, path, listener)
    if known is not None:
        yield from known
        return
    pairs = paired(workspace.found(path), workspace.statcache.below(path))
    for (here, row), wanted in _with_wanted(pairs, below(wanted_entries(workspace, output), path)):
        if here is None and wanted is not None:
            if not is_left_alone(workspace, wanted.path):
                yield Difference(wanted.path, None, None, wanted, known=False)
        elif here is not None:
            yield from _difference(workspace, output, (here, row, wanted), listener)
        elif row is not None:
            listener.stale(row.path)


def _known_differences(
    workspace: Workspace, output: Output, path: str, listener: Listener
) -> list[Difference] | None:
    """Return the differences where the rows of the stat cache stand for what is wanted.

    Returns:
        None where they do not, where one of them turns out to be damaged, and where there is so
        much to tell that reading the tree costs little beside it.
    """
    whole = workspace.statcache.whole_at(output.path)
    if whole is None or whole.oid != output.oid or path != output.path:
        return None
    known: list[Difference] = []
    rows = 0
    for stored, pairs in beside_rows(workspace, path):
        rows += stored
        for here, row in pairs:
            rows += row is not None
            if here is None and row is not None and is_left_alone(workspace, row.path):
                continue
            if here is None or row is None or signature(here.stat) != row.signature:
                wanted = row.entry(row.path) if row is not None else None
                known += _difference(workspace, output, (here, row, wanted), listener)
                if len(known) > _MANY:
                    return None
    return known if rows == whole.rows else None


def is_left_alone(workspace: Workspace, path: str) -> bool:
    """Say whether something is at a path that is not versioned now, though it is in a tree."""
    is_ignored = workspace.is_ignored(path.rstrip("/"), is_folder=path.endswith("/"))
    return is_ignored and workspace.exists(path)


def identify(
    workspace: Workspace, found: Found, row: Row | None, algorithm: Algorithm
) -> Entry | None:
    """Return what a file, link or folder of the workspace is as a tree's entry.

    It is read only if the stat cache does not know it.

    Args:
        workspace: The workspace.
        found: What is there.
        row: What the stat cache remembers of its path.
        algorithm: What to name its content by.

    Returns:
        None for a link that stands for nothing which a tree of the format can hold.

    Raises:
        FileAccessError: It cannot be read.
    """
    if row is not None and signature(found.stat) == row.signature:
        entry = row.entry(found.path)
        if not entry.oid or algorithm_of(entry.oid, workspace.format.algorithm) is algorithm:
            return entry
    if found.is_link:
        return identify_link(workspace, found, algorithm)
    if found.is_file:
        fd = found.folder.open_file(found.name)
        size, oid = _hash(fd, algorithm)
        return Entry(found.path, oid, size, is_executable(found))
    return Entry(found.path)


def identify_link(workspace: Workspace, found: Found, algorithm: Algorithm) -> Entry | None:
    """Return what a symbolic link stands for: a blob where it leads into the cache.

    Where trees have no links, one stands for the file that it leads to, and one to anything else
    for nothing.
    """
    target = found.folder.read_link(found.name)
    oid = workspace.cache.linked_oid(target)
    if oid is None and workspace.format.that_uses(algorithm).keeps_links:
        return Entry(found.path, link=target)
    if oid is None:
        path = os.path.join(found.folder.path, found.name)
        if not os.path.isfile(path):
            return None
        size, oid = _hash(os.open(path, _READ), algorithm)
        return Entry(found.path, oid, size, _HAS_EXECUTABLE_BIT and os.access(path, os.X_OK))
    try:
        return Entry(found.path, oid, os.stat(target).st_size)
    except FileNotFoundError:
        return Entry(found.path, oid, -1)


def fingerprint(stat: os.stat_result) -> bytes:
    """Return what of a file's stat changes when its content does, while a command works on it.

    A file of several names is a link to a blob, perhaps, and its ctime tells no more than that
    other such links come and go.
    """
    if stat.st_nlink == 1:
        return signature(stat)
    return _LINKED.pack(stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_mode)


def is_executable(found: Found) -> bool:
    """Say whether a file's owner may run it, where the system keeps that apart."""
    return _HAS_EXECUTABLE_BIT and found.is_executable


def _with_wanted(
    pairs: Iterable[tuple[Found | None, Row | None]], wanted: Iterable[Entry]
) -> Iterator[tuple[tuple[Found | None, Row | None], Entry | None]]:
    there = iter(wanted)
    entry = next(there, None)
    for pair in pairs:
        known = pair[0] or pair[1]
        path = known.path if known is not None else ""
        while entry is not None and entry.path < path:
            yield (None, None), entry
            entry = next(there, None)
        if entry is not None and entry.path == path:
            yield pair, entry
            entry = next(there, None)
        else:
            yield pair, None
    while entry is not None:
        yield (None, None), entry
        entry = next(there, None)


def _difference(
    workspace: Workspace,
    output: Output,
    three: tuple[Found | None, Row | None, Entry | None],
    listener: Listener,
) -> Iterator[Difference]:
    found, row, wanted = three
    current = _current(workspace, found, row, wanted, output)
    if current is None and wanted is None:
        return
    if current is None or wanted is None or not current.same_content(wanted):
        path = wanted.path if wanted is not None else (current or Entry("")).path
        known = row is not None and current is not None and current.same_content(row.entry(path))
        yield Difference(path, found, current, wanted, known)
    elif found is not None and (row is None or signature(found.stat) != row.signature):
        listener.recognised(found, current)


def _current(
    workspace: Workspace,
    found: Found | None,
    row: Row | None,
    wanted: Entry | None,
    output: Output,
) -> Entry | None:
    if found is None:
        return None
    algorithm = workspace.format.algorithm
    named = (wanted.oid if wanted is not None else None) or output.oid
    if named:
        algorithm = algorithm_of(named, algorithm)
    keeps_links = workspace.format.that_uses(algorithm).keeps_links
    if found.is_folder and not keeps_links:
        return None
    try:
        current = identify(workspace, found, row, algorithm)
    except OSError as error:
        raise FileAccessError(found.path, error.strerror or str(error)) from error
    if current is None:
        return None
    if wanted is not None and not _HAS_EXECUTABLE_BIT:
        return current._replace(executable=wanted.executable)
    if found.path != output.path and not keeps_links:
        return current._replace(executable=False)
    return current


def _hash(fd: int, algorithm: Algorithm) -> tuple[int, Oid]:
    hasher = algorithm.new()
    try:
        size = read(fd, hasher, ignore_bytes)
    finally:
        os.close(fd)
    return size, Oid(hasher.hexdigest())
