"""Imported data: brought into the cache from where it comes from."""

import os
from collections.abc import Iterable
from dataclasses import replace
from posixpath import dirname

from dvclite.cache.writer import Writer
from dvclite.errors import (
    BlobMissingError,
    ConfigError,
    DvcliteError,
    OriginError,
    RemoteError,
    TransferError,
)
from dvclite.hashing import BlobRef, Oid, algorithm_of, hash_bytes, is_tree
from dvclite.pointer import Output
from dvclite.pointer.origin import FACTS, Origin
from dvclite.remotestore.store import RemoteStore
from dvclite.repo.downloads import Way, download
from dvclite.repo.outputs import owned
from dvclite.repo.project import Project
from dvclite.repo.sources import Held, Source, open_source
from dvclite.transfer.fetch import fetch
from dvclite.transfer.moved import Moved
from dvclite.transfer.wanted import Wanted, wanted
from dvclite.tree import Entry, below

_LONGEST_CHAIN = 10


def is_complete(project: Project, output: Output) -> bool:
    """Say whether the cache has all of an output."""
    if output.oid is None:
        return False
    if not is_tree(output.oid):
        return output.oid in project.cache
    try:
        tree = project.cache.tree(output.oid)
    except DvcliteError:
        return False
    return not project.cache.absent([entry.oid for entry in tree if entry.is_file])


def bring(way: Way, output: Output) -> tuple[Output, Moved]:
    """Bring the data of an import into the cache from where it comes from.

    Args:
        way: How.
        output: What the pointer says. If it has an oid, and not the newest version is meant, what
            arrives has to be that.

    Returns:
        What is to be said of it now, and what moved.

    Raises:
        OriginError: It is not to be had from there.
        BlobMissingError, TransferError, RemoteError: A remote there does not give all of it.
    """
    assert output.origin is not None, "what was made here is brought from nowhere"
    source = _opened(way, output) if output.origin.home is not None else None
    project, own = _side(way, output, source)
    if project is way.project:
        found, moved = _bring(way, own, source)
    else:
        project.register()
        with project.exclusive(), project.cache.lease() as lease:
            found, moved = _bring(replace(way, project=project, lease=lease), own, source)
        assert found.oid is not None, "what was brought has a name"
        found = replace(found, oid=Oid(way.project.format.algorithm.other_mark + found.oid))
    if not way.newest and output.oid is not None and found.oid != output.oid:
        raise OriginError(
            _place(output.origin),
            f"it holds something else than was imported as {output.path}",
            hint=f"`dvclite update {output.path}` takes over what is there now",
        )
    return found, moved


def _side(way: Way, output: Output, source: Source | None) -> tuple[Project, Output]:
    """Return the repository, as it is or as it was, in whose format an import is to be brought.

    That is the one that names it so far, if that very version is meant; else the one that names
    things as they are named where they come from.
    """
    project = way.project
    owner, own = owned(project, output)
    if project.former is None or (output.oid is not None and not way.newest):
        return owner, own
    if source is None:
        return project, own
    assert output.origin is not None
    names = source.algorithms(output.origin.path)
    sides = [side for side in (project, project.former) if side.format.algorithm.name in names]
    return (sides[0] if sides else owner), own


def _bring(way: Way, output: Output, source: Source | None) -> tuple[Output, Moved]:
    if source is None:
        return _bring_download(way, output)
    return _bring_from_repo(way, output, source)


def newest_commit(way: Way, output: Output) -> str:
    """Return the commit that data would be brought from.

    Raises:
        OriginError: It cannot be known.
    """
    assert output.origin is not None
    assert output.origin.home is not None
    return _opened(way, output).commit


def _opened(way: Way, output: Output) -> Source:
    assert output.origin is not None
    assert output.origin.home is not None
    above = dirname(output.path)
    bases = () if way.base is None else (way.base, way.base / above)
    return open_source(way.project, output.origin.home, bases, newest=way.newest)


def _place(origin: Origin) -> str:
    return origin.home.url if origin.home is not None else origin.path


def _bring_download(way: Way, output: Output) -> tuple[Output, Moved]:
    with way.project.cache.writer(way.lease) as writer:
        got = download(way, writer, output)
        entries, facts = got.entries, got.facts
        if got.is_directory:
            found = _as_directory(way, writer, output, entries)
        else:
            (entry,) = entries
            found = replace(output, oid=entry.oid, size=entry.size, files=None)
        facts = facts or _facts_of(way, found)
    assert found.origin is not None
    size = sum(entry.size for entry in entries)
    origin = replace(found.origin, facts=facts)
    return replace(found, origin=origin), Moved(files=len(entries), size=size)


def _facts_of(way: Way, output: Output) -> tuple[tuple[str, str], ...]:
    """Return what DVC remembers of data that it could hash where it was."""
    facts = [("size", str(output.size))]
    algorithm = way.project.format.algorithm.name
    if algorithm in FACTS:
        facts.insert(0, (algorithm, str(output.oid)))
    if output.files is not None:
        facts.append(("nfiles", str(output.files)))
    return tuple(facts)


def _bring_from_repo(way: Way, output: Output, source: Source) -> tuple[Output, Moved]:
    origin = output.origin
    assert origin is not None
    assert origin.home is not None
    bringing = _Bringing(way)
    entries, is_directory = bringing.entries(source, origin.path, ())
    with way.project.cache.writer(way.lease) as writer:
        entries = [_renamed(way, writer, entry) for entry in entries]
        if is_directory:
            found = _as_directory(way, writer, output, entries)
        else:
            (entry,) = entries
            found = replace(output, oid=entry.oid, size=entry.size, files=None)
    home = replace(origin.home, commit=source.commit)
    return replace(found, origin=replace(origin, home=home)), bringing.moved


def _as_directory(way: Way, writer: Writer, output: Output, entries: Iterable[Entry]) -> Output:
    tree = way.project.format.make_tree(sorted(entries))
    writer.save_tree(tree)
    return replace(output, oid=tree.oid, size=tree.size, files=tree.files, executable=False)


def _renamed(way: Way, writer: Writer, entry: Entry) -> Entry:
    """Return an entry whose content is named as is done today; old names stay with old data."""
    algorithm = way.project.format.algorithm
    if algorithm_of(entry.oid, algorithm) is algorithm:
        return entry
    data = way.project.cache.read(entry.oid)
    oid = hash_bytes(data, algorithm)
    writer.take(BlobRef(oid, len(data)), data, str(way.project.cache.root))
    return entry._replace(oid=oid)


class _Bringing:
    """Brings what is at a path of a repository, which may have imported it itself."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self.moved = Moved()

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
                hint="`dvclite update --rev REV` takes another revision",
            )
        return entries, True

    def _check_chain(self, source: Source, via: tuple[str, ...]) -> None:
        if len(via) > _LONGEST_CHAIN:
            raise OriginError(source.repo.url, f"it was imported on and on: {' → '.join(via)}")

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
            raise OriginError(source.repo.url, f"{held.path} was never added there")
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
            raise OriginError(source.repo.url, f"it has no remote to fetch {held.path} from")
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
            raise OriginError(held.project.root.name, f"{held.path} has no {part} at that version")
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
            found, moved = bring(way, held.output)
            self.moved += moved
            assert found.oid is not None
            return self._cached(held, found.oid, part)
        further = _opened(way, held.output)
        path = f"{origin.path}/{part}" if part else origin.path
        return self.entries(further, path, (*via, source.repo.url))
