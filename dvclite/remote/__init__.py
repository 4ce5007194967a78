"""What a remote must do: the one page that a plugin's author reads.

A remote is a place elsewhere that holds bytes under keys: a directory, a bucket. A plugin is a
package with an entry point in the group `dvclite.remotes`, named by the URL scheme it serves,
whose value is a function `open(url: str, options: Mapping[str, str]) -> Remote`. Options are the
keys of the remote's section in the configuration, without `url`; the function raises
`RemoteSetupError` for those it does not know and for those that make no sense. It should not
touch the network: the first call of a method does.

The contract, which `dvclite.testing.conformance` proves:

1. All or nothing. No reader ever sees a part of what is being put.
2. When `put` returns, the bytes are durable, and visible to every method in every process.
3. The core puts equal bytes under equal keys, but for keys that it puts with `if_absent`.
   Putting a key again replaces it whole.
4. `get` writes exactly the bytes that were put, or raises. It may leave part of a target: the
   core hands it a path that nobody else looks at.
5. Absent keys are None from `stat`, an error from `get` and `read`, and nothing to `delete`.
6. Every method may be called from many threads at once.
7. Only these errors leave: `AccessDeniedError`, `RemoteUnavailableError`, `RemoteSetupError`,
   `KeyMissingError`, `KeyExistsError` from a `put` with `if_absent`, and `HostilePathError` for a
   key against rule 9. A foreign exception is their `__cause__`. An `OSError` of the local file that is read or written may leave as it is.
8. No policy: no hashing of content, no endless retries, no printing, no state outside itself.
9. Keys are made of lower-case ASCII letters, digits and `/ . _ -`, are relative, have at most
   200 characters and no part that is empty or begins with a dot; none is a folder of another, as
   `a` is of `a/b`. The core keeps to that.
10. `moved` is called with counts of bytes as they move, negative where they move again; their sum
    is the size when the method returns, and before anything of a `put` can be seen under its key.
    It may take its time, and it may raise to interrupt, at the last byte too: let that pass, and
    leave the key as it was. The core tells so of a file that turns out to be damaged while it is
    sent. What need not move because it is there from an earlier attempt is counted as `Spared`.
11. A remote may tell in an attribute `requests`, a `dvclite.remote.requests.Requests`, how many
    requests it makes and how many of them are tries again. Of others the calls are counted.
12. A `source` that is a `Given` may become the key's own where that saves a copy.

`options` may have an attribute `tracked`, which `dvclite.remote.options.tracked` reads: the names
of those that come with the repository. Whoever wrote there may be a stranger, who must not get at
what the user has: a plugin that would hand over secrets, or read files or run programs, because of
such an option raises `RemoteSetupError` instead.
"""

import sys
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from dvclite.files.copying import OnBytes, ignore_bytes

__all__ = [
    "Given",
    "GroupingRemote",
    "NearRemote",
    "OnBytes",
    "ReadInto",
    "Remote",
    "RemoteEntry",
    "RemoteOpener",
    "RemoteVersion",
    "Spared",
    "VersionedRemote",
    "ignore_bytes",
]


if sys.platform == "win32":
    from pathlib import WindowsPath as _Path
else:
    from pathlib import PosixPath as _Path


class Given(_Path):
    """A file that is given away: nobody changes it any more, and its name will soon be gone."""


class Spared(int):
    """A count of bytes that did not have to move."""


class RemoteEntry(NamedTuple):
    """A key on a remote and how many bytes it holds."""

    key: str
    size: int


class RemoteVersion(NamedTuple):
    """What a place that keeps versions says of one.

    How many bytes it holds, what the place calls its content (an ETag for instance), and what it
    calls the version, which is empty where it keeps none.
    """

    size: int
    tag: str
    id: str


