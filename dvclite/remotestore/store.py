"""The remote as movers see it: blobs by name, and what became of them."""

import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from dvclite.errors import BlobCorruptError, BlobMissingError, KeyMissingError, TreeError
from dvclite.files.atomic import discard
from dvclite.files.closing import Closing
from dvclite.files.copying import OnBytes
from dvclite.formats.format import Format
from dvclite.hashing import TREE_SUFFIX, BlobRef, Oid, hash_bytes
from dvclite.progress import Progress
from dvclite.remote import Remote
from dvclite.remotestore.engine import DEFAULT_JOBS, Outcome, ends_all, run
from dvclite.remotestore.named import Named
from dvclite.remotestore.presence import strike_out_present
from dvclite.tree import Tree

_LARGEST_TREE = 4 << 30

Lend = Callable[[Oid, OnBytes], AbstractContextManager[Path]]
"""Lends a file with the bytes of a blob, verified, and looks again when it is given back.

What it is handed beside the blob it calls with 0 now and then, and lets what that raises pass.

Raises:
    BlobMissingError: There is none.
    BlobCorruptError: It was not what its name says, or is no more.
"""


@dataclass(frozen=True, slots=True)
class Landing:
    """Where fetched bytes go: the door for foreign bytes into a cache.

    Attributes:
        new_path: Returns a path for a new file.
        adopt: Takes such a file over if it holds the blob it should; is told where it came from.
            Raises BlobCorruptError otherwise.
    """

    new_path: Callable[[], str]
    adopt: Callable[[str, BlobRef, str], None]


class RemoteStore(Closing):
    """Blobs by name, on a remote.

    Attributes:
        url: The remote's address, for messages.
        format: How blobs are named and trees written.
        jobs: How many blobs are on their way at once.
    """

    def __init__(self, remote: Remote, format: Format, *, jobs: int | None = None) -> None:
        """See `remote` as a store; it is closed with the store.

        Args:
            remote: Where the blobs lie.
            format: How they are named and trees written.
            jobs: How many blobs may be on their way at once; None for the default.
        """
        self.url = remote.url
        self.format = format
        self.jobs = jobs if jobs is not None else DEFAULT_JOBS
        self._remote = remote

    def missing(self, refs: Iterable[BlobRef]) -> dict[Oid, int]:
        """Return which of these blobs are not on the remote in full, and their sizes in bytes.

        Every blob is looked for by itself: what a tree names may be gone though the tree is there.

        Args:
            refs: Any number of blobs, each as often as may be. -1 for a size means any.

        Raises:
            RemoteError: The remote did not answer.
        """
        sizes: dict[Oid, int] = {}
        for ref in refs:
            if sizes.setdefault(ref.oid, ref.size) < 0:
                sizes[ref.oid] = ref.size
        strike_out_present(self._remote, self.format, sizes, self.jobs)
        return sizes

    def tree(self, oid: Oid) -> Tree:
        """Return a tree, verified, without keeping it anywhere.

        Raises:
            BlobMissingError: It is not on the remote.
            BlobCorruptError: It is not what its name says.
            TreeError, HostilePathError: It is not a tree that may be used.
            RemoteError: The remote did not answer.
        """
        key = self.format.loose_key(oid)
        size = self._remote.stat(key)
        if size is None:
            raise BlobMissingError([oid], tried=[self.url])
        if size > _LARGEST_TREE:
            raise TreeError(f"{size:,} bytes are more than a tree may have")
        try:
            data = self._remote.read(key, 0, size)
        except KeyMissingError:
            raise BlobMissingError([oid], tried=[self.url]) from None
        if hash_bytes(data, self.format.algorithm) != oid.removesuffix(TREE_SUFFIX):
            raise BlobCorruptError(oid, self.url)
        return self.format.read_tree(oid, data)

    def push(self, blobs: Iterable[Named], lend: Lend, progress: Progress) -> Outcome[Named]:
        """Bring blobs to the remote. Those that arrived are durable there when this returns.

        What a tree names has to be there before the tree: that takes two calls.

        Args:
            blobs: What to bring; drawn as fast as it is sent.
            lend: Gives the bytes, in any thread.
            progress: Is told of files and bytes.

        Returns:
            How many arrived, and which did not. Of a blob that `lend` takes back as corrupt
            nothing stays on the remote.

        Raises:
            KeyboardInterrupt: What arrived until then stays.
        """
        return run(
            blobs,
            lambda blob, moved: self._put(blob, lend, moved),
            self.jobs,
            progress=progress,
        )

    def fetch(self, blobs: Iterable[Named], landing: Landing, progress: Progress) -> Outcome[Named]:
        """Bring blobs from the remote, each verified.

        Args:
            blobs: What to bring; drawn as fast as it arrives.
            landing: Where to.
            progress: Is told of files and bytes.

        Returns:
            How many arrived, and which did not: because they are not there (BlobMissingError),
            are something else than their name says (BlobCorruptError), because the remote failed,
            or because the local disk did (OSError), which ends the work.

        Raises:
            KeyboardInterrupt: What arrived until then stays.
        """
        return run(
            blobs,
            lambda blob, moved: self._get(blob, landing, moved),
            self.jobs,
            progress=progress,
            fatal=lambda error: isinstance(error, OSError) or ends_all(error),
        )

    def close(self) -> None:
        """Let go of the remote."""
        self._remote.close()

    def _put(self, blob: Named, lend: Lend, moved: OnBytes) -> None:
        key = self.format.loose_key(blob.ref.oid)
        sent = False
        try:
            with lend(blob.ref.oid, moved) as path:
                self._remote.put(key, path, moved=moved)
                sent = True
        except BlobCorruptError:
            if sent:
                self._remote.delete([key])
            raise

    def _get(self, blob: Named, landing: Landing, moved: OnBytes) -> None:
        ref = blob.ref
        most = ref.size if ref.size >= 0 else sys.maxsize
        came = 0

        def count(size: int) -> None:
            nonlocal came
            came += size
            if came > most:
                raise BlobCorruptError(ref.oid, self.url)
            moved(size)

        partial = landing.new_path()
        try:
            self._remote.get(self.format.loose_key(ref.oid), Path(partial), moved=count)
        except KeyMissingError:
            raise BlobMissingError([blob.path], tried=[self.url]) from None
        except BaseException:
            discard(partial)
            raise
        landing.adopt(partial, ref, self.url)
