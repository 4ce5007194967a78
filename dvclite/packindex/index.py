"""Which pack holds what, asked by digest."""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from dvclite.pack.index import Entries
from dvclite.pack.layout import Kind, PackEntry
from dvclite.packindex.indexes import Indexes, ReadIndex
from dvclite.packindex.rows import Rows


class Location(NamedTuple):
    """Where an entry is.

    Attributes:
        pack: The id of the pack.
        number: The entry's number in it.
        entry: The entry.
    """

    pack: str
    number: int
    entry: PackEntry


class PackIndex:
    """The entries of packs, by digest. For one thread at a time."""

    def __init__(self, path: str | os.PathLike[str] | None, read: ReadIndex) -> None:
        """Use the database at `path`, which need not exist, and indexes of packs from `read`.

        Without a path nothing can be saved.
        """
        self._rows = Rows(path)
        self._indexes = Indexes(read)

    def copy_from(self, path: str | os.PathLike[str]) -> None:
        """Copy what it is quicker to copy from the database of another place with the same packs.

        Not any more once this one is in doubt.

        Args:
            path: The database, which need not exist.
        """
        self._rows.copy_from(path)

    @property
    def packs(self) -> dict[str, int]:
        """The packs that there are, as far as is known, with their sizes in bytes."""
        return self._rows.packs

    def size(self, pack: str) -> int | None:
        """Return how many bytes a pack has, if there is one of that name as far as is known."""
        return self._rows.size(pack)

    def sync(self, there: Mapping[str, int]) -> list[str]:
        """Take note of which packs there are.

        Args:
            there: Sizes in bytes by id.

        Returns:
            Those whose entries are not known.
        """
        unknown = self._rows.sync(there)
        for pack in set(self._indexes).difference(there).union(unknown):
            self._indexes.drop(pack)
        return unknown

    def learn(self, pack: str, size: int, entries: Entries) -> None:
        """Take note of the entries of a pack.

        Args:
            pack: Its id.
            size: Of the whole pack, in bytes.
            entries: What is in it.
        """
        self._rows.learn(pack, size, entries)
        self._indexes.add(pack, entries)

    def drop(self, pack: str) -> None:
        """Take note that a pack is gone."""
        self._rows.drop(pack)
        self._indexes.drop(pack)

    def present(self, kind: Kind, digests: Iterable[bytes]) -> set[bytes]:
        """Return which of some digests there are entries for."""
        return set().union(*self._rows.by_pack(kind, digests).values())

    def by_pack(self, kind: Kind, digests: Iterable[bytes]) -> dict[str, list[bytes]]:
        """Return which of some digests each pack has entries for, if it has any."""
        return self._rows.by_pack(kind, digests)

    def find(self, kind: Kind, digests: Iterable[bytes]) -> Iterator[Location]:
        """Yield where entries of some digests are: in every pack that has one.

        What is in packs whose index cannot be read any more is left out.
        """
        for digest, pack, number in self._rows.find(kind, digests):
            entries = self.entries(pack)
            if entries is not None and 0 <= number < len(entries):
                entry = entries[number]
                if entry.digest == digest and entry.kind == kind:
                    yield Location(pack, number, entry)

    def entries(self, pack: str) -> Entries | None:
        """Return the entries of a pack; None if its index cannot be read."""
        return self._indexes.get(pack)

    def distrust(self) -> None:
        """Know only what is learned by this process from now on, until `save`."""
        self._rows.distrust()

    def doubt(self) -> None:
        """Take the database for lost: its packs are not known any more, and will be read again."""
        self._rows.doubt()

    def is_contradicted(self) -> bool:
        """Say whether the database is damaged, or says of a pack what its own index does not.

        To be asked after `distrust`, and after all packs that there are were learned. What is
        wrong is thrown away with the next `save`; that there is no database is not wrong.
        """
        return self._rows.is_contradicted()

    def save(self) -> None:
        """Put what was learned into the database, if it can be written."""
        self._rows.save()

    def close(self) -> None:
        """Close the database, and forget what was not saved."""
        self._rows.close()
