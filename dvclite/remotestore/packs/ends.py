"""The ends of packs, which tell what is in them: read from the remote, and kept locally."""

from collections.abc import Callable, Mapping
from pathlib import Path

from dvclite.errors import DvcliteError, KeyMissingError, PackDamagedError, PackError
from dvclite.files.copying import OnBytes
from dvclite.hashing import Algorithm
from dvclite.pack.index import FIRST_READ, Entries, read_end, tail_length, write_end
from dvclite.pack.layout import TRAILER_SIZE, key_of
from dvclite.remote import Remote
from dvclite.remotestore.engine import run
from dvclite.remotestore.packs.bodies import Bodies
from dvclite.remotestore.packs.budget import Budget
from dvclite.remotestore.packs.copies import Copies

_MOST_AT_ONCE = 64 << 20
_LONGEST = (64 << 20) + TRAILER_SIZE
"""No pack of the size that packs on a remote have comes near to so long an end."""


class Ends:
    """Reads the indexes of the packs on a remote, from local copies where there are any."""

    def __init__(
        self, remote: Remote, folder: Path, algorithm: Algorithm, jobs: int, bodies: Bodies
    ) -> None:
        """Read from `remote`, or from copies in `folder`.

        Args:
            remote: Where the packs lie.
            folder: Where copies are; it need not exist.
            algorithm: What blobs are named by. Packs of others hold nothing for us.
            jobs: How many ends to read at once.
            bodies: Is given packs that turn out to be so small that they came whole.
        """
        self._remote = remote
        self._copies = Copies(folder)
        self._algorithm = algorithm
        self._jobs = jobs
        self._bodies = bodies
        self._budget = Budget(_MOST_AT_ONCE)

    def read(self, pack: str, size: int) -> Entries:
        """Return the entries of a pack of `size` bytes.

        Raises:
            PackError: It is damaged, or not for this version.
            RemoteError: The remote does not have it, or did not answer.
        """
        entries = self._kept(pack, size)
        return entries if entries is not None else self._read(pack, size, lambda _count: None)

    def read_all(
        self, packs: Mapping[str, int], take: Callable[[str, Entries], object]
    ) -> dict[str, DvcliteError]:
        """Read what is in many packs.

        Args:
            packs: Their sizes by id.
            take: Is handed the entries of each, in any thread.

        Returns:
            What is wrong with those that cannot be used.

        Raises:
            RemoteError: The remote did not answer.
        """

        def read(pack: str, moved: OnBytes) -> None:
            entries = self._kept(pack, packs[pack])
            take(pack, entries if entries is not None else self._read(pack, packs[pack], moved))

        outcome = run(packs, read, self._jobs, fatal=lambda error: not _is_of_the_pack(error))
        faults: dict[str, DvcliteError] = {}
        for pack, error in outcome.failures:
            if not isinstance(error, DvcliteError) or not _is_of_the_pack(error):
                raise error
            faults[pack] = error
        return faults

    def save(self, packs: Mapping[str, int], entries: Callable[[str], Entries | None]) -> None:
        """Keep copies of the ends of packs.

        Args:
            packs: The packs that there are, with their sizes.
            entries: Returns what is in one of them.
        """
        there = self._copies.tidy(packs)
        for pack, size in packs.items():
            if pack not in there and (found := entries(pack)) is not None:
                records = found.records
                offset = size - TRAILER_SIZE - len(records)
                pack_id, trailer = write_end(records, offset, found.algorithm)
                if pack_id == pack:  # What is named by another algorithm was emptied.
                    self._copies.keep(pack, records + trailer)

    def _kept(self, pack: str, size: int) -> Entries | None:
        end = self._copies.read(pack, _LONGEST)
        if end is None:
            return None
        try:
            return self._ours(read_end(end, size, pack))
        except PackError:
            return None

    def _read(self, pack: str, size: int, moved: OnBytes) -> Entries:
        key = key_of(pack)
        length = min(FIRST_READ, size)
        end = self._remote.read(key, size - length, length)
        needed = tail_length(end, size, pack)
        if needed > _LONGEST:
            raise PackDamagedError(pack, "it is too large for a pack on a remote")
        if needed > length:
            with self._budget.hold(needed, moved):
                end = self._remote.read(key, size - needed, needed)
                return self._ours(read_end(end, size, pack))
        entries = self._ours(read_end(end, size, pack))
        if length == size:
            self._bodies.add(pack, end)
        return entries

    def _ours(self, entries: Entries) -> Entries:
        return entries if entries.algorithm == self._algorithm else Entries(b"", self._algorithm)


def _is_of_the_pack(error: Exception) -> bool:
    return isinstance(error, PackError | KeyMissingError)
