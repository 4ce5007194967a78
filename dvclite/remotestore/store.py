"""The remote as movers see it: blobs by name, and what became of them."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dvclite.damage import Checkup, Damage
from dvclite.files.closing import Closing
from dvclite.files.copying import OnBytes
from dvclite.formats.format import Format
from dvclite.hashing import BlobRef, Hasher, Oid
from dvclite.progress import Progress
from dvclite.remotestore.engine import DEFAULT_JOBS, Outcome
from dvclite.remotestore.mended import Mended
from dvclite.remotestore.named import Named
from dvclite.remotestore.packed import NOT_PACKED, Extent, Packed
from dvclite.remotestore.sizes import Sizes
from dvclite.tree import Tree

LARGEST_TREE: Final = 4 << 30
"""Larger trees are not read, in bytes."""

Lend = Callable[[Oid, OnBytes], AbstractContextManager[Path]]
"""Lends a file with the bytes of a blob, verified, and looks again when it is given back.

What it is handed beside the blob it calls with 0 now and then, and lets what that raises pass.

Raises:
    BlobMissingError: There is none.
    BlobCorruptError: It was not what its name says, or is no more.
"""


Entrust = Callable[[Oid, OnBytes], AbstractContextManager[tuple[Path, OnBytes]]]
"""Lends a file with the bytes of a blob, which is verified while it is sent.

It is handed what is told of the bytes that are sent, and yields with the file what is to be told in
place of that: it raises rather than hear of the last bytes of a blob that is not right.

Raises:
    BlobMissingError, BlobCorruptError: As from `Lend`, when the block ends at the latest.
