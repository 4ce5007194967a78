"""Blobs that are fetched for the cache, and at the same time for the workspace."""

from dvclite.cache.verifying import Verification
from dvclite.cache.writer import Writer
from dvclite.files.twins import Twin, Twins
from dvclite.hashing import BlobRef, Hasher, Hashers, Sink
from dvclite.remotestore.named import Named


class Doubling:
    """The door for blobs into the cache, beside which twins of them are written."""

    def __init__(self, writer: Writer, twins: Twins | None) -> None:
        """Bring blobs in by `writer`."""
        self._writer = writer
        self._twins = twins

    def hasher(self, blob: Named) -> Hasher:
        """Return what is to be given all bytes of a blob while it arrives, for `adopt`."""
        verification = self._writer.verification(blob.ref)
        twin = self._twins.begin(blob.path) if self._twins is not None else None
        return verification if twin is None else _Doubled(verification, twin)

    def adopt(self, partial: str, ref: BlobRef, source: str, given: Hasher | None) -> None:
        """Bring a blob in as `ForeignDoor.adopt` does, and its twin to where it is wanted."""
        if self._twins is None or not isinstance(given, _Doubled):
            self._writer.adopt(partial, ref, source, given)
            return
        try:
            self._writer.adopt(partial, ref, source, given.verification)
        except BaseException:
            self._twins.discard(given.twin)
            raise
        self._twins.keep(given.twin, ref.oid, ref.size)


class _Doubled(Hashers):
    """A blob that is verified and has a twin: all bytes go to both."""

    def __init__(self, verification: Verification, twin: Twin) -> None:
        super().__init__(*verification.hashers)
        self.verification = verification
        self.twin = twin

    @property
    def sinks(self) -> tuple[Sink, ...]:
        return *self.hashers, self.twin
