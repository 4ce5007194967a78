"""A remote in a directory."""

import os
import stat
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from io import FileIO
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from dvclite.errors import KeyExistsError, KeyMissingError
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.flushing import Outflow
from dvclite.remote import Answers, Given, OnBytes, ReadInto, RemoteEntry, ignore_bytes
from dvclite_local.blobs import open_blob, read_part
from dvclite_local.failures import translated
from dvclite_local.group import Groups
from dvclite_local.keys import split_key
from dvclite_local.listing import entries
from dvclite_local.partial import Partial, Target
from dvclite_local.root import Root
from dvclite_local.settings import Settings
from dvclite_local.staging import RemoteStaging

_PIECE = 1 << 20


class LocalRemote:
    """Keys are paths below a folder; blobs are files that nobody may write to.

    A file is written in a hidden folder beside the keys, flushed, and only then given its name.
    """

    def __init__(self, settings: Settings) -> None:
        """Use the folder that `settings` name; it is made by the first `put`."""
        self.url = settings.url
        self._root = Root(
            settings.url, settings.path, folder_mode=0o2775 if settings.shared else 0o777
        )
        self._staging = RemoteStaging(self._root)
        self._groups = Groups(self._root, self._staging)
        self._reflink = settings.reflink

    def stat(self, key: str) -> int | None:
        """Return the size of what `key` holds, in bytes, or None if it is absent."""
        below, name = split_key(key)
        with self._translated(key, key):
            folder = self._root.reading(below)
            found = folder.lstat(name) if folder is not None else None
            if found is None:
                self._root.expect()
        return found.st_size if found is not None and stat.S_ISREG(found.st_mode) else None

    def list(self, prefix: str) -> Iterator[RemoteEntry]:
        """Yield every key that begins with `prefix`."""
        with self._translated("", ""):
            self._root.expect()
            yield from entries(self._root, prefix)

    def put(
        self, key: str, source: Path, *, if_absent: bool = False, moved: OnBytes = ignore_bytes
    ) -> None:
        """Store the content of the file `source` under `key`, flushed to the disk."""
        below, _ = split_key(key)
        with FileIO(source) as reading, ExitStack() as stack:
            with self._translated(key, below):
                target = self._target(key, if_absent=if_absent, stack=stack)
                # Where a key may not be there yet, the number of names tells whose it is.
                may_link = self._reflink and not if_absent and isinstance(source, Given)
                linked = self._staging.link(source, target) if may_link else None
                partial = stack.enter_context(linked or self._staging.new(target))
                partial.protect()
            if linked is None:
                self._fill(partial, reading, key, moved)
            else:
                moved(os.fstat(partial.fd).st_size)
            with self._translated(key, below):
                partial.finish()

    def put_group(
        self,
        keys: Iterator[str],
        read: Callable[[str], bytes | None],
        *,
        moved: OnBytes = ignore_bytes,
    ) -> Collection[str]:
        """Store many contents, flushed together, and return the keys of which that is done."""
        return self._groups.put(keys, read, moved)

    def get_group(
        self,
        keys: Iterator[str],
        take: Callable[[str, bytes], bool],
        *,
        most: int,
        moved: OnBytes = ignore_bytes,
    ) -> Generator[Answers, None, None]:
        """Hand out many contents, and yield which of them were taken."""
        return self._groups.get(keys, take, most, moved)

    def get(self, key: str, target: Path, *, moved: OnBytes = ignore_bytes) -> None:
        """Write what `key` holds to the file `target`, made or replaced."""
        with self._open(key) as reading:
            discard(str(target))
            writing = changes.create(str(target))
            try:
                if self._clone(reading, writing):
                    moved(os.fstat(writing).st_size)
                else:
                    read, outflow = self._read_from(reading, key), Outflow(writing)

                    def write(piece: bytes) -> None:
                        changes.write(writing, piece)
                        outflow.add(len(piece))

                    _pour(read, write, reading, moved)
            finally:
                changes.close(writing)

    def read(self, key: str, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset` on; a negative one counts from the end."""
        with self._translated(key, key):
            fd, found = self._opened(key)
            try:
                start = max(0, found.st_size + offset) if offset < 0 else offset
                if start:
                    os.lseek(fd, start, os.SEEK_SET)
                return read_part(fd, min(length, found.st_size - start))
            finally:
                os.close(fd)

    @contextmanager
    def reading(self, key: str) -> Iterator[ReadInto]:
        """Open what `key` holds until the block ends."""
        with self._open(key) as file:

            def read(offset: int, memory: memoryview) -> int:
                with self._translated(key, key):
                    file.seek(offset)
                    return _fill(file, memory)

            yield read

    def delete(self, keys: Iterable[str]) -> None:
        """Make every one of `keys` absent."""
        for below, parts in groupby(map(split_key, keys), key=itemgetter(0)):
            with self._translated("", below):
                self._root.remove(below, (name for _, name in parts))

    def close(self) -> None:
        """Remove the staging folder. Closing twice is harmless."""
        with self._translated("", ""):
            self._staging.close()

    def _target(self, key: str, *, if_absent: bool, stack: ExitStack) -> Target:
        below, name = split_key(key)
        folder = stack.enter_context(self._root.writing(below))
        if if_absent and folder.lstat(name) is not None:
            raise KeyExistsError(self.url, key)
        return Target(
            url=self.url,
            key=key,
            root=self._root,
            below=below,
            folder=folder,
            name=name,
            if_absent=if_absent,
            lock=self._staging.lock_path,
        )

    def _fill(self, partial: Partial, reading: FileIO, key: str, moved: OnBytes) -> None:
        if self._clone(reading, partial.fd):
            moved(os.fstat(partial.fd).st_size)
            return

        outflow = Outflow(partial.fd)

        def write(piece: bytes) -> None:
            with self._translated(key, key):
                changes.write(partial.fd, piece)
                outflow.add(len(piece))

        _pour(reading.read, write, reading, moved)

    def _clone(self, reading: FileIO, writing: int) -> bool:
        if not self._reflink:
            return False
        try:
            return changes.clone(reading.fileno(), writing)
        except OSError:
            return False  # Copying will show on which side something is wrong.

    def _open(self, key: str) -> FileIO:
        with self._translated(key, key):
            fd, _found = self._opened(key)
        return FileIO(fd)

    def _opened(self, key: str) -> tuple[int, os.stat_result]:
        below, name = split_key(key)
        folder = self._root.reading(below)
        opened = open_blob(folder, name) if folder is not None else None
        if opened is None:
            self._root.expect()
            raise KeyMissingError(self.url, key)
        return opened

    def _read_from(self, reading: FileIO, key: str) -> Callable[[int], bytes | None]:
        def read(count: int) -> bytes | None:
            with self._translated(key, key):
                return reading.read(count)

        return read

    def _translated(self, key: str, path: str) -> AbstractContextManager[None]:
        return translated(self.url, key, self._root.full(path))


def _fill(file: FileIO, memory: memoryview) -> int:
    filled = 0
    while filled < len(memory) and (count := file.readinto(memory[filled:])):
        filled += count
    return filled


def _pour(
    read: Callable[[int], bytes | None],
    write: Callable[[bytes], None],
    source: FileIO,
    moved: OnBytes,
) -> None:
    size = os.fstat(source.fileno()).st_size
    piece_size = min(max(size, 1), _PIECE)
    while piece := read(piece_size):
        write(piece)
        moved(len(piece))
