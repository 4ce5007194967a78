"""`cache size`: how much there is in the cache, and what that stands for."""

import os

from dvclite.cache.cache import Cache
from dvclite.hashing import BlobRef, Oid
from dvclite.maintenance.size import measure
from dvclite.repo.needed import needed_outputs, unreadable_trees
from dvclite.repo.project import Project
from dvclite.repo.results.keeping import Size
from dvclite.repo.versions import Versions
from dvclite.transfer.groups import groups
from dvclite.transfer.wanted import Contents, wanted


def size(project: Project, versions: Versions) -> Size:
    """Measure the cache, and change nothing.

    Raises:
        PointerError, GitError: It cannot be known what versions need.
        OSError: The cache cannot be looked into.
    """
    cache = project.cache
    items = [wanted(output) for output in needed_outputs(project, versions)]
    contents = Contents(items, lambda one: cache.tree(one.ref.oid))
    seen: set[Oid] = set()
    files = files_size = distinct = missing = 0
    for group in groups(contents.leaves()):
        sizes = {blob.ref.oid: _size(cache, blob.ref) for blob in group}
        fresh = {oid: size for oid, size in sizes.items() if oid not in seen}
        files += len(group)
        files_size += sum(sizes[blob.ref.oid] for blob in group)
        distinct += sum(fresh.values())
        missing += len(cache.absent(fresh))
        seen |= fresh.keys()
    missing += len(unreadable_trees(contents))
    return Size(measure(cache), files, files_size, files_size - distinct, missing)


def _size(cache: Cache, ref: BlobRef) -> int:
    """Return how many bytes a blob has, or 0 where nobody knows."""
    if ref.size >= 0:
        return ref.size
    path = cache.loose.find(ref.oid)
    return os.path.getsize(path) if path is not None else 0
