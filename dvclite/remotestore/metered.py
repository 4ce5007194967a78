"""A remote seen through a meter: what goes to it and comes from it is counted, and bounded."""

import threading
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dvclite.remote import (
    Answers,
    GroupingRemote,
    NearRemote,
    OnBytes,
    ReadInto,
    Remote,
    RemoteEntry,
    RemoteVersion,
    Spared,
    VersionedRemote,
    ignore_bytes,
)
from dvclite.remote.requests import Requests
from dvclite.remotestore.bound import Bound
from dvclite.remotestore.traffic import Traffic


class Meter:
    """Counts what is exchanged with any number of remotes. Safe from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent = self._received = 0
        self._requests: list[Requests] = []

    def calls_of(self, remote: Remote) -> Requests | None:
        """Return where the calls of a remote are to be counted; None if it counts by itself."""
        own = getattr(remote, "requests", None)
        self._requests.append(own if isinstance(own, Requests) else Requests())
        return None if isinstance(own, Requests) else self._requests[-1]

    def count(self, *, sent: int = 0, received: int = 0) -> None:
        """Take note of bytes that have moved."""
        with self._lock:
            self._sent += sent
            self._received += received

    @property
    def traffic(self) -> Traffic:
        """What was exchanged so far."""
        made = sum(requests.made for requests in self._requests)
        repeated = sum(requests.repeated for requests in self._requests)
        return Traffic(made, repeated, self._sent, self._received)


class MeteredRemote:
    """Another remote, all of whose traffic is counted, and bounded if there is a bound.

    Attributes:
        url: The address of the other one.
        requests: What the other one counts, if it does.
    """

    def __init__(self, remote: Remote, meter: Meter, bound: Bound | None = None) -> None:
        """See `remote` through `meter`."""
        self.url = remote.url
        self._remote = remote
        self._meter = meter
        self._bound = bound
        self.requests = getattr(remote, "requests", None)
        self._calls = meter.calls_of(remote)

    def stat(self, key: str) -> int | None:
        """Return the size of what `key` holds, in bytes, or None if it is absent."""
        self._call()
        return self._remote.stat(key)

    def list(self, prefix: str) -> Iterator[RemoteEntry]:
        """Yield every key that begins with `prefix`."""
        self._call()
        return self._remote.list(prefix)

    def put(
        self, key: str, source: Path, *, if_absent: bool = False, moved: OnBytes = ignore_bytes
    ) -> None:
        """Store the content of the file `source` under `key`."""
        self._call()
        self._remote.put(key, source, if_absent=if_absent, moved=self._sending(moved))

    def get(self, key: str, target: Path, *, moved: OnBytes = ignore_bytes) -> None:
        """Write what `key` holds to the file `target`, made or replaced."""
        self._call()
        self._remote.get(key, target, moved=self._counting(moved))

    def read(self, key: str, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset` on; fewer only where the content ends."""
        if self._bound is None or offset < 0 or length <= self._bound.piece():
            return self._read(key, offset, length)
        data = bytearray()
        while len(data) < length:
            wanted = min(self._bound.piece(), length - len(data))
            piece = self._read(key, offset + len(data), wanted)
            data += piece
            if len(piece) < wanted:
                break
        return bytes(data)

    def delete(self, keys: Iterable[str]) -> None:
        """Make every one of `keys` absent."""
        self._call()
        self._remote.delete(keys)

    def close(self) -> None:
        """Let go of connections."""
        self._remote.close()

    def _sending(self, moved: OnBytes) -> OnBytes:
        """Return what counts bytes that go, and hands them on to `moved`."""

        def count(size: int) -> None:
            self._meter.count(sent=_weight(size))
            self._pass(size, moved)

        return count

    def _counting(self, moved: OnBytes) -> OnBytes:
        """Return what counts bytes that come, and hands them on to `moved`."""

        def count(size: int) -> None:
            self._meter.count(received=_weight(size))
            self._pass(size, moved)

        return count

    def _read(self, key: str, offset: int, length: int) -> bytes:
        self._call()
        data = self._remote.read(key, offset, length)
        self._meter.count(received=len(data))
        self._pass(len(data), ignore_bytes)
        return data

    def _call(self) -> None:
        if self._calls is not None:
            self._calls.count()

    def _pass(self, size: int, moved: OnBytes) -> None:
        moved(size)
        if self._bound is not None:
            self._bound.wait(_weight(size), moved)


