"""Trees, from wherever they are."""

from dvclite.cache.cache import Cache
from dvclite.errors import BlobCorruptError, BlobMissingError
from dvclite.remotestore.store import RemoteStore
from dvclite.transfer.wanted import Wanted
from dvclite.tree import Tree


def cache_or_remote_tree(cache: Cache, store: RemoteStore, wanted: Wanted) -> Tree:
    """Return a tree from wherever it is whole.

    Raises:
        BlobMissingError, BlobCorruptError: It is nowhere.
        TreeError, HostilePathError: It is not a tree that may be used.
        RemoteError: The remote did not answer.
    """
    try:
        return cache.tree(wanted.ref.oid)
    except BlobMissingError:
        pass
    except BlobCorruptError as corrupt:
        try:
            return store.tree(wanted.ref.oid)
        except BlobMissingError:
            raise corrupt from None
    try:
        return store.tree(wanted.ref.oid)
    except BlobMissingError as error:
        raise BlobMissingError([wanted.path], tried=error.tried) from None
