"""Making packs."""

import os
from dataclasses import dataclass

from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.hashing import Algorithm
from dvclite.pack.coding import checksum
from dvclite.pack.index import Entries, write_end
from dvclite.pack.layout import (
    BOUNDS,
    DESCRIPTION,
    ENTRY_HEADER_SIZE,
    ENTRY_MAGIC,
    HEADER_SIZE,
    MOST_BYTES,
    MOST_ENTRIES,
    RECORD_SIZE,
    TARGET,
    TRAILER_SIZE,
    Codec,
    Kind,
    digest_length,
    header,
)
from dvclite.pack.piece import Piece

PACK_MODE = 0o444 if os.name != "nt" else 0o666
"""Nobody changes a pack, and Windows flushes only what may be changed."""

_PIECE = 1 << 20
_LARGE = 64 << 10


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that is complete, and lies where it was written: not flushed, not yet named.

    Attributes:
        id: Its name.
        path: The file.
        size: How many bytes it has.
        entries: What is in it.
    """

    id: str
    path: str
    size: int
    entries: Entries


class PackWriter:
    """Writes one pack, front to end. For one thread.

    Every writer ends by `finish` or by `discard`.

    Attributes:
        count: How many entries there are so far.
        size: How many bytes the pack has if it is finished now.
    """

    def __init__(self, path: str | os.PathLike[str], algorithm: Algorithm) -> None:
        """Begin a pack.

        Args:
            path: A new file, elsewhere than where the pack will have its name.
            algorithm: What its blobs are named by.
        """
        self._path = os.fspath(path)
        self._algorithm = algorithm
        self._is_over = False
        self._fd: int | None = changes.create(self._path, mode=PACK_MODE)
        self._lengths = {kind: digest_length(kind, algorithm) for kind in Kind}
        self._records = bytearray()
        self._pieces = [header(algorithm)]
        self._waiting = self._offset = HEADER_SIZE
        self.count = 0
        self.size = HEADER_SIZE + TRAILER_SIZE

    @property
    def is_full(self) -> bool:
        """Whether it is time to finish this pack and begin another."""
        return self.size >= TARGET or self.count >= MOST_ENTRIES

    def add(
        self,
        kind: Kind,
        digest: bytes,
        data: bytes | memoryview,
        *,
        codec: Codec = Codec.PLAIN,
        size: int | None = None,
    ) -> int:
        """Put one thing into the pack, and return its number there.

        Args:
            kind: What it is.
            digest: Its name, which is relied upon.
            data: What is stored.
            codec: How it is stored. What does not become smaller has to be stored plain.
            size: The length of its content, where `data` is not the content itself.

        Raises:
            ValueError: A pack cannot hold this, or not this beside what it holds already.
            OSError: The pack cannot be written; it was discarded.
        """
        stored = len(data)
        if size is None:
            size = stored
        self._check(kind, len(digest), stored, codec, size)
        description = DESCRIPTION.pack(kind, codec, 0, stored, size, digest)
        rest = description + checksum(description, data)
        offset = self._offset + ENTRY_HEADER_SIZE
        self._records += offset.to_bytes(4, "little") + rest
        self._offset = offset + stored
        self._pieces.append(ENTRY_MAGIC + rest)
        if stored >= _LARGE:  # It goes its way without a copy.
            self._write_pieces()
            self._write(data)
        else:
            self._pieces.append(bytes(data))
            self._waiting += ENTRY_HEADER_SIZE + stored
        if self._waiting >= _PIECE:
            self._write_pieces()
        self.size += ENTRY_HEADER_SIZE + stored + RECORD_SIZE
        self.count += 1
        return self.count - 1

    def append(self, piece: Piece) -> None:
        """Put blobs into the pack that are in the form of entries already.

        Raises:
            ValueError: There is no room for them in a pack.
            OSError: The pack cannot be written; it was discarded.
        """
        if self.size + len(piece.data) + len(piece.oids) * RECORD_SIZE > MOST_BYTES:
            raise ValueError("a pack cannot be that large")
        records, offset, place = self._records, self._offset, 0
        for size in piece.sizes:
            offset += ENTRY_HEADER_SIZE
            records += offset.to_bytes(4, "little")
            records += piece.data[place + len(ENTRY_MAGIC) : place + ENTRY_HEADER_SIZE]
            offset += size
            place += ENTRY_HEADER_SIZE + size
        self._offset = offset
        self._pieces.append(piece.data)
        self._waiting += len(piece.data)
        if self._waiting >= _PIECE:
            self._write_pieces()
        self.size += len(piece.data) + len(piece.sizes) * RECORD_SIZE
        self.count += len(piece.sizes)

    def finish(self, *, to_be_flushed: bool = True) -> Pack:
        """Write the index and close the file. Whoever names it flushes it before.

        Args:
            to_be_flushed: Whether it will be flushed, so that its way to the disk should begin.

        Raises:
            OSError: It could not be written, and is to be discarded.
        """
        records, self._records = bytes(self._records), bytearray()
        pack_id, trailer = write_end(records, self._offset, self._algorithm)
        if len(records) >= _PIECE:  # A copy of it is one too many.
            self._write_pieces()
        self._pieces.append(records)
        if len(records) >= _PIECE:
            self._write_pieces()
        self._pieces.append(trailer)
        fd = self._write_pieces()
        if to_be_flushed and self.size >= _PIECE:
            changes.begin_flush(fd)
        self._fd = None
        changes.close(fd)
        self._is_over = True
        return Pack(pack_id, self._path, self.size, Entries(records, self._algorithm))

    def discard(self) -> None:
        """Give the pack up, and remove the file. One that was finished stays."""
        if self._is_over:
            return
        self._is_over = True
        fd, self._fd = self._fd, None
        try:
            if fd is not None:
                changes.close(fd)
        finally:
            discard(self._path)

    def _check(self, kind: Kind, length: int, stored: int, codec: Codec, size: int) -> None:
        if self._fd is None:
            raise ValueError("this pack is finished")
        if length != self._lengths[kind]:
            raise ValueError(f"a digest of {length} bytes")
        if size > BOUNDS[kind]:
            raise ValueError(f"{size:,} bytes are too many for an entry")
        if stored >= size if codec else stored != size:
            raise ValueError(f"{size:,} bytes cannot be stored in {stored:,}")
        if self.size + ENTRY_HEADER_SIZE + stored + RECORD_SIZE > MOST_BYTES:
            raise ValueError("a pack cannot be that large")
        if self.count >= MOST_ENTRIES:
            raise ValueError("a pack cannot have that many entries")

    def _write_pieces(self) -> int:
        """Write what waits, and return the file."""
        pieces, self._pieces, self._waiting = self._pieces, [], 0
        return self._write(b"".join(pieces))

    def _write(self, data: bytes | memoryview) -> int:
        """Write bytes, and return the file; a pack that cannot be written is discarded at once."""
        if self._fd is None:
            raise ValueError("this pack is finished")
        try:
            changes.write(self._fd, data)
        except BaseException:
            self.discard()
            raise
        return self._fd
