"""Small blobs that come from a remote in groups, where the remote has a way for that."""

from collections.abc import Iterable, Iterator
from itertools import chain

from dvclite.errors import DvcliteError
from dvclite.files.copying import OnBytes
from dvclite.formats.format import Format
from dvclite.hashing import BlobRef, is_tree
from dvclite.progress import Progress
from dvclite.remote import GroupingRemote
from dvclite.remotestore.engine import Failure, Outcome, run
from dvclite.remotestore.named import Named
from dvclite.remotestore.store import Landing

_SMALL = 1 << 20
"""The most bytes that a blob has which is read into memory."""

_MOST, _MOST_BYTES = 5000, 256 << 20
"""How many blobs, or bytes, are in a group: so much is lost if the command is killed."""


class Gathering:
    """One fetch of small blobs.

    Whatever is the matter with a blob, or with the remote, the blob is left: who brings it by itself
    learns what there is to say.

    Attributes:
        done: How many blobs arrived.
        size: How many bytes these have.
    """

    def __init__(
        self, remote: GroupingRemote, format: Format, landing: Landing, progress: Progress
    ) -> None:
        """Prepare to bring blobs from `remote` to `landing`."""
        self.done = self.size = 0
        self._remote = remote
        self._format = format
        self._landing = landing
        self._progress = progress
        self._left: list[Named] = []
        self._pays = True

    def fetch(self, blobs: Iterable[Named]) -> tuple[Iterator[Named], Outcome[Named]]:
        """Bring what can be brought so.

        Returns:
            What is left; and how many arrived, with the error of the local disk if it failed.
        """
        new_folder = self._landing.new_folder
        rest = iter(blobs)
        if new_folder is None:
            return rest, Outcome()
        groups = run(
            self._groups(rest),
            lambda group, moved: self._bring(group, new_folder(), moved),
            1,
            fatal=lambda _error: True,
        )
        failures = [Failure(failure.item.last, failure.error) for failure in groups.failures]
        outcome = Outcome(self.done, self.size, failures, stopped=bool(failures))
        return chain(self._left, rest), outcome

    def _groups(self, blobs: Iterator[Named]) -> Iterator["_Group"]:
        while self._pays and (first := next(blobs, None)) is not None:
            yield _Group(self._format, chain([first], blobs), first)

    def _bring(self, group: "_Group", folder: str, moved: OnBytes) -> None:
        def count(size: int) -> None:
            moved(size)
            group.size += size
            self._progress.advance(size=size)

        stage, oid_at = self._landing.stage, self._format.oid_at

        def take(key: str, data: bytes) -> bool:
            oid = oid_at(key)
            return oid is not None and stage(folder, BlobRef(oid, -1), data)

        try:
            taken = self._remote.get_group(group.keys(), take, most=_SMALL, moved=count)
        except (DvcliteError, OSError):
            self._progress.advance(size=-group.size)
            taken, group.size = (), 0
        mean = group.size // max(len(taken), 1)
        refs = [BlobRef(group.lacking.pop(key).ref.oid, mean) for key in taken]
        self._landing.take_staged(folder, refs)
        self._progress.advance(files=len(taken))
        self.done += len(taken)
        self.size += group.size
        self._left += group.lacking.values()
        self._left += group.large
        self._pays = bool(taken) or not group.lacking


class _Group:
    """Blobs that come together.

    Attributes:
        last: The one that was drawn last.
        lacking: By their keys those that were asked for and did not come.
        large: Those that are not asked for.
        size: How many bytes came.
    """

    def __init__(self, format: Format, blobs: Iterator[Named], first: Named) -> None:
        self.last = first
        self.lacking: dict[str, Named] = {}
        self.large: list[Named] = []
        self.size = 0
        self._format = format
        self._blobs = blobs

    def keys(self) -> Iterator[str]:
        """Draw blobs until they are enough, and yield the keys of those that are to come."""
        for blob in self._blobs:
            self.last = blob
            if blob.ref.size > _SMALL or is_tree(blob.ref.oid):
                self.large.append(blob)
            else:
                key = self._format.loose_key(blob.ref.oid)
                self.lacking[key] = blob
                yield key
            if len(self.lacking) >= _MOST or self.size >= _MOST_BYTES:
                return
