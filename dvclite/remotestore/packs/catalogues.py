"""Catalogues on a remote: the ends of many packs, for those who have read none of them."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from dvclite.errors import AccessDeniedError, DvcliteError, PackError
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.copying import OnBytes
from dvclite.pack.catalogue import LARGEST, key_of_catalogue, read_catalogue, write_catalogues
from dvclite.pack.index import FIRST_READ, Entries
from dvclite.remote import Remote
from dvclite.remotestore.engine import run
from dvclite.remotestore.packs.budget import Budget

_MOST_AT_ONCE = 2 * LARGEST
_SHARE = 16
"""The end of a pack is taken to be one byte in so many, where that is more than what is read of it
first."""


class Catalogues:
    """Reads and writes catalogues. All of them may be gone or wrong: packs tell the same."""

    def __init__(self, remote: Remote, jobs: int) -> None:
        """Read from `remote`, several at once."""
        self._remote = remote
        self._jobs = jobs
        self._budget = Budget(_MOST_AT_ONCE)
        self._is_trusting = True

    def distrust(self) -> None:
        """Read none from now on."""
        self._is_trusting = False

    def read(
        self,
        catalogues: Mapping[str, int],
        packs: Mapping[str, int],
        take: Callable[[str, Entries], object],
    ) -> dict[str, int]:
        """Learn what is in packs, as far as catalogues tell and are worth reading.

        Args:
            catalogues: Their sizes, by key.
            packs: The packs that are not known yet, with their sizes.
            take: Is handed the entries of a pack, in any thread.

        Returns:
            The packs that are not known yet after that.

        Raises:
            AccessDeniedError: Nothing may be read there.
        """
        rest = dict(packs)

        def read(key: str, moved: OnBytes) -> None:
            with self._budget.hold(catalogues[key], moved), suppress(PackError):
                data = self._remote.read(key, 0, catalogues[key])
                for pack, size, entries in read_catalogue(data):
                    if rest.get(pack) == size:
                        take(pack, entries)
                        rest.pop(pack, None)

        if self._is_trusting and len(packs) > 1:
            # Where little is new the ends themselves are fewer bytes.
            most = sum(max(size // _SHARE, FIRST_READ) for size in packs.values())
            chosen = [key for key, size in catalogues.items() if size <= min(most, LARGEST)]
            for _key, error in run(chosen, read, self._jobs).failures:
                if isinstance(error, AccessDeniedError):
                    raise error
        return rest

    def write(
        self, packs: Iterable[tuple[str, int, Entries | None]], new_path: Callable[[], str]
    ) -> None:
        """Put the ends of packs there, if that is possible.

        Args:
            packs: Their names and sizes, and what is in them.
            new_path: Returns a path for a new file.
        """
        known = ((pack, size, entries) for pack, size, entries in packs if entries is not None)
        with suppress(DvcliteError, OSError):
            for data in write_catalogues(known):
                path = new_path()
                fd = changes.create(path)
                try:
                    changes.write(fd, data)
                finally:
                    changes.close(fd)
                try:
                    self._remote.put(key_of_catalogue(data), Path(path))
                finally:
                    discard(path)
