"""Patterns that stand for many targets."""

import os
from collections.abc import Iterable, Iterator

from dvclite.errors import NothingThereError
from dvclite.pointer import is_pointer


def expanded(targets: Iterable[str | os.PathLike[str]], *, glob: bool) -> Iterator[str]:
    """Yield targets, with patterns replaced by what they match if that is asked for.

    Pointers and what begins with a dot are matched by no pattern that does not say so.

    Raises:
        NothingThereError: A pattern matches nothing.
    """
    import glob as patterns

    for target in targets:
        name = os.fspath(target)
        if not glob:
            yield name
            continue
        found = patterns.glob(name, recursive=True)
        matched = [path for path in found if not is_pointer(path)]
        if not matched:
            raise NothingThereError(name)
        yield from _outermost(matched)


def _outermost(paths: list[str]) -> Iterator[str]:
    """Yield paths that are not inside another one of them."""
    chosen: set[str] = set()
    for path in sorted(paths):
        clean = path.rstrip(os.sep)
        parents = _parents(clean)
        if clean and chosen.isdisjoint(parents):
            chosen.add(clean)
            yield clean


def _parents(path: str) -> Iterator[str]:
    while (above := os.path.dirname(path)) and above != path:
        yield above
        path = above
