"""Blobs that are not in their places, known without a question to the system for each."""

from dvclite.cache.loose import LISTED_FROM, NAMES_LISTED_PER_QUESTION, LooseBlobs
from dvclite.hashing import Oid

_FOLDERS = 256
"""How many folders loose blobs are spread over."""

_MOST_NAMES = 200_000
"""So many are kept in memory, a hundred bytes each."""


class Absence:
    """Rules out that loose blobs are in their places, by listings of their folders.

    Only for those who are about to store what is absent. What others store meanwhile is not seen:
    it gives way, as if they had come first by a moment. For one thread at a time.
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
        if names is None and self._is_worth_listing:
            names = self._listed(oid[:2])
        if names is None or oid[2:] in names:
            return False
        names.add(oid[2:])
        self._count += 1
        if self._count > _MOST_NAMES:
            self._names = {}
        return True

    @property
    def _is_worth_listing(self) -> bool:
        if self._asked < LISTED_FROM:
            return False
        return self._expected <= self._asked * NAMES_LISTED_PER_QUESTION

    def _listed(self, start: str) -> set[str] | None:
        try:
            names = self._names[start] = set(self._blobs.names(start))
        except OSError:  # A folder that one may not list can be asked for names all the same.
            self._names, self._count = {}, _MOST_NAMES + 1
            return None
        self._count += len(names)
        # Blobs are spread evenly.
        self._expected = len(names) * _FOLDERS
        return names
