"""What arrived of what is fetched, and what did not."""

import threading

from dvclite.errors import BlobCorruptError, BlobMissingError, DvcliteError, RecipeError
from dvclite.hashing import BlobRef
from dvclite.progress import Progress, begin_transfer
from dvclite.remotestore.engine import Failure, Outcome
from dvclite.remotestore.named import Named
from dvclite.remotestore.packs.assembling import Assembly
from dvclite.remotestore.store import Landing

Problem = DvcliteError | OSError


class Arrivals:
    """Takes blobs and chunks in as they come, and keeps account. Safe from many threads.

    Attributes:
        outcome: What came of it so far.
        open: Large blobs that are being put together.
        refuted: Large blobs whose recipes did not make them, with what is wrong.
    """

    def __init__(self, landing: Landing, source: str, progress: Progress) -> None:
        """Bring what arrives to `landing`.

        Args:
            landing: The door into the cache.
            source: Where it comes from, for messages.
            progress: Is told of files and bytes.
        """
        self.outcome: Outcome[Named] = Outcome()
        self.open: set[Assembly] = set()
        self.refuted: list[tuple[Assembly, BlobCorruptError | BlobMissingError | RecipeError]] = []
        self._landing = landing
        self._source = source
        self._progress = progress
        self._writers = 0
        self._lock = threading.Lock()

    @property
    def is_busy(self) -> bool:
        """Whether some chunk is being written, or hashed with its blob: others may wait for that."""
        return self._writers > 0

    def take(self, blob: Named, data: bytes, source: str) -> None:
        """Take a small blob in.

        Raises:
            BlobCorruptError: It is not what it should be.
            OSError: The disk is full or failing.
        """
        self._landing.take(blob.ref, data, source)
        self._count(len(data))
        self._progress.advance(files=1, size=len(data))

    def begin(self, assembly: Assembly) -> None:
        """Take note of a large blob that is going to be put together."""
        assembly.transfer = begin_transfer(self._progress, assembly.blob.path, assembly.size)
        with self._lock:
            self.open.add(assembly)

    def write(self, assembly: Assembly, data: bytes | memoryview, position: int) -> None:
        """Take a chunk in.

        Raises:
            OSError: The disk is full or failing.
        """
        with self._lock:
            self._writers += 1
        try:
            assembly.write(data, position)
        finally:
            with self._lock:
                self._writers -= 1
        self.tell(assembly, len(data))

    def tell(self, assembly: Assembly, size: int) -> None:
        """Take note of bytes of a large blob that are in their place."""
        with self._lock:
            assembly.told += size
        assembly.transfer.advance(size)
        self._progress.advance(size=size)

    def settle(self, assembly: Assembly, error: Problem | None = None) -> None:
        """Take note that a chunk is in its place or will never be; take in what is complete.

        Raises:
            OSError: The disk is full or failing.
        """
        if not assembly.settle(error):
            return
        with self._lock:
            self.open.discard(assembly)
        assembly.transfer.finish()
        if assembly.error is not None:
            self._landing.forsake(assembly.given)
        failure = assembly.error or self._adopt(assembly)
        if failure is None:
            self._count(assembly.size)
            self._progress.advance(files=1)
            return
        self._progress.advance(size=-assembly.told)
        if isinstance(failure, BlobCorruptError | BlobMissingError | RecipeError):
            with self._lock:
                self.refuted.append((assembly, failure))
        else:
            self.fail(assembly.blob, failure)

    def _adopt(self, assembly: Assembly) -> Problem | None:
        try:
            ref = BlobRef(assembly.blob.ref.oid, assembly.size)
            self._landing.adopt(assembly.path, ref, self._source, assembly.hasher())
        except (BlobCorruptError, OSError) as error:
            return error
        return None

    def give_up(self) -> None:
        """Let go of the large blobs that are not complete, of which nothing more will come."""
        for assembly in self.open:
            assembly.close()
            assembly.transfer.finish()
            self._progress.advance(size=-assembly.told)
            if assembly.error is not None:
                self.fail(assembly.blob, assembly.error)
        self.open.clear()

    def fail(self, blob: Named, error: Problem) -> None:
        """Take note of a blob that did not arrive."""
        with self._lock:
            self.outcome.failures.append(Failure(blob, error))

    def _count(self, size: int) -> None:
        with self._lock:
            self.outcome.done += 1
            self.outcome.size += size
