"""Bringing packs of which nearly everything is wanted: as they are, without taking them apart."""

import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from dvclite.errors import PackError
from dvclite.files.atomic import discard
from dvclite.files.copying import OnBytes
from dvclite.pack.layout import Kind, digest_of, key_of
from dvclite.progress import Progress
from dvclite.remote import Remote
from dvclite.remotestore.engine import Outcome, ends_all, run
from dvclite.remotestore.named import Named
from dvclite.remotestore.packs.budget import Budget
from dvclite.remotestore.packs.gauge import Gauge
from dvclite.remotestore.packs.knowledge import Knowledge
from dvclite.remotestore.packs.limit import Limit
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
        outcome: Outcome[Named] = Outcome()
        if len(lacking) < _FEWEST:
            return outcome

        def bring(pack: str, moved: OnBytes) -> None:
            content = self._worth(pack, lacking)
            if content is not None and self._is_brought(pack, content, moved):
                with self._lock:
                    files = lacking.discard(digest for _size, digest in self._wanted(pack, lacking))
                    outcome.done += files
                    outcome.size += content
                self._progress.advance(files=files, size=content)

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
        """Yield sizes and digests of what is wanted of a pack; one may be taken out after another."""
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
                self._remote.get(key_of(pack), Path(path), moved=count)
                is_taken = self._landing.adopt_pack(path, pack)
            except PackError:
                pass  # Taken apart, it will show what is wrong with it.
            finally:
                gauge.take_back()
                if not is_taken:
                    discard(path)
            return is_taken


def _is_fatal(error: Exception) -> bool:
    return isinstance(error, OSError) or ends_all(error)
