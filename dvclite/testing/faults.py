"""A remote that misbehaves as it is told to, and counts what is asked of it."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

from dvclite.errors import KeyMissingError, RemoteError, RemoteUnavailableError
from dvclite.files.atomic import PARTIAL_PREFIX, discard
from dvclite.remote import OnBytes, Remote, RemoteEntry, ignore_bytes
from dvclite.testing.files import write_file

_PAGE = 1000
"""So many keys are listed or deleted in one call, as buckets have it."""


class Kind(StrEnum):
    """What goes wrong with a call.

    FAIL: nothing happens and an error is raised. BREAK: an error is raised half way. LOSE: all
    happens, then an error is raised, as if the answer was lost. STALL: it takes long. LIE: nothing
    happens and all seems well; what is there seems absent. TRUNCATE: only the first half happens
    and all seems well. CORRUPT: one bit is another one and all seems well.
    """

    FAIL = "fail"
    BREAK = "break"
    LOSE = "lose"
    STALL = "stall"
    LIE = "lie"
    TRUNCATE = "truncate"
    CORRUPT = "corrupt"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: What.
        method: With which method's calls; `*` for all.
        key: With which keys, as a shell pattern. A listing's key is its prefix, a deletion's the
            first of its page.
        skip: How many such calls go well before.
        times: How many then go wrong; None for all.
        error: What is raised, where something is.
        seconds: How long a stall takes.
    """

    kind: Kind
    method: str = "*"
    key: str = "*"
    skip: int = 0
    times: int | None = None
    error: type[RemoteError] = RemoteUnavailableError
    seconds: float = 0.0

    def matches(self, method: str, key: str) -> bool:
        """Say whether this is about such a call."""
        return self.method in {"*", method} and fnmatchcase(key, self.key)

    def strikes(self, count: int) -> bool:
        """Say whether the call of such calls that comes as number `count` goes wrong."""
        return count > self.skip and (self.times is None or count <= self.skip + self.times)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a remote misbehaves.

    Attributes:
        faults: What goes wrong; of several that fit a call, the first does.
        latency: Seconds that every call takes longer.
        bandwidth: Bytes a second that each call moves at most; None for no limit.
    """

    faults: tuple[Fault, ...] = ()
    latency: float = 0.0
    bandwidth: float | None = None


@dataclass(frozen=True, slots=True)
class Traffic:
    """What was asked of a remote so far.

    Attributes:
        calls: How many calls, by method; a listing and a deletion are one for each thousand keys.
        sent: How many bytes were to be put.
        received: How many bytes were got or read.
        at_once: The most calls that ran at the same time.
    """

    calls: Mapping[str, int]
    sent: int
    received: int
    at_once: int

    @property
    def requests(self) -> int:
        """How many calls in all."""
        return sum(self.calls.values())


class FaultyRemote:
    """Another remote, seen through a line that is slow, unreliable or dishonest."""

    def __init__(self, remote: Remote, plan: Plan | None = None) -> None:
        """Pass calls on to `remote` according to `plan`; without one, only count them."""
        self.url = remote.url
        self.plan = plan or Plan()
        self._remote = remote
        self._lock = threading.Lock()
        self._matched: Counter[Fault] = Counter()
        self._calls: Counter[str] = Counter()
        self._sent = self._received = self._running = self._at_once = 0

    @property
    def traffic(self) -> Traffic:
        """What was asked so far."""
        with self._lock:
            return Traffic(dict(self._calls), self._sent, self._received, self._at_once)

    def forget_traffic(self) -> None:
        """Begin to count anew; the plan goes on."""
        with self._lock:
            self._calls.clear()
            self._sent = self._received = self._at_once = 0

    def stat(self, key: str) -> int | None:
        """Return the size of what `key` holds, or so."""
        with self._call("stat", key) as kind:
            size = self._remote.stat(key)
        if size is None or kind is Kind.LIE:
            return None
        if kind is Kind.TRUNCATE:
            return size // 2
        return size ^ 1 if kind is Kind.CORRUPT else size

    def list(self, prefix: str) -> Iterator[RemoteEntry]:
        """Yield every key that begins with `prefix`, or so."""
        entries = self._remote.list(prefix)
        while True:
            page, error = self._page(entries, prefix)
            yield from page
            if error is not None:
                raise error
            if len(page) < _PAGE:
                return

    def put(
        self, key: str, source: Path, *, if_absent: bool = False, moved: OnBytes = ignore_bytes
    ) -> None:
        """Store the content of `source` under `key`, or so."""
        size = source.stat().st_size
        with self._call("put", key) as kind:
            self._move(sent=size)
            if kind in {Kind.BREAK, Kind.LIE}:
                moved(size // 2 if kind is Kind.BREAK else size)
            elif kind in {Kind.TRUNCATE, Kind.CORRUPT}:
                damaged = source.with_name(PARTIAL_PREFIX + secrets.token_hex(8))
                try:
                    write_file(damaged, _damaged(source.read_bytes(), kind))
                    self._remote.put(key, damaged, if_absent=if_absent)
                finally:
                    discard(str(damaged))
                moved(size)
            else:
                self._remote.put(key, source, if_absent=if_absent, moved=moved)

    def get(self, key: str, target: Path, *, moved: OnBytes = ignore_bytes) -> None:
        """Write what `key` holds to the file `target`, or so."""
        with self._call("get", key) as kind:
            if kind is Kind.LIE:
                raise KeyMissingError(self.url, key)
            if kind not in {Kind.BREAK, Kind.TRUNCATE, Kind.CORRUPT}:
                self._remote.get(key, target, moved=moved)
                self._move(received=target.stat().st_size)
                return
            self._remote.get(key, target)
            data = target.read_bytes()
            write_file(target, _damaged(data, kind))
            size = len(data) // 2 if kind is Kind.BREAK else len(data)
            self._move(received=size)
            moved(size)

    def read(self, key: str, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset` on, or so."""
        with self._call("read", key) as kind:
            if kind is Kind.LIE:
                raise KeyMissingError(self.url, key)
            data = self._remote.read(key, offset, length)
            self._move(received=len(data))
        return _damaged(data, kind) if kind in {Kind.TRUNCATE, Kind.CORRUPT} else data

    def delete(self, keys: Iterable[str]) -> None:
        """Make every one of `keys` absent, or so."""
        left = iter(keys)
        while page := [*islice(left, _PAGE)]:
            with self._call("delete", page[0]) as kind:
                if kind is not Kind.LIE:
                    half = kind in {Kind.TRUNCATE, Kind.BREAK}
                    self._remote.delete(page[: len(page) // 2] if half else page)

    def close(self) -> None:
        """Close the remote behind this one."""
        self._remote.close()

    def _page(
        self, entries: Iterator[RemoteEntry], prefix: str
    ) -> tuple[Sequence[RemoteEntry], RemoteError | None]:
        page: Sequence[RemoteEntry] = ()
        try:
            with self._call("list", prefix) as kind:
                page = [] if kind is Kind.LIE else [*islice(entries, _PAGE)]
                if kind in {Kind.TRUNCATE, Kind.BREAK}:
                    page = page[: len(page) // 2]
                elif kind is Kind.CORRUPT:
                    page = [RemoteEntry(key, size ^ 1) for key, size in page]
        except RemoteError as error:
            return page, error
        return page, None

    @contextmanager
    def _call(self, method: str, key: str) -> Iterator[Kind | None]:
        fault = self._begin(method, key)
        try:
            time.sleep(self.plan.latency)
            if fault is not None and fault.kind is Kind.STALL:
                time.sleep(fault.seconds)
            if fault is not None and fault.kind is Kind.FAIL:
                raise fault.error(self.url, f"{method} was made to fail", key=key)
            yield None if fault is None else fault.kind
            if fault is not None and fault.kind in {Kind.BREAK, Kind.LOSE}:
                raise fault.error(self.url, f"{method} was broken off", key=key)
        finally:
            with self._lock:
                self._running -= 1

    def _begin(self, method: str, key: str) -> Fault | None:
        with self._lock:
            self._calls[method] += 1
            self._running += 1
            self._at_once = max(self._at_once, self._running)
            matching = [fault for fault in self.plan.faults if fault.matches(method, key)]
            self._matched.update(matching)
            striking = (fault for fault in matching if fault.strikes(self._matched[fault]))
            return next(striking, None)

    def _move(self, *, sent: int = 0, received: int = 0) -> None:
        with self._lock:
            self._sent += sent
            self._received += received
        if self.plan.bandwidth is not None:
            time.sleep((sent + received) / self.plan.bandwidth)


def _damaged(data: bytes, kind: Kind) -> bytes:
    middle = len(data) // 2
    if kind is not Kind.CORRUPT:
        return data[:middle]
    return data[:middle] + bytes([(data[middle] if data else 0) ^ 1]) + data[middle + 1 :]
