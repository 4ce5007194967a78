"""Where a blob is: in a pack, loose, or in the trash."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from dvclite.cache.loose import LooseBlobs, open_blob
from dvclite.cache.packed import PackedBlobs
from dvclite.errors import BlobCorruptError, BlobMissingError
from dvclite.hashing import Oid


class Opened(NamedTuple):
    """A loose blob that is open for reading, and not verified yet.

    Attributes:
        fd: Its descriptor, which whoever asked for it closes.
        path: Where it is.
    """

    fd: int
    path: str


class Finder:
    """Looks for blobs wherever a cache may have them, the likely places first."""

    def __init__(self, loose: LooseBlobs, packed: PackedBlobs) -> None:
        """Look among loose blobs and packed ones."""
        self._loose = loose
        self._packed = packed

    def find(self, oid: Oid, *, loose_first: bool = False, mend: bool = False) -> bytes | Opened:
        """Return the bytes of a blob that is in a pack, verified, or the file of a loose one.

        Args:
            oid: The blob.
            loose_first: Whether a loose one is more welcome, since it can be linked, or likelier.
            mend: Whether to set packs aside that turn out to be damaged.

        Raises:
            BlobMissingError: It is nowhere.
            BlobCorruptError: It is in packs alone, and in none of them as its name says.
        """
        damage: BlobCorruptError | None = None
        for look in self._places(loose_first=loose_first, mend=mend):
            try:
                found = look(oid)
            except BlobCorruptError as error:
                damage = damage or error
            else:
                if found is not None:
                    return found
        raise damage or BlobMissingError([oid])

    def absent(self, oids: Iterable[Oid]) -> set[Oid]:
        """Return which of these blobs are nowhere."""
        absent = self._loose.absent(self._packed.absent(oids))
        if absent:
            absent -= self._loose.trashed_among(absent)
        if absent:
            absent -= self._packed.trash.present(absent)
        return absent

    def _places(
        self, *, loose_first: bool, mend: bool
    ) -> Iterator[Callable[[Oid], bytes | Opened | None]]:
        in_packs = self._packed.take_out if mend else self._packed.read
        likely = [in_packs, self._in_place]
        yield from reversed(likely) if loose_first else likely
        yield partial(self._anew, in_packs, mend=mend)
        yield self._in_trash
        yield self._packed.trash.read
        yield lambda oid: in_packs(oid) if self._packed.doubt() else None

    def _in_place(self, oid: Oid) -> Opened | None:
        return _open(self._loose.path(oid))

    def _anew(
        self, in_packs: Callable[[Oid], bytes | None], oid: Oid, *, mend: bool
    ) -> bytes | None:
        """Return a blob from packs that nobody knew of."""
        news = self._packed.refresh(seldom=True)
        if mend:
            news |= self._packed.mend()
        return in_packs(oid) if news else None

    def _in_trash(self, oid: Oid) -> Opened | None:
        path = self._loose.find(oid)
        return _open(path) if path is not None else None


def _open(path: str) -> Opened | None:
    try:
        return Opened(open_blob(path), path)
    except FileNotFoundError:
        return None
