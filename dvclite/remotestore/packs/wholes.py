"""Bringing packs of which nearly everything is wanted: as they are, without taking them apart."""

import threading
from collections.abc import Iterator
from itertools import islice, takewhile
from pathlib import Path

from dvclite.errors import DvcliteError, PackError
from dvclite.files.atomic import discard
from dvclite.files.copying import OnBytes
from dvclite.hashing import BlobRef
from dvclite.pack.coding import verified
from dvclite.pack.layout import Kind, digest_of, key_of, oid_of
from dvclite.progress import Progress
from dvclite.remote import Remote
from dvclite.remotestore.engine import Outcome, ends_all, run
from dvclite.remotestore.named import Named
from dvclite.remotestore.packs.budget import Budget
from dvclite.remotestore.packs.gauge import Gauge
from dvclite.remotestore.packs.knowledge import Knowledge
from dvclite.remotestore.packs.limit import Limit
from dvclite.remotestore.packs.remains import EnoughError, Remains, save_remains
from dvclite.remotestore.sizes import Sizes
from dvclite.remotestore.store import Landing

_FEWEST = 1000
"""Fewer blobs are brought one by one without delay."""

_ASKED = 500
"""How many of the blobs are looked up, any of them, to find the packs they lie in."""

_ALMOST_ALL = 0.9
"""The part of a pack's entries from which on it is worth having as it is."""

_MOST_ON_DISK = 512 << 20


class Wholes:
    """Fetches packs as they are."""

    def __init__(
        self, remote: Remote, knowledge: Knowledge, landing: Landing, progress: Progress
    ) -> None:
        """Bring packs to `landing`, and tell `progress` of the blobs in them."""
        self._remote = remote
        self._knowledge = knowledge
        self._landing = landing
        self._progress = progress
        self._disk = Budget(_MOST_ON_DISK)
        self._outcome: Outcome[Named] = Outcome()
        self._lacking = Sizes()
        self._lock = threading.Lock()

    def fetch(self, lacking: Sizes, jobs: int) -> Outcome[Named]:
        """Bring packs, and take the blobs that came with them out of `lacking`.

        What goes wrong with a pack is not told: what it holds is lacking still, and whoever brings
        it one by one will meet that again, and look elsewhere.

        Args:
            lacking: What is wanted.
            jobs: How many requests may run at once.

        Returns:
            How many of the blobs were brought.
        """
        outcome, self._lacking = self._outcome, lacking
        if len(lacking) < _FEWEST:
            return outcome

        def bring(pack: str, moved: OnBytes) -> None:
            content = self._worth(pack, lacking)
            if content is not None and self._is_brought(pack, content, moved):
                with self._lock:
                    files = lacking.discard(digest for _size, digest in self._wanted(pack, lacking))
                self._count(files, content)

        outcome.stopped = run(self._likely(lacking), bring, jobs, fatal=_is_fatal).stopped
        return outcome

    def _likely(self, lacking: Sizes) -> list[str]:
        """Return the packs in which some of the blobs are."""
        digests = [digest_of(oid) for oid in islice(lacking, _ASKED)]
        return sorted({place.pack for place in self._knowledge.find(Kind.BLOB, digests)})

    def _worth(self, pack: str, lacking: Sizes) -> int | None:
        """Return how many bytes of content are wanted of a pack that is worth having as it is."""
        entries = self._knowledge.entries(pack)
        if not entries or entries.kinds != {Kind.BLOB}:
            return None
        with self._lock:
            sizes = [size for size, _digest in self._wanted(pack, lacking)]
        return sum(sizes) if len(sizes) >= _ALMOST_ALL * len(entries) else None

    def _wanted(self, pack: str, lacking: Sizes) -> Iterator[tuple[int, bytes]]:
        """Yield sizes and digests of what is wanted of a pack; one may be taken out after another.

        To be asked under the lock: other threads take from `lacking`.
        """
        entries = self._knowledge.entries(pack)
        if entries:
            yield from lacking.matching(entries.sizes_and_digests())

    def _is_brought(self, pack: str, content: int, moved: OnBytes) -> bool:
        size = self._knowledge.packs[pack]
        with self._disk.hold(size, moved):
            path = self._landing.new_path()
            gauge = Gauge(self._progress, content, size)
            is_taken = False
            try:
                count = Limit(pack, size, gauge, moved).count
                try:
                    self._remote.get(key_of(pack), Path(path), moved=count)
                except BaseException:
                    gauge.take_back()
                    self._take_part(pack, path)
                    raise
                is_taken = self._landing.adopt_pack(path, pack)
            except PackError:
                pass  # Taken apart, it will show what is wrong with it.
            finally:
                gauge.take_back()
                if not is_taken:
                    discard(path)
            return is_taken

    def _take_part(self, pack: str, path: str) -> None:
        """Take in blobs that had come when a pack was broken off."""
        entries, where = self._knowledge.entries(pack), self._knowledge.where(pack)
        if not entries:
            return

        def take(found: Remains) -> None:
            for entry in takewhile(lambda entry: entry.end <= found.size, entries):
                found.look(0)
                stored = found.read(entry.offset, entry.stored)
                # It is verified by the door that it comes in at.
                data = bytes(verified(entry, stored, entries.algorithm, trusted=True, where=where))
                with self._lock:
                    is_wanted = bool(self._lacking.discard([entry.digest]))
                if is_wanted:
                    self._take(BlobRef(oid_of(entry), entry.size), data, where)

        save_remains(path, pack, take)

    def _take(self, ref: BlobRef, data: bytes, where: str) -> None:
        try:
            self._landing.take(ref, data, where)
        except (DvcliteError, OSError) as error:
            with self._lock:
                self._lacking[ref.oid] = ref.size
            raise EnoughError from error
        self._count(1, ref.size)

    def _count(self, files: int, content: int) -> None:
        with self._lock:
            self._outcome.done += files
            self._outcome.size += content
        self._progress.advance(files=files, size=content)


def _is_fatal(error: Exception) -> bool:
    return isinstance(error, OSError) or ends_all(error)
