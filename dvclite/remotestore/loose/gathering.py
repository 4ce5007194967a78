"""Small blobs that come from a remote together, where the remote has a way for that."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from itertools import chain, islice

from dvclite.errors import DvcliteError
from dvclite.files.copying import OnBytes
from dvclite.formats.format import Format
from dvclite.hashing import BlobRef, is_tree
from dvclite.progress import Progress
from dvclite.remote import Answers, GroupingRemote
from dvclite.remotestore.engine import Failure, Outcome, run
from dvclite.remotestore.named import Named
from dvclite.remotestore.store import Landing

_SMALL = 1 << 20
"""The most bytes that a blob has which is read into memory."""

_TOGETHER, _BYTES_TOGETHER = 1000, 64 << 20
"""How many blobs that arrived, or bytes, are taken over at a time."""

_FOLDERS = "0123456789abcdef"
"""The digits that names end in, one for each of the folders that many blobs arrive in.

Whoever takes one out of a folder keeps others from putting more into it at that moment.
"""

_MOST_IN_VAIN = 5000
"""How many blobs a remote may leave out, one after the other, until it is asked for no more."""


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
        self._folders: dict[str, str] = {}
        self._asked: dict[str, Named] = {}
        self._taken: list[Named] = []
        self._left: list[Named] = []
        self._last: Named | None = None
        self._in_vain = 0
        # Bytes that came, and those of them that are known to be taken.
        self._arrived = self._answered = 0

    def fetch(self, blobs: Iterable[Named]) -> tuple[Iterator[Named], Outcome[Named]]:
        """Bring what can be brought so.

        Returns:
            What is left; and how many arrived, with the error of the local disk if it failed.
        """
        new_folder = self._landing.new_folder
        rest = iter(blobs)
        if new_folder is None:
            return rest, Outcome()
        first = list(islice(rest, _TOGETHER))
        if not first:
            return rest, Outcome()
        self._last = first[0]
        rest = chain(first, rest)
        is_few = len(first) < _TOGETHER
        # In a thread of its own, so that Ctrl-C meets somebody who has time for it.
        ended = run(
            [rest],
            lambda blobs, moved: self._bring(blobs, _folders(new_folder, is_few), moved),
            1,
            fatal=lambda _error: True,
        )
        failures = [Failure(self._last, failure.error) for failure in ended.failures]
        outcome = Outcome(self.done, self.size, failures, stopped=bool(failures))
        return chain(self._left, self._asked.values(), rest), outcome

    def _bring(self, blobs: Iterator[Named], folders: dict[str, str], moved: OnBytes) -> None:
        self._folders = folders

        def came(size: int) -> None:
            moved(size)
            self._arrived += size
            self._progress.advance(size=size)

        try:
            for answers in self._answers(self._keys(blobs), came):
                self._sort(answers)
                size = self._answered - self.size
                if len(self._taken) >= _TOGETHER or size >= _BYTES_TOGETHER:
                    self._take_over()
        except KeyboardInterrupt:
            self._take_over()
            raise
        self._take_over()

    def _keys(self, blobs: Iterator[Named]) -> Iterator[str]:
        """Draw blobs as long as it pays, and yield the keys of those that are to come."""
        for blob in blobs:
            self._last = blob
            if blob.ref.size > _SMALL or is_tree(blob.ref.oid):
                self._left.append(blob)
            else:
                key = self._format.loose_key(blob.ref.oid)
                self._asked[key] = blob
                yield key
            if self._in_vain >= _MOST_IN_VAIN:
                return

    def _answers(self, keys: Iterator[str], moved: OnBytes) -> Generator[Answers, None, None]:
        """Have blobs written to the folders, and yield what the remote says of them, if it does."""
        stage, oid_at, folders = self._landing.stage, self._format.oid_at, self._folders

        def take(key: str, data: bytes) -> bool:
            oid = oid_at(key)
            return oid is not None and stage(folders[oid[-1]], BlobRef(oid, -1), data)

        try:
            with closing(self._remote.get_group(keys, take, most=_SMALL, moved=moved)) as answers:
                yield from answers
        except (DvcliteError, OSError):
            self._progress.advance(size=self._answered - self._arrived)
            self._arrived = self._answered

    def _sort(self, answers: Answers) -> None:
        before = len(self._taken)
        for key, is_taken in answers:
            blob = self._asked.pop(key)
            (self._taken if is_taken else self._left).append(blob)
        self._in_vain = 0 if len(self._taken) > before else self._in_vain + len(answers)
        self._answered = self._arrived

    def _take_over(self) -> None:
        taken, self._taken = self._taken, []
        mean = (self._answered - self.size) // max(len(taken), 1)
        by_folder: dict[str, list[BlobRef]] = {}
        for blob in taken:
            oid = blob.ref.oid
            by_folder.setdefault(self._folders[oid[-1]], []).append(BlobRef(oid, mean))
        for folder, refs in by_folder.items():
            self._landing.take_staged(folder, refs)
        self._progress.advance(files=len(taken))
        self.size = self._answered
        self.done += len(taken)


def _folders(new_folder: Callable[[], str], is_few: bool) -> dict[str, str]:  # noqa: FBT001
    """Return new folders by digits: one for all where there is little to be put there."""
    if is_few:
        return dict.fromkeys(_FOLDERS, new_folder())
    return {digit: new_folder() for digit in _FOLDERS}
