"""Blobs that are not in their places, known without a question to the system for each."""

from dvclite.cache.loose import LooseBlobs
from dvclite.hashing import Oid

_LISTED_FROM = 512
"""Below so many questions it is never worth listing a folder."""

_NAMES_LISTED_PER_QUESTION = 4
"""How many names a listing yields in the time that one question takes."""

_FOLDERS = 256
_MOST_NAMES = 200_000


class Absence:
    """Rules out that loose blobs are in their places, by listings of their folders.

    Only for those who are about to store what is absent. If others store the same meanwhile, it
    comes there twice, one in place of the other. For one thread at a time.
    """

    def __init__(self, blobs: LooseBlobs, digits: int) -> None:
        """Know nothing of `blobs` yet, which are named by so many digits."""
        self._blobs = blobs
        self._digits = digits
        self._names: dict[str, set[str]] = {}
        self._count = self._asked = self._expected = 0

    def is_certain(self, oid: Oid) -> bool:
        """Say whether a blob is not there; asked once more, it may be, as who asked has stored it."""
        if len(oid) != self._digits or self._count > _MOST_NAMES:
            return False
        self._asked += 1
        names = self._names.get(oid[:2])
        if names is None:
            if not self._is_worth_listing:
                return False
            names = self._listed(oid[:2])
        if oid[2:] in names:
            return False
        names.add(oid[2:])
        self._count += 1
        if self._count > _MOST_NAMES:
            self._names = {}
        return True

    @property
    def _is_worth_listing(self) -> bool:
        if self._asked < _LISTED_FROM:
            return False
        return self._expected <= self._asked * _NAMES_LISTED_PER_QUESTION

    def _listed(self, start: str) -> set[str]:
        names = self._names[start] = set(self._blobs.names(start))
        self._count += len(names)
        # Blobs are spread evenly.
        self._expected = len(names) * _FOLDERS
        return names