class Remote(Protocol):
    """Bytes under keys, elsewhere.

    Attributes:
        url: The address, without secrets, for messages.
    """

    url: str

    def stat(self, key: str) -> int | None:
        """Return the size of what `key` holds, in bytes, or None if it is absent."""

    def list(self, prefix: str) -> Iterator[RemoteEntry]:
        """Yield every key that begins with `prefix`, in any order, without holding them all.

        The prefix is a string like any other: it need not end at a `/`.
        """

    def put(
        self, key: str, source: Path, *, if_absent: bool = False, moved: OnBytes = ignore_bytes
    ) -> None:
        """Store the content of the file `source` under `key`.

        Raises:
            KeyExistsError: `if_absent` was asked for and the key is there. Of many who put one
                key so at the same time exactly one succeeds.
        """

    def get(self, key: str, target: Path, *, moved: OnBytes = ignore_bytes) -> None:
        """Write what `key` holds to the file `target`, made or replaced.

        Raises:
            KeyMissingError: The key is absent.
        """

    def read(self, key: str, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset` on; fewer only where the content ends.

        A negative `offset` counts from the end; one before the beginning means the beginning.

        Raises:
            KeyMissingError: The key is absent.
        """

    def delete(self, keys: Iterable[str]) -> None:
        """Make every one of `keys` absent, in as few requests as the place allows."""

    def close(self) -> None:
        """Let go of connections. Closing twice is harmless."""


@runtime_checkable
class VersionedRemote(Remote, Protocol):
    """A remote that can also be asked for older versions of what a key held. No remote has to.

    Keys that others gave are read by it: rule 9 does not hold for them.
    """

    def stat_version(self, key: str, version: str) -> RemoteVersion | None:
        """Return what is known of a version, the newest one if `version` is empty.

        None stands for one that is absent.
        """

    def get_version(
        self, key: str, version: str, target: Path, *, moved: OnBytes = ignore_bytes
    ) -> None:
        """Write what a version of `key` holds to the file `target`, made or replaced.

        Raises:
            KeyMissingError: There is no such version.
        """


Answers = Sequence[tuple[str, bool]]
"""Some keys, and whether what they hold was taken."""


@runtime_checkable
class GroupingRemote(Remote, Protocol):
    """A remote that has a faster way for many small contents, as one flush for all. No remote has to.

    What it cannot do so is left out, for whatever reason, and `moved` is told so: its counts add up
    to what was done. Nobody is told why, since the core does by itself what was left out. Nothing
    may be done at all, where this would not be faster. Not all keys have to be drawn; let pass what
    drawing raises. Those to be stored are some thousands at most, those to be handed out any number.

    What the core hands in may be called in processes that were forked from this one, by one thread
    in each.
    """

    def put_group(
        self,
        keys: Iterator[str],
        read: Callable[[str], bytes | None],
        *,
        moved: OnBytes = ignore_bytes,
    ) -> Collection[str]:
        """Store contents, each as `put` does, and return the keys of which that is done.

        Args:
            keys: Where to.
            read: Returns what a key shall hold; None where that is to be left out.
            moved: As of `put`.
        """

    def get_group(
        self,
        keys: Iterator[str],
        take: Callable[[str, bytes], bool],
        *,
        most: int,
        moved: OnBytes = ignore_bytes,
    ) -> Generator[Answers, None, None]:
        """Hand out contents, and yield of each key that is drawn, once, whether that was taken.

        What was taken is used as soon as that is yielded. So `moved` is told of it before.

        Args:
            keys: What to hand out.
            take: Is given a key and all that it holds; says whether that was taken. It is not to
                be given anything of a key twice.
            most: Of how many bytes a content is left out that has more.
            moved: As of `get`, of what was taken.
        """


ReadInto = Callable[[int, memoryview], int]
"""Fills memory with bytes from an offset on, and returns how many those were.

Fewer than there is room for only where the content ends.
"""


@runtime_checkable
class NearRemote(Remote, Protocol):
    """A remote that lets its content be read where it lies, with no request for each part.

    No remote has to. What is large is not copied before it is looked at then.
    """

    def reading(self, key: str) -> AbstractContextManager[ReadInto]:
        """Open what `key` holds, for one thread, until the block ends.

        Raises:
            KeyMissingError: The key is absent. What is yielded raises what `read` does.
        """


RemoteOpener = Callable[[str, Mapping[str, str]], Remote]
"""What an entry point in the group `dvclite.remotes` names."""
