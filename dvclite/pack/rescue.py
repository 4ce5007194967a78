"""What is whole in a damaged pack, written into a new one."""

from dvclite.hashing import Algorithm
from dvclite.pack.salvage import algorithm_of, salvage
from dvclite.pack.writer import Pack, PackWriter


def rescue(path: str, new_path: str, algorithm: Algorithm) -> Pack | None:
    """Write what is whole in a damaged pack into a new one, which has no name yet.

    Where all of it is whole the new pack has the same id.

    Args:
        path: The damaged pack.
        new_path: Where to write.
        algorithm: What blobs are named by, where the pack does not tell.

    Returns:
        The new pack; None if nothing is whole.

    Raises:
        OSError: One of the two cannot be read or written.
    """
    algorithm = algorithm_of(path, algorithm)
    writer = PackWriter(new_path, algorithm)
    try:
        for entry, stored in salvage(path, algorithm):
            writer.add(entry.kind, entry.digest, stored, codec=entry.codec, size=entry.size)
        return writer.finish() if writer.count else None
    finally:
        writer.discard()
