"""What restoring would destroy: files whose content is in no cache are not to be lost."""

import os
import sys
from typing import NamedTuple

from dvclite.formats.format import both
from dvclite.hashing import Oid
from dvclite.pointer import Output
from dvclite.tree import check_spelling
from dvclite.workspace.compare import Listener, differences, fingerprint, identify, wanted_entries
from dvclite.workspace.workspace import Workspace

# Their file systems take names that differ by case or by Unicode normalisation for one.
_FOLDING_SYSTEMS = ("darwin", "win32")


class Judgement(NamedTuple):
    """What restoring would come to.

    Attributes:
        differs: Whether anything differs, or the stat cache has something to learn.
        safe: The fingerprints of files that may be destroyed, since the cache holds their content.
        lost: The paths of those that may not, sorted.
    """

    differs: bool
    safe: dict[str, bytes]
    lost: list[str]


def judge(workspace: Workspace, output: Output, path: str) -> Judgement:
    """Find out what restoring would destroy.

    Args:
        workspace: The workspace.
        output: What is to be restored; removed if it has no oid.
        path: The output's path, or one inside it.

    Raises:
        BlobMissingError, BlobCorruptError, TreeError, HostilePathError: The tree cannot be used.
        FileAccessError: Something cannot be read.
    """
    safe: dict[str, bytes] = {}
    lost: list[str] = []
    content: dict[str, Oid] = {}
    if output.is_directory and output.oid is not None and _folds_names(workspace):
        check_spelling(wanted_entries(workspace, output))
    if not workspace.exists(path):
        return Judgement(output.oid is not None, safe, lost)
    unknown = [] if _is_remembered(workspace, output, path) else [path]
    # A folder with nothing in it shows no difference, wanted or not.
    differs = output.is_directory != workspace.is_folder(output.path)
    listener = Listener(unknown.append, lambda found, _entry: unknown.append(found.path))
    for difference in differences(workspace, output, path, listener):
        differs = True
        found, current, wanted = difference.found, difference.current, difference.wanted
        if found is None or current is None or found.is_folder:
            continue
        if wanted is None or wanted.oid != current.oid or wanted.link != current.link:
            safe[found.path] = fingerprint(found.stat)
            if current.is_file:
                content[found.path] = current.oid
            elif not difference.known:
                lost.append(found.path)
    lost += _uncached(workspace, content, safe)
    for name in lost:
        del safe[name]
    return Judgement(differs or bool(unknown), safe, sorted(lost))


def _folds_names(workspace: Workspace) -> bool:
    """Say whether names that differ in spelling alone are one for the workspace's file system."""
    if sys.platform in _FOLDING_SYSTEMS:
        return True
    own = workspace.temporary.relative_to(workspace.root).parts[0]
    return os.path.lexists(workspace.root / own.upper())


def _uncached(workspace: Workspace, content: dict[str, Oid], seen: dict[str, bytes]) -> list[str]:
    """Return the paths of files whose content is in no cache, by whatever name."""
    absent = workspace.cache.absent(content.values())
    return [
        path
        for path, oid in content.items()
        if oid in absent and not _is_kept_otherwise(workspace, path, seen[path])
    ]


def _is_kept_otherwise(workspace: Workspace, path: str, seen: bytes) -> bool:
    """Say whether a file that was seen is in the cache as the repository's other format names it.

    A commit from before a change of format, or from after it, brought the file here.
    """
    if workspace.format.other is None:
        return False
    for found in workspace.found(path):
        if found.is_file and fingerprint(found.stat) == seen:
            names = {identify(workspace, found, None, each) for each in both(workspace.format)}
            oids = [entry.oid for entry in names if entry is not None]
            return len(workspace.cache.absent(oids)) < len(oids)
    return False


def _is_remembered(workspace: Workspace, output: Output, path: str) -> bool:
    """Say whether the stat cache stands for what an output should be, if that can be."""
    if path != output.path or output.oid is None:
        return True
    whole = workspace.statcache.whole_at(path)
    return whole is not None and whole.oid == output.oid
