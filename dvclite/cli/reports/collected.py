"""What garbage collection did, or would do."""

from collections.abc import Iterator

from dvclite.cli.console import Console
from dvclite.cli.text import count, size
from dvclite.errors import DvcliteError
from dvclite.maintenance.collected import Collected


def ask(console: Console, planned: Collected, *, now: bool) -> None:
    """Ask whether to go on.

    Raises:
        DvcliteError: No, or there is nobody to ask.
    """
    going = _going(planned, now=now)
    if not going[0]:
        return
    what = _extent(*going)
    if not console.can_ask:
        raise DvcliteError(
            f"{what} would go, and there is no terminal to ask on; nothing was deleted",
            hint="look with --dry, go ahead with --force",
        )
    verb, place = ("Delete", "") if now else ("Move", " to the trash")
    if not console.confirm(f"{verb} {what}{place}?"):
        raise DvcliteError("nothing was deleted")


def show(console: Console, collected: Collected, *, dry: bool, now: bool, as_json: bool) -> None:
    """Tell what is gone, what stayed, and what is in the trash."""
    if as_json:
        console.json(collected)
    else:
        console.write(_lines(collected, dry=dry, now=now))


def _lines(collected: Collected, *, dry: bool, now: bool) -> Iterator[str]:
    if collected.kept:
        kept = _extent(collected.kept, collected.kept_size)
        yield f"Kept {kept}: needed by other versions, and on no remote"
    if collected.trash and not (dry and now):
        trash = _extent(collected.trash, collected.trash_size)
        yield f"In the trash: {trash}; `dvclite gc --now` empties it"
    if dry:
        going = _going(collected, now=now)
        verb, place = ("deleted", "") if now else ("moved", " to the trash")
        yield f"{_extent(*going)} would be {verb}{place}" if going[0] else "Nothing to delete"
        return
    moved = _extent(collected.blobs, collected.size)
    deleted = _extent(collected.deleted, collected.deleted_size)
    parts = [f"{moved} moved to the trash"] if collected.blobs and not now else []
    parts += [f"{deleted} deleted"] if collected.deleted else []
    yield "; ".join(parts) or "Nothing to delete"


def _going(planned: Collected, *, now: bool) -> tuple[int, int]:
    if not now:
        return planned.blobs, planned.size
    return planned.blobs + planned.trash, planned.size + planned.trash_size


def _extent(blobs: int, number_of_bytes: int) -> str:
    return f"{count(blobs, 'blob')}, {size(number_of_bytes)}"
