"""Bringing blobs out of packs on a remote."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path

from dvclite.errors import (
    BlobCorruptError,
    BlobMissingError,
    KeyMissingError,
    PackError,
)
from dvclite.files.atomic import discard
from dvclite.files.copying import OnBytes
from dvclite.hashing import Algorithm, Oid
from dvclite.pack.layout import key_of
from dvclite.pack.reader import PackFile
from dvclite.progress import Progress
from dvclite.remote import NearRemote, Remote
from dvclite.remotestore.engine import Outcome, ends_all, run
from dvclite.remotestore.named import Named
from dvclite.remotestore.packs.arrivals import Arrivals, Problem
from dvclite.remotestore.packs.assembling import Assembly
from dvclite.remotestore.packs.budget import Budget
from dvclite.remotestore.packs.delivery import Delivery, Read
from dvclite.remotestore.packs.gauge import Gauge, Share, add_share
from dvclite.remotestore.packs.knowledge import Knowledge
from dvclite.remotestore.packs.limit import Limit
from dvclite.remotestore.packs.locating import Locating, Target
from dvclite.remotestore.packs.plan import LONGEST, Errand, Want, plan
from dvclite.remotestore.packs.remains import EnoughError, Remains, save_remains
from dvclite.remotestore.packs.window import Window

_TOGETHER = 1000
"""How many blobs are looked up at a time."""

_MOST_WANTS = 50_000
"""How many entries are planned at a time."""

_MOST_OPEN = 128
"""How many large blobs are put together at a time: most are complete if a fetch is cut short."""

_MOST_IN_MEMORY = 4 * LONGEST
_MOST_ON_DISK = 512 << 20


@dataclass(frozen=True, slots=True)
class Supply:
    """The packs that a fetch takes blobs out of.

    Attributes:
        remote: Where they lie.
        knowledge: What is known of them.
        algorithm: How blobs are named.
        new_path: Returns a path for a pack that is got as a whole.
        jobs: How many requests may run at once.
    """

    remote: Remote
    knowledge: Knowledge
    algorithm: Algorithm
    new_path: Callable[[], str]
    jobs: int


class Fetching:
    """One fetch."""

    def __init__(
        self, supply: Supply, locating: Locating, arrivals: Arrivals, progress: Progress
    ) -> None:
        """Prepare to bring what `locating` finds from `supply` to `arrivals`."""
        self._supply = supply
        self._knowledge = supply.knowledge
        self._progress = progress
        self._locating = locating
        self._arrivals = arrivals
        self._memory = Budget(_MOST_IN_MEMORY)
        self._disk = Budget(_MOST_ON_DISK)
        self._is_near = isinstance(supply.remote, NearRemote)
        self._refused: list[tuple[Want[Target], Problem]] = []
        self._lock = threading.Lock()

    def fetch(self, blobs: Iterable[Named]) -> Outcome[Named]:
        """Do what `RemoteStore.fetch` says."""
        outcome = self._arrivals.outcome
        wants: list[Want[Target]] = []
        for want in self._wants(blobs):
            wants.append(want)
            if len(wants) >= _MOST_WANTS or len(self._arrivals.open) >= _MOST_OPEN:
                self._bring(wants)
                wants = []
                if outcome.stopped:
                    break
        self._bring(wants)
        self._arrivals.give_up()
        return outcome

    def _wants(self, blobs: Iterable[Named]) -> Iterator[Want[Target]]:
        rest = iter(blobs)
        while group := list(islice(rest, _TOGETHER)):
            yield from self._locating.locate(group, {})

    def _bring(self, wants: list[Want[Target]]) -> None:
        """Bring entries, and what takes the place of those that turn out to be bad."""
        while wants or self._refused or self._arrivals.refuted:
            done = run(
                plan(wants, self._knowledge.packs),
                self._do,
                self._supply.jobs,
                fatal=lambda error: isinstance(error, OSError) or ends_all(error),
                # From afar most of the time goes by elsewhere.
                is_crowded=lambda: self._is_near and self._arrivals.is_busy,
            )
            for errand, error in done.failures:
                for want in errand.wants[errand.done :]:
                    self._fail(want, error)
            if done.stopped:
                self._arrivals.outcome.stopped = True
                return
            wants = list(self._replaced())

    def _do(self, errand: Errand[Target], moved: OnBytes) -> None:
        if errand.is_whole:
            self._do_whole(errand, moved)
            return
        begin = errand.begin
        with self._memory.hold(errand.end - begin, moved):
            data = memoryview(self._knowledge.read(errand.pack, begin, errand.end))
            self._deliver(errand, lambda at, size: data[at - begin :][:size], moved)

    def _do_whole(self, errand: Errand[Target], moved: OnBytes) -> None:
        pack, remote = errand.pack, self._supply.remote
        size = self._knowledge.packs[pack]
        if isinstance(remote, NearRemote):
            with remote.reading(key_of(pack)) as read:
                self._deliver(errand, Window(read, pack, size).read, moved)
            return
        with self._disk.hold(size, moved):
            path = self._supply.new_path()
            gauge = _gauge(self._progress, errand, size)
            try:
                count = Limit(pack, size, gauge, moved).count
                try:
                    remote.get(key_of(pack), Path(path), moved=count)
                except BaseException:
                    gauge.take_back()
                    self._deliver_part(errand, path)
                    raise
                with PackFile(path, pack) as file:
                    self._deliver(errand, Window(file.read_into, pack, size).read, moved, gauge)
            finally:
                gauge.take_back()
                discard(path)

    def _deliver_part(self, errand: Errand[Target], path: str) -> None:
        """Hand out what had come of a pack when it was broken off."""

        def refuse(_want: Want[Target]) -> None:
            raise EnoughError

        def hand_out(found: Remains) -> None:
            came = list(takewhile(lambda want: want.entry.end <= found.size, errand.wants))
            part = Errand(errand.pack, came, is_whole=False)
            where, algorithm = self._knowledge.where(errand.pack), self._supply.algorithm
            try:
                Delivery(part, found.read, self._arrivals, algorithm, where).hand_out(
                    refuse, found.look
                )
            finally:
                errand.done = part.done

        save_remains(path, errand.pack, hand_out)

    def _deliver(
        self, errand: Errand[Target], read: Read, moved: OnBytes, gauge: Gauge | None = None
    ) -> None:
        """Hand out what an errand brought, of which `gauge` has told already."""
        where = self._knowledge.where(errand.pack)
        delivery = Delivery(errand, read, self._arrivals, self._supply.algorithm, where)

        def refuse(want: Want[Target]) -> None:
            self._refuse(want, BlobCorruptError(_oid_of(want), where))

        delivery.hand_out(refuse, moved, gauge)

    def _fail(self, want: Want[Target], error: Problem) -> None:
        """Take note of what was not brought: for good, or to be looked for elsewhere."""
        where = self._knowledge.where(want.pack)
        if isinstance(error, PackError):
            self._refuse(want, BlobCorruptError(_oid_of(want), where))
        elif isinstance(error, KeyMissingError):
            self._refuse(want, BlobMissingError([_blob_of(want).path], tried=[where]))
        elif isinstance(want.target, Assembly):
            self._arrivals.settle(want.target, error)
        else:
            self._arrivals.fail(want.target, error)

    def _refuse(self, want: Want[Target], error: Problem) -> None:
        with self._lock:
            self._refused.append((want, error))

    def _replaced(self) -> Iterator[Want[Target]]:
        """Yield what to bring in place of what was bad; what has nothing in its place has failed."""
        refused, self._refused = self._refused, []
        refuted, self._arrivals.refuted = self._arrivals.refuted, []
        blobs: dict[Oid, Named] = {}
        errors: dict[Oid, Problem] = {}
        for want, _error in refused:
            self._knowledge.bodies.doubt(want.pack)
            self._locating.refuse(want.pack, want.entry)
        for want, error in refused:
            if isinstance(want.target, Assembly):
                other = self._locating.another(want)
                if other is None:
                    self._arrivals.settle(want.target, error)
                else:
                    yield other
            else:
                blobs[want.target.ref.oid] = want.target
                errors[want.target.ref.oid] = error
        for assembly, problem in refuted:
            self._locating.refuse_recipe(*assembly.recipe)
            blobs[assembly.blob.ref.oid] = assembly.blob
            errors[assembly.blob.ref.oid] = problem
        yield from self._locating.locate(list(blobs.values()), errors)


def _gauge(progress: Progress, errand: Errand[Target], size: int) -> Gauge:
    """Return what tells of the content that is wanted of a pack of `size` bytes."""
    content, shares = 0, list[Share]()
    for want in errand.wants:
        begin, content = content, content + want.entry.size
        if isinstance(want.target, Assembly):
            add_share(shares, want.target.transfer, begin, content)
    return Gauge(progress, content, size, shares)


def _blob_of(want: Want[Target]) -> Named:
    return want.target.blob if isinstance(want.target, Assembly) else want.target


def _oid_of(want: Want[Target]) -> Oid:
    return _blob_of(want).ref.oid
