"""What a push or a fetch came to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dvclite.errors import BlobMissingError, TransferError
from dvclite.remotestore.engine import Failure
from dvclite.remotestore.named import Named
from dvclite.remotestore.packed import NOT_PACKED, Packed


@dataclass(frozen=True, slots=True)
class Moved:
    """What a push or a fetch came to, or would come to.

    Attributes:
        files: How many blobs moved, without trees; blobs that several paths share count once.
        size: How many bytes they hold, with trees.
        trees: How many trees moved.
        failures: Blobs that did not move, each with one of its paths and the reason: not there
            (BlobMissingError), not what their name says (BlobCorruptError), or refused.
        left: How many more blobs were not tried, because a failure would have met them as well.
        withheld: Directories whose trees were not pushed, because the remote still lacks
            something that is in them.
        packed: What a push into packs took.
    """

    files: int = 0
    size: int = 0
    trees: int = 0
    failures: tuple[Failure[Named], ...] = ()
    left: int = 0
    withheld: tuple[str, ...] = ()
    packed: Packed = field(default=NOT_PACKED, compare=False)

    def __add__(self, other: "Moved") -> "Moved":
        """Put together what two remotes came to."""
        return Moved(
            self.files + other.files,
            self.size + other.size,
            self.trees + other.trees,
            self.failures + other.failures,
            self.left + other.left,
            self.withheld + other.withheld,
            self.packed + other.packed,
        )

    def check(self, action: str, *, tried: Sequence[str] = ()) -> None:
        """Return if everything moved that should.

        Args:
            action: What was done, for the message: `pushed`, `fetched`.
            tried: All remotes that were looked at, where that was more than the last one.

        Raises:
            BlobMissingError: Some blobs are nowhere; nothing else went wrong.
            TransferError: Something else went wrong.
        """
        if not self.failures:
            return
        missing = [
            failure.error
            for failure in self.failures
            if isinstance(failure.error, BlobMissingError)
        ]
        if len(missing) == len(self.failures) and not self.left:
            names = [failure.item.path for failure in self.failures]
            raise BlobMissingError(names, tried=tried or _tried(missing))
        causes = [(failure.item.path, failure.error) for failure in self.failures]
        raise TransferError(action, self.files + self.trees, causes, left=self.left)


def _tried(errors: Iterable[BlobMissingError]) -> list[str]:
    return list(dict.fromkeys(place for error in errors for place in error.tried))
