"""Blobs that are fetched for the cache, and at the same time for the workspace."""

from dvclite.cache.verifying import Verification
from dvclite.cache.writer import Writer
from dvclite.files.closing import Closing
from dvclite.files.twins import Twin, Twins
from dvclite.hashing import BlobRef, Hasher, Hashers, Sink, is_tree
from dvclite.remotestore.named import Named


class Doubling(Closing):
    """The door for blobs into the cache, beside which twins of them are written."""

    def __init__(self, writer: Writer, twins: Twins) -> None:
        """Bring blobs in by `writer`."""
        self._writer = writer
        self._twins = twins
        self._begun: set[Twin] = set()

    def hasher(self, blob: Named) -> Hasher:
        """Return what is to be given all bytes of a blob while it arrives, for `adopt`."""
        verification = self._writer.verification(blob.ref)
        if is_tree(blob.ref.oid):
            return verification
        twin = self._twins.begin(blob.path, blob.ref.size)
        if twin is None:
            return verification
        self._begun.add(twin)
        return _Doubled(verification, twin)

    def adopt(self, partial: str, ref: BlobRef, source: str, given: Hasher | None) -> None:
        """Bring a blob in as `ForeignDoor.adopt` does, and its twin to where it is wanted."""
        if not isinstance(given, _Doubled):
            self._writer.adopt(partial, ref, source, given)
            return
        try:
            self._writer.adopt(partial, ref, source, given.verification)
        except BaseException:
            self.forsake(given)
            raise
        self._begun.discard(given.twin)
        if given.verification.was_given_all:
            self._twins.keep(given.twin, ref.oid, ref.size)
        else:
            self._twins.discard(given.twin)

    def forsake(self, given: Hasher) -> None:
        """Give up the twin of a blob that will not arrive.

        Args:
            given: From `hasher`.
        """
        if isinstance(given, _Doubled):
            self._begun.discard(given.twin)
            self._twins.discard(given.twin)

    def close(self) -> None:
        """Give up the twins of what did not arrive."""
        for twin in list(self._begun):
            self._twins.discard(twin)


class _Doubled(Hashers):
    """A blob that is verified and has a twin: all bytes go to both."""

    def __init__(self, verification: Verification, twin: Twin) -> None:
        super().__init__(*verification.hashers)
        self.verification = verification
        self.twin = twin

    @property
    def sinks(self) -> tuple[Sink, ...]:
        return *self.hashers, self.twin
