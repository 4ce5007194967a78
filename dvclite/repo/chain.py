"""The repositories that data was imported through, back to the one that has it."""

import os
from collections.abc import Callable
from dataclasses import replace
from posixpath import dirname

from dvclite.errors import (
    BlobMissingError,
    ConfigError,
    DvcliteError,
    OriginError,
    RemoteError,
    TransferError,
)
from dvclite.hashing import BlobRef, Oid, hash_bytes, is_tree
from dvclite.pointer import Output
from dvclite.remotestore.store import RemoteStore
from dvclite.repo.downloads import Way
from dvclite.repo.outputs import is_complete
from dvclite.repo.sources import Held, Source, open_source
from dvclite.transfer.fetch import fetch
from dvclite.transfer.moved import Moved
from dvclite.transfer.wanted import Wanted, wanted
from dvclite.tree import Entry, below

_LONGEST = 10
_OTHER_REVISION = "`dvclite update --rev REV` takes another revision"


def source_of(way: Way, output: Output) -> Source:
    """Return the repository that an output was imported from.

    Raises:
        OriginError: It cannot be had, or has no such commit.
    """
    assert output.origin is not None
    assert output.origin.home is not None
    above = dirname(output.path)
    bases = () if way.base is None else (way.base, way.base / above)
    return open_source(way.project, output.origin.home, bases, newest=way.newest)


class Chain:
    """Brings what is at a path of a repository, which may have imported it itself.

    Attributes:
        moved: What has moved for that.
    """

    def __init__(self, way: Way, bring: Callable[[Way, Output], tuple[Output, Moved]]) -> None:
        """Begin in this repository.

        Args:
            way: How data is brought.
            bring: Brings the data of an import, wherever that is from.
        """
        self.moved = Moved()
        self._way = way
        self._bring = bring

    def entries(self, source: Source, path: str, via: tuple[str, ...]) -> tuple[list[Entry], bool]:
        """Bring what is at a path into the cache.

        Args:
            source: The repository.
            path: Relative to its top.
            via: The repositories that led there.

        Returns:
            The files, by their paths below it, and whether it is a directory.

        Raises:
            OriginError: Nothing is there.
        """
        self._check_chain(source, via)
        for held in source.outputs:
            if path == held.path or path.startswith(held.path + "/"):
                return self._inside(source, held, path[len(held.path) + 1 :], via)
        entries = self._from_git(source, path)
        if [entry.path for entry in entries] == [""]:
            return entries, False
        prefix = "" if path == "." else path + "/"
        for held in source.outputs:
            if held.path.startswith(prefix):
                inner, is_directory = self._inside(source, held, "", via)
                above = held.path[len(prefix) :]
                entries += [
                    entry._replace(path=f"{above}/{entry.path}" if is_directory else above)
                    for entry in inner
                ]
        if not entries:
            raise OriginError(
                source.repo.url,
                f"it has no {path} at {source.commit[:10]}",
                hint=_OTHER_REVISION,
            )
        return entries, True

    def _check_chain(self, source: Source, via: tuple[str, ...]) -> None:
        if len(via) > _LONGEST:
            raise OriginError(
                source.repo.url,
                f"it was imported on and on: {' → '.join(via)}",
                hint="import it from the repository that it was added to",
            )

    def _from_git(self, source: Source, path: str) -> list[Entry]:
        algorithm = self._way.project.format.algorithm
        skipped = 0 if path == "." else len(path) + 1
        entries = []
        with self._way.project.cache.writer(self._way.lease) as writer:
            for version in source.files(path):
                data = version.data or b""
                ref = BlobRef(hash_bytes(data, algorithm), len(data))
                writer.take(ref, data, source.repo.url)
                entries.append(Entry(version.path[skipped:], ref.oid, ref.size))
            self.moved += Moved(files=writer.stored, size=writer.stored_bytes)
        return entries

    def _inside(
        self, source: Source, held: Held, part: str, via: tuple[str, ...]
    ) -> tuple[list[Entry], bool]:
        """Bring an output of another repository, or a part of it."""
        output = held.output
        if output.oid is None and output.origin is None:
            raise OriginError(
                source.repo.url,
                f"{held.path} was never added there",
                hint="have it added, committed and pushed there",
            )
        ours = self._way.project.format.algorithm.name
        if held.project.format.algorithm.name != ours:
            theirs = held.project.format.algorithm.name
            raise OriginError(
                source.repo.url,
                f"data is named by {theirs} there, and by {ours} here",
                hint="fetch it in a clone of that repository, and add a copy of it",
            )
        if output.oid is None or not self._fetch(source, held, part):
            return self._chained(source, held, part, via)
        return self._cached(held, output.oid, part)

    def _fetch(self, source: Source, held: Held, part: str) -> bool:
        """Fetch an output from where its own repository has it; say whether it has."""
        output = held.output
        if is_complete(self._way.project, output):
            return True
        path = f"{output.path}/{part}" if part else output.path
        failure: DvcliteError | None = None
        for open_place in source.places(held, self._way.jobs):
            try:
                with open_place() as store:
                    moved = self._moved(store, wanted(output, path))
                self.moved += replace(moved, failures=(), left=0)
                moved.check("fetched")
                return True
            except (RemoteError, ConfigError, BlobMissingError, TransferError) as error:
                failure = error
        if output.origin is not None:
            return False
        if failure is None:
            raise OriginError(
                source.repo.url,
                f"it has no remote to fetch {held.path} from",
                hint="have a remote added there, committed, and the data pushed to it",
            )
        raise failure

    def _moved(self, store: RemoteStore, one: Wanted) -> Moved:
        way = self._way
        return fetch(way.project.cache, store, [one], way.lease, way.progress)

    def _cached(self, held: Held, oid: Oid, part: str) -> tuple[list[Entry], bool]:
        cache = self._way.project.cache
        if not is_tree(oid):
            return [Entry("", oid, self._size(oid))], False
        if part in ("", "."):
            found = [entry for entry in cache.tree(oid) if entry.is_file]
        else:
            found = [entry for entry in below(cache.tree(oid), part) if entry.is_file]
        sized = [entry._replace(size=self._size(entry.oid)) for entry in found]
        if [entry.path for entry in sized] == [part]:
            return [sized[0]._replace(path="")], False
        if not sized and part:
            raise OriginError(
                held.project.root.name,
                f"{held.path} has no {part} at that version",
                hint=_OTHER_REVISION,
            )
        skipped = len(part) + 1 if part else 0
        return [entry._replace(path=entry.path[skipped:]) for entry in sized], True

    def _size(self, oid: Oid) -> int:
        path = self._way.project.cache.loose.find(oid)
        if path is not None:
            return os.stat(path).st_size
        with self._way.project.cache.open(oid) as stream:
            return stream.seek(0, os.SEEK_END)

    def _chained(
        self, source: Source, held: Held, part: str, via: tuple[str, ...]
    ) -> tuple[list[Entry], bool]:
        """Bring what the other repository imported from where it did."""
        origin = held.output.origin
        assert origin is not None
        base = None if source.is_clone else held.project.root
        way = replace(self._way, newest=False, asked_for=False, base=base)
        if origin.home is None:
            found, moved = self._bring(way, held.output)
            self.moved += moved
            assert found.oid is not None
            return self._cached(held, found.oid, part)
        further = source_of(way, held.output)
        path = f"{origin.path}/{part}" if part else origin.path
        return self.entries(further, path, (*via, source.repo.url))
