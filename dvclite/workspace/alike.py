"""What is in the workspace beside what the stat cache remembers.

Nearly all of it is as remembered, as a rule, which is found out for hundreds of files at a time.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import itemgetter
from os import stat_result

from dvclite.files.scan import Found, Run
from dvclite.statcache.rows import Row, Stored, path_key, path_keys, proved, signature
from dvclite.workspace.workspace import Workspace

Pair = tuple[Found | None, Row | None]
"""What is found at a path, and what is remembered of it."""

_KEY = itemgetter(0)
_KEY_AND_SIGNATURE = itemgetter(0, 1)


def beside_rows(workspace: Workspace, path: str) -> Iterator[tuple[int, Iterable[Pair]]]:
    """Yield how many files in a row are as remembered, and the pairs of others, sorted by path.

    Only of the others the rows are proved to be undamaged: no damage gives a row the signature that
    a file has now.

    Raises:
        FileAccessError: Something cannot be read.
    """
    for run, stored in runs_beside_rows(workspace, path):
        stats = run.stats() if run is not None else None
        if run is None or stats is None:
            yield 0, paired(run.found() if run is not None else (), proved(stored))
        elif _is_alike(run, stats, stored):
            yield len(stored), ()
        else:
            yield 0, paired(run.with_stats(stats), proved(stored))


def runs_beside_rows(workspace: Workspace, path: str) -> Iterator[tuple[Run | None, list[Stored]]]:
    """Yield names with the rows of their paths and of those before them, sorted by path.

    No names go with the rows of paths behind all others.

    Raises:
        FileAccessError: Something cannot be read.
    """
    rows = _Rows(workspace.statcache.stored_below(path))
    for run in workspace.runs(path):
        yield run, rows.up_to(path_key(run.prefix + run.names[-1]))
    for rest in rows.rest():
        yield None, rest


def paired(found: Iterable[Found], rows: Iterable[Row]) -> Iterator[Pair]:
    """Yield what is found beside what is remembered, by path."""
    here, known = iter(found), iter(rows)
    one, other = next(here, None), next(known, None)
    while one is not None and other is not None:
        if one.path == other.path:
            yield one, other
            one, other = next(here, None), next(known, None)
        elif one.path < other.path:
            yield one, None
            one = next(here, None)
        else:
            yield None, other
            other = next(known, None)
    while one is not None:
        yield one, None
        one = next(here, None)
    while other is not None:
        yield None, other
        other = next(known, None)


class _Rows:
    """Rows of the stat cache, taken in order."""

    def __init__(self, groups: Iterator[list[Stored]]) -> None:
        self._groups = groups
        self._group: list[Stored] = []
        self._taken = 0

    def up_to(self, key: bytes) -> list[Stored]:
        """Take the rows of paths up to one, that included."""
        found: list[Stored] = []
        while True:
            end = bisect_right(self._group, key, self._taken, key=_KEY)
            found += self._group[self._taken : end]
            self._taken = end
            if end < len(self._group):
                return found
            self._group, self._taken = next(self._groups, []), 0
            if not self._group:
                return found

    def rest(self) -> Iterator[list[Stored]]:
        """Yield the rows that nobody has taken."""
        yield self._group[self._taken :]
        yield from self._groups


def _is_alike(run: Run, stats: list[stat_result], stored: list[Stored]) -> bool:
    if len(stats) != len(stored):
        return False
    here = zip(path_keys(run.paths()), map(signature, stats), strict=True)
    return list(here) == list(map(_KEY_AND_SIGNATURE, stored))
