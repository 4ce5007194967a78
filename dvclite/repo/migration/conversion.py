"""The content of outputs, from the names of one format to those of another."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace

from dvclite.cache.writer import Writer
from dvclite.errors import BlobCorruptError, HostilePathError, TreeError
from dvclite.hashing import READ_SIZE, BlobRef, Oid, hash_bytes
from dvclite.pointer import Output
from dvclite.progress import Progress
from dvclite.repo.migration.kinds import as_files, with_what_is_here
from dvclite.repo.project import Project
from dvclite.statcache.rows import Row, is_executable, is_link, row
from dvclite.statcache.update import Update
from dvclite.tree import Entry


class Converter:
    """Brings blobs from one cache into another under new names, large ones once each.

    Attributes:
        files: How many files were converted.
        size: How many bytes these hold.
    """

    def __init__(
        self, source: Project, target: Project, writer: Writer, progress: Progress
    ) -> None:
        """Convert what `source` names for `target`, whose cache `writer` writes to."""
        self._source = source
        self._target = target
        self._writer = writer
        self._progress = progress
        # Of small ones there may be a million, and reading one again is little work.
        self._large: dict[Oid, BlobRef] = {}
        self.files = 0
        self.size = 0

    def convert(self, output: Output, update: Update) -> Output:
        """Return an output as the new format names it. Its blobs are durable when the writer's are.

        Args:
            output: As the old format names it.
            update: Is told by their new names of files that the old stat cache knows.

        Raises:
            BlobMissingError, BlobCorruptError: Something of it is not in the old cache.
            TreeError, HostilePathError: Its tree cannot be used, or not be written down anew.
        """
        assert output.oid is not None, "what was never computed has no other name"
        known = self._source.workspace.statcache.below(output.path)
        if not output.is_directory:
            ref = self._blob(output.oid)
            new = Entry(output.path, ref.oid, ref.size)
            for one in known:
                if _stands_for(one, output.path, output.oid):
                    update.put(_renamed(one, new, tells_mode=True))
            return replace(output, oid=ref.oid, size=ref.size)
        try:
            entries = self._kept(output, output.oid)
            new_tree = self._target.format.make_tree(self._anew(output, entries, known, update))
        except (HostilePathError, TreeError) as error:
            raise error.at(output.path) from error
        self._writer.save_tree(new_tree)
        return replace(
            output, oid=new_tree.oid, size=new_tree.size, files=new_tree.files, executable=False
        )

    def _kept(self, output: Output, oid: Oid) -> Iterator[Entry]:
        """Yield what the new tree of a directory has, with the old names of what files hold."""
        tree = self._source.cache.tree(oid)
        if not self._target.format.keeps_links:
            return as_files(tree)
        if not self._source.format.keeps_links:
            return with_what_is_here(self._target, output.path, tree)
        return iter(tree)

    def _anew(
        self, output: Output, entries: Iterable[Entry], known: Iterator[Row], update: Update
    ) -> Iterator[Entry]:
        """Yield entries of a directory with new names; `known` are its rows, sorted like them."""
        tells_mode = self._target.format.keeps_links
        one = next(known, None)
        for entry in entries:
            if not entry.is_file:
                yield entry
                continue
            ref = self._blob(entry.oid)
            path = f"{output.path}/{entry.path}"
            while one is not None and one.path < path:
                one = next(known, None)
            if one is not None and _stands_for(one, path, entry.oid):
                new = Entry(path, ref.oid, ref.size)
                update.put(_renamed(one, new, tells_mode=tells_mode))
            yield entry._replace(oid=ref.oid, size=ref.size)

    def _blob(self, oid: Oid) -> BlobRef:
        ref = self._large.get(oid)
        if ref is None:
            try:
                ref = self._bring(oid)
            except BlobCorruptError:
                self._source.cache.set_aside_damaged(oid)
                raise
        self.size += ref.size
        self.files += 1
        self._progress.advance(files=1, size=ref.size)
        return ref

    def _bring(self, oid: Oid) -> BlobRef:
        cache = self._source.cache
        path = cache.loose.find(oid)
        if path is not None and os.stat(path).st_size > READ_SIZE:
            ref = self._large[oid] = self._writer.inherit(path, oid, cache.format.algorithm)
            return ref
        data = cache.read(oid)
        ref = BlobRef(hash_bytes(data, self._target.format.algorithm), len(data))
        self._writer.take(ref, data, str(cache.root))
        return ref


def _stands_for(known: Row, path: str, oid: Oid) -> bool:
    """Say whether what is known is of a file with some content; a link tells nothing of the mode."""
    return known.path == path and not is_link(known) and known.entry(path).oid == oid


def _renamed(known: Row, new: Entry, *, tells_mode: bool) -> Row:
    """Return what is known of a file, by the new name of what it holds."""
    executable = tells_mode and is_executable(known)
    return row(known.path, known.signature, new._replace(executable=executable))
