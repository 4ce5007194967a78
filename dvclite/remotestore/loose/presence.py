"""Which blobs lie on a remote as files of their own, found out with few requests.

Nothing is concluded from one blob about another: a tree that is there says nothing about what it
names.
"""

from collections.abc import Callable
from typing import TypeVar

from dvclite.formats.format import Format
from dvclite.hashing import Oid
from dvclite.remote import Remote
from dvclite.remotestore.engine import run

_Item = TypeVar("_Item")

_PAGE = 1000
"""How many keys clouds list with one request."""

_FOLDERS = 256
"""How many folders loose blobs are spread over."""


def strike_out_present(remote: Remote, format: Format, sizes: dict[Oid, int], jobs: int) -> None:
    """Take from `sizes` the blobs that are on the remote in the right size.

    They are asked for one by one, or the remote is listed as a whole or by folders, whichever
    takes the fewest requests one after the other.

    Args:
        remote: Where to look.
        format: How blobs lie there.
        sizes: Each blob's size in bytes; -1 where any will do.
        jobs: How many requests may run at once.

    Raises:
        RemoteError: The remote did not answer.
    """
    search = _Search(remote, format, sizes, jobs)
    if len(sizes) <= 4 * jobs:
        search.ask()
        return
    starts = sorted({oid[:2] for oid in sizes})
    # Blobs are spread evenly, so that one folder tells how many there are in all.
    found = search.list_folder(starts[0])
    ways = (
        (1 + found * _FOLDERS // _PAGE, search.list_all),
        ((1 + found // _PAGE) * len(starts) / jobs, lambda: search.list_folders(starts[1:])),
        (len(sizes) / jobs, search.ask),
    )
    _rounds, look = min(ways, key=lambda way: way[0])
    look()


class _Search:
    """Ways to find out what is there."""

    def __init__(self, remote: Remote, format: Format, sizes: dict[Oid, int], jobs: int) -> None:
        self._remote = remote
        self._format = format
        self._sizes = sizes
        self._jobs = jobs

    def ask(self) -> None:
        """Ask for each blob by itself."""
        self._all(list(self._sizes), self._ask_for)

    def list_all(self) -> None:
        """List all there is."""
        self._list(self._format.loose_prefix)

    def list_folders(self, starts: list[str]) -> None:
        """List folders, several at once."""
        self._all(starts, self.list_folder)

    def list_folder(self, start: str) -> int:
        """List the blobs whose oids begin so; return how many there are."""
        return self._list(f"{self._format.loose_prefix}{start}/")

    def _ask_for(self, oid: Oid) -> None:
        size = self._remote.stat(self._format.loose_key(oid))
        if size is not None:
            self._strike_out(oid, size)

    def _list(self, prefix: str) -> int:
        count = 0
        for key, size in self._remote.list(prefix):
            count += 1
            oid = self._format.oid_at(key)
            if oid is not None:
                self._strike_out(oid, size)
        return count

    def _strike_out(self, oid: Oid, size: int) -> None:
        if self._sizes.get(oid) in (-1, size):
            self._sizes.pop(oid, None)

    def _all(self, items: list[_Item], work: Callable[[_Item], object]) -> None:
        outcome = run(items, lambda item, _moved: work(item), self._jobs, fatal=lambda _error: True)
        for failure in outcome.failures:
            raise failure.error
