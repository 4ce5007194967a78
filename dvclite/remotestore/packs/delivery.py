"""Handing out what a request brought: verified, to those who want it."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import attrgetter

from dvclite.errors import BlobCorruptError, PackDamagedError
from dvclite.files.copying import OnBytes
from dvclite.hashing import Algorithm
from dvclite.pack.coding import verified
from dvclite.pack.layout import PackEntry
from dvclite.remotestore.named import Named
from dvclite.remotestore.packs.arrivals import Arrivals
from dvclite.remotestore.packs.assembling import Assembly
from dvclite.remotestore.packs.gauge import Gauge
from dvclite.remotestore.packs.locating import Target
from dvclite.remotestore.packs.plan import Errand, Want

Read = Callable[[int, int], bytes | memoryview]
"""Returns bytes of a pack, good until others are asked for: from where on, and how many.

Raises:
    PackDamagedError: It ends before that.
"""


class Delivery:
    """The bytes of one errand, on their way to where they belong. For one thread."""

    def __init__(
        self,
        errand: Errand[Target],
        read: Read,
        arrivals: Arrivals,
        algorithm: Algorithm,
        where: str,
    ) -> None:
        """Bring what `read` returns to `arrivals`; `where` tells in messages where it is from."""
        self._errand = errand
        self._read = read
        self._arrivals = arrivals
        self._algorithm = algorithm
        self._where = where
        self._last: tuple[PackEntry, bytes | memoryview] | None = None

    def hand_out(
        self, refuse: Callable[[Want[Target]], object], moved: OnBytes, gauge: Gauge | None = None
    ) -> None:
        """Hand all out.

        Args:
            refuse: Is told of what is damaged.
            moved: Is called with 0 now and then, and may raise to interrupt.
            gauge: Has told of all of it already.

        Raises:
            OSError: The local disk is full or failing.
            PackError, RemoteError: As from `read`.
        """
        for target, wants in groupby(self._wants(moved, gauge), key=attrgetter("target")):
            if isinstance(target, Assembly):
                self._fill(target, wants, refuse)
            else:
                self._take(wants, refuse)

    def _wants(self, moved: OnBytes, gauge: Gauge | None) -> Iterator[Want[Target]]:
        """Yield what is wanted; it is done with when the next is asked for."""
        for want in self._errand.wants:
            moved(0)
            if gauge is not None:
                gauge.take_back(want.entry.size)
            yield want
            self._errand.done += 1

    def _take(
        self, wants: Iterable[Want[Target]], refuse: Callable[[Want[Target]], object]
    ) -> None:
        for want in wants:
            assert isinstance(want.target, Named), "large blobs are put together"
            try:
                # It is verified by the door that it comes in at.
                content = bytes(self._content(want, trusted=True))
                self._arrivals.take(want.target, content, self._where)
            except (PackDamagedError, BlobCorruptError):
                refuse(want)

    def _fill(
        self,
        assembly: Assembly,
        wants: Iterable[Want[Target]],
        refuse: Callable[[Want[Target]], object],
    ) -> None:
        written = 0
        try:
            with assembly.open():
                for want in wants:
                    try:
                        content = self._content(want)
                    except PackDamagedError:
                        refuse(want)
                        continue
                    self._arrivals.write(assembly, content, want.position)
                    written += 1
        finally:
            # With the last of them it gets its name, and nobody may have it open then.
            for _ in range(written):
                self._arrivals.settle(assembly)

    def _content(self, want: Want[Target], *, trusted: bool = False) -> bytes | memoryview:
        entry = want.entry
        if self._last is None or self._last[0] != entry:
            self._last = None
            stored = self._read(entry.offset, entry.stored)
            self._last = (
                entry,
                verified(entry, stored, self._algorithm, trusted=trusted, where=self._where),
            )
        return self._last[1]
