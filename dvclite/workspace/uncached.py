"""Outputs of which only the name is recorded: their content is in no cache, but in git perhaps."""

from collections.abc import Iterable
from dataclasses import replace

from dvclite.errors import HostilePathError, UnsupportedFileError
from dvclite.hashing import Oid, is_foreign
from dvclite.pointer import Output
from dvclite.tree import Entry
from dvclite.workspace.compare import present_entries
from dvclite.workspace.workspace import Workspace


def named(workspace: Workspace, output: Output) -> Output:
    """Return what a pointer says of an output that is as it is in the workspace now.

    Raises:
        UnsupportedFileError: Something in it cannot be named.
        FileAccessError: Something cannot be read.
    """
    entries = present_entries(workspace, output, output.path)
    if workspace.is_folder(output.path):
        return _directory(workspace, output, entries)
    entry = next(entries, None)
    if entry is None or not entry.is_file:
        raise UnsupportedFileError(output.path, "it is a symbolic link, or no file at all")
    return replace(output, oid=entry.oid, size=entry.size, files=None, executable=entry.executable)


def _directory(workspace: Workspace, output: Output, entries: Iterable[Entry]) -> Output:
    skipped = len(output.path) + 1
    format = workspace.format
    mark = ""
    if output.oid is not None and format.other and is_foreign(output.oid, format.algorithm):
        format, mark = format.other, format.algorithm.other_mark
    try:
        tree = format.make_tree(
            entry._replace(path=entry.path[skipped:], oid=Oid(entry.oid[len(mark) :]))
            for entry in entries
        )
    except HostilePathError as error:
        raise UnsupportedFileError(f"{output.path}/{error.path}", error.reason) from error
    oid = Oid(mark + tree.oid)
    return replace(output, oid=oid, size=tree.size, files=tree.files, executable=False)
