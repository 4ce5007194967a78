"""How much there is in the cache."""

from collections.abc import Iterator

from dvclite.cli.console import Console
from dvclite.cli.text import count, size
from dvclite.maintenance.measured import Stored
from dvclite.repo.results.keeping import Size


def show(console: Console, measured: Size, *, as_json: bool) -> None:
    """Tell how much there is, what it stands for, and what is saved."""
    if as_json:
        console.json(measured)
    else:
        console.write(_lines(measured))


def _lines(measured: Size) -> Iterator[str]:
    yield from _of_one(measured)
    former = measured.former
    if former is not None and (former.cache.blobs or former.files):
        yield "Of the format that the repository had before, for versions from then:"
        yield from (f"    {line}" for line in _of_one(former))


def _of_one(measured: Size) -> Iterator[str]:
    cache = measured.cache
    yield f"In the cache: {_extent(Stored(cache.blobs, cache.size), 'blob')}"
    if cache.packs.count:
        packed = _extent(cache.packs, "pack")
        yield f"    packed: {count(cache.packed, 'blob')} in {packed} on the disk"
    if cache.loose.count:
        yield f"    loose: {_extent(cache.loose, 'blob')} on the disk"
    if cache.trash.count:
        yield f"In the trash: {_extent(cache.trash, 'file')}; `dvclite gc --now` empties it"
    if cache.damaged.count:
        yield f"Damaged and set aside: {_extent(cache.damaged, 'file')}"
    missing = f"; {count(measured.missing, 'blob')} not in the cache" if measured.missing else ""
    yield f"Named by pointers: {_extent(Stored(measured.files, measured.files_size), 'file')}{missing}"
    yield f"Saved: {size(measured.deduplicated)} since the same content is stored once," + (
        f" {size(cache.compressed)} by compression"
    )


def _extent(stored: Stored, noun: str) -> str:
    return f"{count(stored.count, noun)}, {size(stored.size)}"