"""


@dataclass(frozen=True, slots=True)
class Source:
    """Where pushed bytes come from: the way out of a cache. Safe from many threads.

    Attributes:
        read: Returns the bytes of a small blob, verified. Raises as `lend` does.
        lend: Lends a blob of any size as a file.
        entrust: Lends it to somebody who sends it.
        show: Does as `lend`, but does not verify: for those who hash what they read, and `lend` the
            blob if that is not what its name says.
        read_small: Returns the bytes of a blob, verified, if that has at most so many and takes one
            look. None tells nothing: `lend` knows more.
    """

    read: Callable[[Oid], bytes]
    lend: Lend
    entrust: Entrust
    show: Lend
    read_small: Callable[[Oid, int], bytes | None]


@dataclass(frozen=True, slots=True)
class Landing:
    """Where fetched bytes go: the door for foreign bytes into a cache. Safe from many threads.

    Attributes:
        new_path: Returns a path for a new file.
        adopt: Takes such a file over if it holds the blob it should; is told where it came from, and
            handed what the blob was hashed with, if it was. Raises BlobCorruptError otherwise.
        hasher: Returns what to hash all bytes of a blob with, in their order, while they arrive.
        forsake: Is handed that for a blob that will not arrive.
        adopt_pack: Takes a file over that is the pack of a name, if that is what it is and such packs
            are kept; returns whether it did. Otherwise the file stays.
        take: Takes the bytes of a small blob over likewise.
        new_folder: Returns the path of a new folder for small blobs; None where these do not become
            files of their own.
        stage: Writes the bytes of such a blob to that folder, in any process, if they are what they
            should be; returns whether it did.
        take_staged: Takes over what was written to a folder.
        partial: Returns the path at which a large blob is put together, which may hold a part of
            it from an earlier attempt; `adopt` takes that over, too.
        has_partial: Says whether there is such a part of a blob.
        held: Yields large blobs that the cache holds.
        find: Returns the file of a blob that the cache holds, unverified; None if there is none.
    """

    new_path: Callable[[], str]
    adopt: Callable[[str, BlobRef, str, Hasher | None], None]
    hasher: Callable[[Named], Hasher]
    forsake: Callable[[Hasher], None]
    adopt_pack: Callable[[str, str], bool]
    take: Callable[[BlobRef, bytes, str], None]
    new_folder: Callable[[], str] | None
    stage: Callable[[str, BlobRef, bytes], bool]
    take_staged: Callable[[str, Sequence[BlobRef]], None]
    partial: Callable[[Oid], str]
    has_partial: Callable[[Oid], bool]
    held: Callable[[], Iterable[Oid]]
    find: Callable[[Oid], str | None]


class RemoteStore(Closing):
    """Blobs by name, on a remote.

    Attributes:
        url: The remote's address, for messages.
        format: How blobs are named and trees written.
        jobs: How many things are on their way at once.
    """

    def __init__(self, url: str, format: Format, jobs: int | None) -> None:
        """Take note of what every store has; None for `jobs` means the default."""
        self.url = url
        self.format = format
        self.jobs = jobs if jobs is not None else DEFAULT_JOBS

    @property
    def place(self) -> str:
        """Where something was looked for in vain, for messages."""
        return self.url

    @abstractmethod
    def missing(self, refs: Iterable[BlobRef]) -> Sizes:
        """Return which of these blobs are not on the remote in full, and their sizes in bytes.

        Every blob is looked for by itself: what a tree names may be gone though the tree is there.
        Nothing is written anywhere.

        Args:
            refs: Any number of blobs, each as often as may be. -1 for a size means any.

        Raises:
            RemoteError: The remote did not answer.
        """

    def extent(self) -> Extent | None:
        """Return how much lies there in packs; None where it lies otherwise.

        Raises:
            RemoteError: The remote did not answer.
        """
        return None

    @abstractmethod
    def tree(self, oid: Oid) -> Tree:
        """Return a tree, verified, without keeping it anywhere.

        Raises:
            BlobMissingError: It is not on the remote.
            BlobCorruptError: It is not what its name says.
            TreeError, HostilePathError: It is not a tree that may be used.
            RemoteError: The remote did not answer.
        """

    @abstractmethod
    def push(self, blobs: Iterable[Named], source: Source, progress: Progress) -> Outcome[Named]:
        """Bring blobs to the remote. Those that arrived are durable there when this returns.

        What a tree names has to be there before the tree: that takes two calls.

        Args:
            blobs: What to bring; drawn as fast as it is sent.
            source: Gives the bytes.
            progress: Is told of files and bytes.

        Returns:
            How many arrived, and which did not. What `source` takes back as corrupt can never be
            fetched.

        Raises:
            FileAccessError: There is no room for what is on its way.
            KeyboardInterrupt: What arrived until then stays.
        """

    def weigh(
        self,
        blobs: Iterable[Named],  # noqa: ARG002 - for stores that have packs
        source: Source,  # noqa: ARG002
        progress: Progress,  # noqa: ARG002
    ) -> Packed:
        """Return what it would take to bring blobs to the remote in packs, where it has packs.

        All of them are read, cut and compressed for that, and nothing is written. Arguments as
        those of `push`.

        Raises:
            RemoteError: The remote did not answer.
        """
        return NOT_PACKED

    def fetch_packs(
        self,
        lacking: Sizes,  # noqa: ARG002
        landing: Landing,  # noqa: ARG002
        progress: Progress,  # noqa: ARG002
    ) -> Outcome[Named]:
        """Bring packs of which nearly everything is wanted, as they are, where there are any.

        Args:
            lacking: Blobs that are no trees. Those that were brought are taken out.
            landing: Where they go.
            progress: Is told of files and bytes.

        Returns:
            How many were brought. Nothing of what went wrong: that concerns what is still lacking.

        Raises:
            RemoteError: The remote did not answer.
        """
        return Outcome()

    @abstractmethod
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

    @abstractmethod
    def check(self, progress: Progress, *, data: bool) -> Checkup:
        """Look at everything on the remote, and change nothing.

        Nothing that is remembered is believed, also by what is asked of this store afterwards.

        Args:
            progress: Is told of bytes.
            data: Whether to read every byte.

        Raises:
            RemoteError: The remote did not answer.
        """

    @abstractmethod
    def mend(self, damages: Iterable[Damage], new_aside: Callable[[str], str]) -> Mended:
        """Save what is whole of what is damaged, and count what is not as missing from now on.

        To be called after `check`. Nothing leaves the remote yet: first is to be pushed what is
        `doubtful` and missing, then `let_go` called.

        Args:
            damages: From `check`.
            new_aside: Returns a local path for a copy of something damaged, by its name.

        Raises:
            RemoteError: The remote did not answer.
            OSError: There is no room for what is on its way.
        """

    @abstractmethod
    def let_go(self, mended: Mended) -> None:
        """Delete what is damaged, after all that could take its place has arrived.

        Raises:
            RemoteError: The remote did not answer.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the remote."""