class _MeteredVersions(MeteredRemote):
    """The same for a remote that keeps versions."""

    def __init__(self, remote: VersionedRemote, meter: Meter, bound: Bound | None) -> None:
        super().__init__(remote, meter, bound)
        self._versions = remote

    def stat_version(self, key: str, version: str) -> RemoteVersion | None:
        """Return what is known of a version, or of the newest one; None if it is absent."""
        self._call()
        return self._versions.stat_version(key, version)

    def get_version(
        self, key: str, version: str, target: Path, *, moved: OnBytes = ignore_bytes
    ) -> None:
        """Write what a version of `key` holds, or the newest one, to the file `target`."""
        self._call()
        self._versions.get_version(key, version, target, moved=self._counting(moved))


class _MeteredGroups(MeteredRemote):
    """The same for a remote that moves many small contents at once, where there is no bound."""

    def __init__(self, remote: GroupingRemote, meter: Meter, bound: Bound | None) -> None:
        super().__init__(remote, meter, bound)
        self._groups = remote

    def put_group(
        self,
        keys: Iterator[str],
        read: Callable[[str], bytes | None],
        *,
        moved: OnBytes = ignore_bytes,
    ) -> Collection[str]:
        """Store many contents, and return the keys of which that is done."""
        return self._groups.put_group(self._counted(keys), read, moved=self._sending(moved))

    def get_group(
        self,
        keys: Iterator[str],
        take: Callable[[str, bytes], bool],
        *,
        most: int,
        moved: OnBytes = ignore_bytes,
    ) -> Generator[Answers, None, None]:
        """Hand out many contents, and yield which of them were taken."""
        counted = self._counted(keys)
        return self._groups.get_group(counted, take, most=most, moved=self._counting(moved))

    def _counted(self, keys: Iterator[str]) -> Iterator[str]:
        for key in keys:
            self._call()
            yield key


class _MeteredNear(MeteredRemote):
    """The same for a remote whose content can be read where it lies."""

    def __init__(self, remote: NearRemote, meter: Meter, bound: Bound | None) -> None:
        super().__init__(remote, meter, bound)
        self._near = remote

    @contextmanager
    def reading(self, key: str) -> Iterator[ReadInto]:
        """Open what `key` holds until the block ends."""
        self._call()
        with self._near.reading(key) as read:

            def read_some(offset: int, memory: memoryview) -> int:
                done = 0
                while done < len(memory):
                    most = len(memory) if self._bound is None else self._bound.piece()
                    count = read(offset + done, memory[done : done + most])
                    self._meter.count(received=count)
                    self._pass(count, ignore_bytes)
                    if not count:
                        break
                    done += count
                return done

            yield read_some


class _MeteredNearGroups(_MeteredGroups, _MeteredNear):
    """The same for a remote that has both."""


def metered(remote: Remote, meter: Meter, bound: Bound | None = None) -> Remote:
    """Return a remote as seen through a meter, which can do all that the remote can.

    But for moving many contents at once where there is a bound: these would come in bursts.
    """
    if isinstance(remote, VersionedRemote):
        return _MeteredVersions(remote, meter, bound)
    if isinstance(remote, GroupingRemote) and bound is None:
        made = _MeteredNearGroups if isinstance(remote, NearRemote) else _MeteredGroups
        return made(remote, meter, bound)
    if isinstance(remote, NearRemote):
        return _MeteredNear(remote, meter, bound)
    return MeteredRemote(remote, meter, bound)


def _weight(size: int) -> int:
    """Return how many bytes moved, when so many were counted."""
    return 0 if isinstance(size, Spared) else max(size, 0)
