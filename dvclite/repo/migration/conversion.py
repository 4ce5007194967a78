"""The content of outputs, from the names of one format to those of another."""

import os
from dataclasses import replace

from dvclite.cache.writer import Writer
from dvclite.errors import BlobCorruptError, HostilePathError
from dvclite.hashing import READ_SIZE, BlobRef, Oid, hash_bytes
from dvclite.pointer import Output
from dvclite.progress import Progress
from dvclite.repo.migration.kinds import as_files, with_what_is_here
from dvclite.repo.project import Project
from dvclite.tree import Entry


class Converter:
    """Brings blobs from one cache into another, each read once, under new names.

    Attributes:
        files: How many files were converted.
        size: How many bytes were read.
    """

    def __init__(
        self, source: Project, target: Project, writer: Writer, progress: Progress
    ) -> None:
        """Convert what `source` names for `target`, whose cache `writer` writes to."""
        self._source = source
        self._target = target
        self._writer = writer
        self._progress = progress
        self._known: dict[Oid, BlobRef] = {}
        self.files = 0
        self.size = 0

    def convert(self, output: Output) -> Output:
        """Return an output as the new format names it. Its blobs are durable when the writer's are.

        Args:
            output: As the old format names it.

        Raises:
            BlobMissingError, BlobCorruptError: Something of it is not in the old cache.
            TreeError, HostilePathError: Its tree cannot be used, or not be written down anew.
        """
        assert output.oid is not None, "what was never computed has no other name"
        if output.is_directory:
            return self._directory(output, output.oid)
        ref = self._blob(output.oid)
        return replace(output, oid=ref.oid, size=ref.size)

    def name_of(self, oid: Oid) -> BlobRef | None:
        """Return what a blob that was converted is called now."""
        return self._known.get(oid)

    def _directory(self, output: Output, oid: Oid) -> Output:
        keeps_all = self._target.format.keeps_links
        tree = self._source.cache.tree(oid)
        entries = [self._entry(entry) for entry in (tree if keeps_all else as_files(tree))]
        if keeps_all and not self._source.format.keeps_links:
            entries = with_what_is_here(self._target, output.path, entries)
        try:
            new = self._target.format.make_tree(entries)
        except HostilePathError as error:
            raise error.at(output.path) from None
        self._writer.save_tree(new)
        return replace(output, oid=new.oid, size=new.size, files=new.files, executable=False)

    def _entry(self, entry: Entry) -> Entry:
        if not entry.is_file:
            return entry
        ref = self._blob(entry.oid)
        return entry._replace(oid=ref.oid, size=ref.size)

    def _blob(self, oid: Oid) -> BlobRef:
        known = self._known.get(oid)
        if known is None:
            try:
                known = self._known[oid] = self._bring(oid)
            except BlobCorruptError:
                self._source.cache.set_aside_damaged(oid)
                raise
            self.size += known.size
            self._progress.advance(size=known.size)
        self.files += 1
        self._progress.advance(files=1)
        return known

    def _bring(self, oid: Oid) -> BlobRef:
        cache = self._source.cache
        path = cache.loose.find(oid)
        if path is not None and os.stat(path).st_size > READ_SIZE:
            return self._writer.inherit(path, oid, cache.format.algorithm)
        data = cache.read(oid)
        ref = BlobRef(hash_bytes(data, self._target.format.algorithm), len(data))
        self._writer.take(ref, data, str(cache.root))
        return ref
