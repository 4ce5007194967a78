"""Large blobs as the packs that hold their chunks."""

from collections.abc import Iterator
from dataclasses import dataclass

from dvclite.errors import DvcliteError
from dvclite.progress import Transfer
from dvclite.recipe import Recipe, RecipeBuilder
from dvclite.remotestore.named import Named
from dvclite.remotestore.packs.draft import Draft

Place = tuple[str | Draft, int]
"""The id of a pack that has arrived, or a pack on its way, and a number in it."""


@dataclass(slots=True)
class _Run:
    """Chunks that lie one after another in a pack of the remote, or in one on its way."""

    where: str | Draft
    first: int
    count: int
    size: int


class Cut:
    """A large blob whose chunks are on the remote, or on their way.

    Attributes:
        blob: The blob.
        transfer: Is told of its bytes that are on the remote.
        size: How many bytes there are so far.
        is_complete: Whether that is all of it, verified as a whole.
    """

    def __init__(self, blob: Named, transfer: Transfer) -> None:
        """Begin with no chunks."""
        self.blob = blob
        self.transfer = transfer
        self.size = 0
        self.is_complete = False
        self._runs: list[_Run] = []

    def add(self, where: str | Draft, number: int, length: int) -> None:
        """Take note of the next chunk: which pack it is in, its number there, and its length."""
        self.size += length
        if self.continues(where, number):
            last = self._runs[-1]
            last.count += 1
            last.size += length
        else:
            self._runs.append(_Run(where, number, 1, length))

    def continues(self, where: str | Draft, number: int) -> bool:
        """Say whether the chunk at a place goes on where the last one ends."""
        if not self._runs:
            return False
        last = self._runs[-1]
        return last.first + last.count == number and last.where == where

    @property
    def drafts(self) -> Iterator[Draft]:
        """The packs that have to arrive before the blob is there."""
        return (run.where for run in self._runs if isinstance(run.where, Draft))

    @property
    def error(self) -> DvcliteError | OSError | None:
        """Why one of the packs did not arrive."""
        return next((draft.error for draft in self.drafts if draft.error is not None), None)

    def recipe(self) -> Recipe:
        """Return how the blob is put together, once all packs have arrived."""
        builder = RecipeBuilder()
        for run in self._runs:
            pack = bytes.fromhex(_id_of(run.where))
            builder.add(pack, run.first, run.size)
            for number in range(run.first + 1, run.first + run.count):
                builder.add(pack, number, 0)
        return builder.recipe()


def _id_of(where: str | Draft) -> str:
    if isinstance(where, str):
        return where
    assert where.pack is not None, "all packs are complete by then"
    return where.pack.id
