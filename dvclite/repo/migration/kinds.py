"""What one format's trees hold and the other's do not: links, executable bits, empty folders.

Trees are gone through several times rather than held in memory: one may have a million files.
"""

import os
from collections.abc import Iterable, Iterator
from posixpath import dirname, join, normpath

from dvclite.errors import HostilePathError
from dvclite.paths import check_link
from dvclite.repo.project import Project
from dvclite.tree import Entry, Tree, joined
from dvclite.workspace.compare import is_executable


def with_what_is_here(project: Project, output: str, tree: Tree) -> Iterator[Entry]:
    """Yield a tree with what its old format could not tell, as the workspace has it.

    Files that are executable in the workspace are so in the tree, and links to files of the tree
    are links. Empty folders, and links that lead to folders or nowhere, are new in it: the old
    format passed them over.

    Args:
        project: The repository, in a format that has a place for all that.
        output: The directory.
        tree: What its pointer says of it.
    """
    if not project.workspace.is_folder(output):
        yield from tree
        return
    special = [here for here in _here(project, output) if here.is_folder or here.link is not None]
    led_to = _led_to(tree, special)
    new = _fitting(tree, _passed_over(project, output, special))
    for known, here in joined(tree, _here(project, output)):
        if known is not None:
            yield _as_here(known, here, led_to.get(known.path)) if here is not None else known
        elif here is not None and here.path in new:
            yield here


def as_files(tree: Tree) -> Iterator[Entry]:
    """Yield the files of a tree, and links to files of the same tree as what they lead to."""
    led_to = _led_to(tree, tree)
    for entry in tree:
        file = entry if entry.is_file else led_to.get(entry.path)
        if file is not None:
            yield file._replace(path=entry.path, executable=False)


def lost(tree: Tree) -> Iterator[str]:
    """Yield the paths at which a tree holds what is lost with `as_files`."""
    led_to = _led_to(tree, tree)
    for entry in tree:
        if entry.executable or not (entry.is_file or entry.path in led_to):
            yield entry.path


def _here(project: Project, output: str) -> Iterator[Entry]:
    """Yield what is in a directory of the workspace, sorted; files without what they hold.

    Links that a tree could not have are passed over.
    """
    skipped = len(output) + 1
    for found in project.workspace.found(output):
        path = found.path[skipped:]
        if found.is_link:
            link = found.folder.read_link(found.name)
            try:
                check_link(path, link)
            except HostilePathError:
                continue
            yield Entry(path, link=link)
        elif found.is_file:
            yield Entry(path, executable=is_executable(found))
        elif found.is_folder:
            yield Entry(path)


def _led_to(tree: Tree, links: Iterable[Entry]) -> dict[str, Entry]:
    """Return the files of a tree that links lead to, by the paths of the links."""
    targets = {
        entry.path: normpath(join(dirname(entry.path), entry.link))
        for entry in links
        if entry.link is not None
    }
    wanted = frozenset(targets.values())
    files = {entry.path: entry for entry in tree if entry.path in wanted and entry.is_file}
    return {path: files[target] for path, target in targets.items() if target in files}


def _as_here(known: Entry, here: Entry, led_to: Entry | None) -> Entry:
    """Return a file of a tree as the workspace has it: executable, or a link to another file."""
    if here.link is None:
        return known._replace(executable=here.executable)
    is_same = led_to is not None and led_to.path != known.path and led_to.oid == known.oid
    return here if is_same else known


def _passed_over(project: Project, output: str, special: Iterable[Entry]) -> set[str]:
    """Return the paths of what the old format had no place for, among folders and links."""
    folder = os.path.join(project.root, output)
    return {
        here.path
        for here in special
        if here.is_folder or not os.path.isfile(os.path.join(folder, here.path))
    }


def _fitting(tree: Tree, paths: set[str]) -> set[str]:
    """Return those paths that are neither at, nor above, nor below what a tree has."""
    bare = {path.removesuffix("/") for path in paths}
    above = {folder for path in bare for folder in _above(path)}
    taken, folder = set[str](), ""
    for entry in tree if paths else ():
        if entry.path in bare or entry.path in above:
            taken.add(entry.path)
        if dirname(entry.path) != folder:
            folder = dirname(entry.path)
            taken.update(bare.intersection([folder, *_above(folder)]))
    return {
        path
        for path in paths
        if taken.isdisjoint([path.removesuffix("/"), *_above(path.removesuffix("/"))])
    }


def _above(path: str) -> Iterator[str]:
    end = path.find("/")
    while end != -1:
        yield path[:end]
        end = path.find("/", end + 1)
