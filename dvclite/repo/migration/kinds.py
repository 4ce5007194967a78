"""What one format's trees hold and the other's do not: links, executable bits, empty folders."""

import os
from collections.abc import Iterable, Iterator
from posixpath import dirname, join, normpath

from dvclite.errors import HostilePathError
from dvclite.files.scan import Found
from dvclite.paths import check_link
from dvclite.repo.project import Project
from dvclite.tree import Entry
from dvclite.workspace.compare import is_executable


def with_what_is_here(project: Project, output: str, entries: list[Entry]) -> list[Entry]:
    """Return a tree with what its old format could not tell, as the workspace has it.

    Files that are executable in the workspace are so in the tree, and links to files of the tree
    are links. Empty folders, and links that lead to folders or nowhere, are new in it: the old
    format passed them over.

    Args:
        project: The repository, in a format that has a place for all that.
        output: The directory.
        entries: Its tree.
    """
    if not project.workspace.is_folder(output):
        return entries
    files = {entry.path: entry for entry in entries}
    above = {folder for path in files for folder in _above(path)}
    skipped = len(output) + 1
    for found in project.workspace.found(output):
        path = found.path[skipped:]
        known = files.get(path)
        if known is not None:
            files[path] = _as_here(known, found, files)
        elif path.rstrip("/") not in above and files.keys().isdisjoint(_above(path)):
            new = _passed_over(project, found, path)
            if new is not None:
                files[path] = new
    return sorted(files.values())


def _as_here(known: Entry, found: Found, files: dict[str, Entry]) -> Entry:
    """Return a file of a tree as the workspace has it: executable, or a link to another file."""
    if found.is_file:
        return known._replace(executable=is_executable(found))
    if found.is_link:
        link = Entry(known.path, link=found.folder.read_link(found.name))
        led_to = _led_to(link, files)
        if led_to is not None and led_to.path != known.path and led_to.oid == known.oid:
            return link
    return known


def _passed_over(project: Project, found: Found, path: str) -> Entry | None:
    """Return what the old format had no place for; None for what is simply not in the tree."""
    if found.is_folder:
        return Entry(path) if path else None
    if not found.is_link or os.path.isfile(project.root / found.path):
        return None
    link = found.folder.read_link(found.name)
    try:
        check_link(path, link)
    except HostilePathError:
        return None
    return Entry(path, link=link)


def as_files(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield the files of a tree, and links to files of the same tree as what they lead to."""
    known = list(entries)
    files = {entry.path: entry for entry in known if entry.is_file}
    for entry in known:
        led_to = _led_to(entry, files)
        if led_to is not None:
            yield led_to._replace(path=entry.path, executable=False)


def lost(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the paths at which a tree holds what is lost with `as_files`."""
    known = list(entries)
    files = {entry.path: entry for entry in known if entry.is_file}
    for entry in known:
        if entry.executable or _led_to(entry, files) is None:
            yield entry.path


def _led_to(entry: Entry, files: dict[str, Entry]) -> Entry | None:
    if entry.link is None:
        return files.get(entry.path)
    return files.get(normpath(join(dirname(entry.path), entry.link)))


def _above(path: str) -> Iterator[str]:
    end = path.find("/")
    while end != -1:
        yield path[:end]
        end = path.find("/", end + 1)
