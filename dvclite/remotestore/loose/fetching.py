"""Bringing blobs from a remote that has a key for each."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from dvclite.errors import (
    BlobCorruptError,
    BlobMissingError,
    DvcliteError,
    KeyMissingError,
)
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.copying import OnBytes
from dvclite.formats.format import Format
from dvclite.hashing import BlobRef, Oid
from dvclite.progress import UNWATCHED, Progress, Transfer, begin_transfer
from dvclite.remote import Remote
from dvclite.remotestore.engine import Failure, Outcome, ends_all, run
from dvclite.remotestore.loose.arriving import Arriving
from dvclite.remotestore.loose.handing import Handing
from dvclite.remotestore.named import Named
from dvclite.remotestore.store import Landing

_LARGE = 32 << 20
"""From how many bytes on a blob comes in pieces, several at once."""

_SMALL = 64 << 10
"""Up to how many bytes a blob that is near needs no file before it is known to be right."""

_SMALLEST, _FIRST, _LONGEST = 1 << 20, 4 << 20, 16 << 20
_MOST_AT_ONCE = 4
"""How many pieces are in memory at the same time."""

_QUICK, _SLOW = 0.5, 2.0
_NAP = 0.2


class _Piece(NamedTuple):
    """A part of a large blob."""

    large: Arriving
    begin: int
    size: int


class _LargeError(Exception):
    """Ends an attempt to bring as a whole what turned out to be large."""


class Fetching:
    """One fetch."""

    def __init__(
        self, remote: Remote, format: Format, landing: Landing, progress: Progress
    ) -> None:
        """Prepare to bring blobs from `remote` to `landing`."""
        self._remote = remote
        self._format = format
        self._landing = landing
        self._progress = progress
        self._handing = Handing(remote, format, landing)
        self._is_far = self._handing.is_far
        self._outcome: Outcome[Named] = Outcome()
        self._room = threading.Semaphore(_MOST_AT_ONCE)
        # What lies near is read before it has left the processor's cache.
        self._piece = _FIRST if self._is_far else _SMALLEST
        self._is_full = False
        self._is_broken = False
        self._open: set[Arriving] = set()
        self._found_large: list[Named] = []
        self._begun_at: dict[Oid, str] = {}
        self._door = threading.Lock()
        self._lock = threading.Lock()

    def fetch(self, blobs: Iterable[Named], jobs: int) -> Outcome[Named]:
        """Do what `RemoteStore.fetch` says, with up to `jobs` requests at once."""
        self._run(blobs, jobs)
        if self._found_large and not self._outcome.stopped:
            self._run(self._found_large, jobs)
        return self._outcome

    def _run(self, blobs: Iterable[Named], jobs: int) -> None:
        try:
            done = run(
                self._errands(blobs),
                self._do,
                jobs,
                fatal=lambda error: isinstance(error, OSError) or ends_all(error),
                is_crowded=lambda: self._is_full or self._door.locked(),
                begin=self._begin,
            )
        finally:
            for large in list(self._open):
                large.end()
                large.transfer.finish()
        self._outcome.stopped = done.stopped

    def _errands(self, blobs: Iterable[Named]) -> Iterator[Named | _Piece]:
        for blob in blobs:
            if blob.ref.size > _LARGE and not self._handing.shares(blob):
                yield from self._pieces(blob)
            else:
                yield blob

    def _begin(self, errand: Named | _Piece) -> Transfer:
        """Begin the transfer of a blob that comes as a whole: the pieces of others share theirs."""
        if isinstance(errand, _Piece):
            return UNWATCHED
        return begin_transfer(self._progress, errand.path, errand.ref.size)

    def _pieces(self, blob: Named) -> Iterator[_Piece]:
        hasher = self._landing.hasher(blob)
        path = self._begun_at.pop(blob.ref.oid, None) or self._landing.partial(blob.ref.oid)
        large = Arriving(blob, path, hasher, self._release)
        large.transfer = begin_transfer(self._progress, blob.path, blob.ref.size)
        self._open.add(large)
        begin = large.begin
        self._progress.advance(size=begin)
        large.transfer.advance(begin)
        while self._has_room():
            if large.is_over:
                self._release(1)
                return
            size = min(self._piece, blob.ref.size - begin)
            yield _Piece(large, begin, size)
            begin += size
            if begin == blob.ref.size:
                return

    def _has_room(self) -> bool:
        """Wait until there is room for another piece; return false if none will come any more."""
        # Of those that are on their way one is always the next to be written.
        self._is_full = not self._room.acquire(blocking=False)
        while self._is_full:
            if self._is_broken:
                return False
            self._is_full = not self._room.acquire(timeout=_NAP)
        return True

    def _do(self, errand: Named | _Piece, moved: OnBytes) -> None:
        if isinstance(errand, _Piece):
            self._bring(errand, moved)
            return
        told = 0

        def count(size: int) -> None:
            nonlocal told
            moved(size)
            told += size
            self._progress.advance(size=size)

        try:
            if self._is_far or not self._take(errand, count):
                self._get(errand, count)
        except _LargeError:
            self._progress.advance(size=-told)
            return
        except (DvcliteError, OSError) as error:
            self._fail(errand, error, told)
            raise
        self._succeed(told)

    def _bring(self, piece: _Piece, moved: OnBytes) -> None:
        large = piece.large
        is_taken = False
        try:
            data = self._read(piece, moved)
            is_taken = True
            large.take(data, piece.begin)
        except BaseException as error:
            self._is_broken |= not isinstance(error, DvcliteError)
            if not is_taken:
                self._release(1)
            if self._end(large) and isinstance(error, DvcliteError | OSError):
                self._landing.forsake(large.hasher)
                if isinstance(error, BlobCorruptError):
                    large.discard()
                self._fail(large.blob, error, large.told)
            raise
        self._progress.advance(size=len(data))
        large.transfer.advance(len(data))
        if large.is_complete and self._end(large):
            self._finish(large, moved)

    def _read(self, piece: _Piece, moved: OnBytes) -> bytes:
        blob = piece.large.blob
        moved(0)
        if not piece.size:
            return b""
        began = time.monotonic()
        try:
            data = self._remote.read(self._format.loose_key(blob.ref.oid), piece.begin, piece.size)
        except KeyMissingError:
            raise BlobMissingError([blob.path], tried=[self._remote.url]) from None
        moved(0)
        if len(data) != piece.size:
            raise BlobCorruptError(blob.ref.oid, self._remote.url)
        self._adapt(time.monotonic() - began)
        return data

    def _adapt(self, seconds: float) -> None:
        """Ask for so much at once that little is lost when the line breaks."""
        if not self._is_far:
            return
        if seconds < _QUICK:
            self._piece = min(_LONGEST, self._piece * 2)
        elif seconds > _SLOW:
            self._piece = max(_SMALLEST, self._piece // 2)

    def _finish(self, large: Arriving, moved: OnBytes) -> None:
        """Take a blob in, all of which is there."""
        blob = large.blob
        try:
            self._landing.adopt(large.path, blob.ref, self._remote.url, large.hasher)
        except BlobCorruptError as error:
            if not large.begin:
                self._fail(blob, error, large.told)
                raise
            # What an earlier attempt left was something else.
            self._progress.advance(size=-large.told)
            self._do(blob, moved)
        except OSError as error:
            self._fail(blob, error, large.told)
            raise
        else:
            self._succeed(blob.ref.size)

    def _end(self, large: Arriving) -> bool:
        """Await no more of a blob; say whether that is news."""
        is_news = large.end()
        self._open.discard(large)
        large.transfer.finish()
        return is_news

    def _release(self, count: int) -> None:
        if count:
            self._room.release(count)

    def _take(self, blob: Named, moved: OnBytes) -> bool:
        """Bring a blob by way of memory; return whether it was small enough."""
        if blob.ref.size > _SMALL:
            return False
        moved(0)
        try:
            data = self._remote.read(self._format.loose_key(blob.ref.oid), 0, _SMALL + 1)
        except KeyMissingError:
            raise BlobMissingError([blob.path], tried=[self._remote.url]) from None
        if len(data) > _SMALL:
            return False
        moved(len(data))
        with self._door:
            self._landing.take(blob.ref, data, self._remote.url)
        return True

    def _get(self, blob: Named, moved: OnBytes) -> None:
        ref, key = blob.ref, self._format.loose_key(blob.ref.oid)
        if ref.size < 0:
            self._leave_if_large(blob)
        came = 0

        def count(size: int) -> None:
            nonlocal came
            came += size
            if 0 <= ref.size < came:
                raise BlobCorruptError(ref.oid, self._remote.url)
            if ref.size < 0 and came > _LARGE and self._is_far:
                raise _LargeError
            moved(size)

        partial = self._landing.new_path()
        try:
            self._remote.get(key, Path(partial), moved=count)
        except KeyMissingError:
            raise BlobMissingError([blob.path], tried=[self._remote.url]) from None
        except _LargeError:
            self._go_on_in_pieces(blob, partial)
            raise
        except BaseException:
            discard(partial)
            raise
        self._landing.adopt(partial, ref, self._remote.url, None)

    def _leave_if_large(self, blob: Named) -> None:
        """Leave a blob for later whose size nobody told, if it is large, as far as that is known.

        Where it costs a request to ask, what an earlier attempt left tells, or nothing does.

        Raises:
            _LargeError: It is.
        """
        if self._is_far and not self._landing.has_partial(blob.ref.oid):
            return
        sized = self._sized(blob)
        if sized.ref.size > _LARGE and not self._handing.shares(sized):
            self._found_large.append(sized)
            raise _LargeError

    def _go_on_in_pieces(self, blob: Named, begun: str) -> None:
        """Leave a blob for later that turned out to be large, of which a part is in a file."""
        try:
            sized = self._sized(blob)
            path = self._landing.partial(blob.ref.oid)
            # A remote may leave nothing of what it was kept from finishing.
            with suppress(FileNotFoundError):
                changes.rename(begun, path)
        except BaseException:
            discard(begun)
            raise
        self._begun_at[blob.ref.oid] = path
        self._found_large.append(sized)

    def _sized(self, blob: Named) -> Named:
        """Return a blob with its size on the remote.

        Raises:
            BlobMissingError: It is not there.
        """
        size = self._remote.stat(self._format.loose_key(blob.ref.oid))
        if size is None:
            raise BlobMissingError([blob.path], tried=[self._remote.url])
        return Named(blob.path, BlobRef(blob.ref.oid, size))

    def _succeed(self, size: int) -> None:
        with self._lock:
            self._outcome.done += 1
            self._outcome.size += size
        self._progress.advance(files=1)

    def _fail(self, blob: Named, error: DvcliteError | OSError, told: int) -> None:
        with self._lock:
            self._outcome.failures.append(Failure(blob, error))
        self._progress.advance(size=-told)
