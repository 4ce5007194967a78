"""Blobs on their way out into a workspace: as clones, links or copies, verified."""

import os
from enum import StrEnum
from functools import partial

from dvclite.cache.finding import Finder
from dvclite.cache.loose import LooseBlobs, open_blob
from dvclite.cache.verifying import Verifier
from dvclite.errors import BlobCorruptError
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.copying import copy, ignore_bytes, read, read_whole
from dvclite.files.linking import try_link
from dvclite.hashing import READ_SIZE, BlobRef, Hasher
from dvclite.pack.layout import LARGEST


class Kind(StrEnum):
    """How a workspace file relates to its blob in the cache."""

    REFLINK = "reflink"
    HARDLINK = "hardlink"
    SYMLINK = "symlink"
    COPY = "copy"


_LINKS = frozenset({Kind.HARDLINK, Kind.SYMLINK})


class Layout:
    """Makes workspace files from blobs: loose ones can be linked, packed ones are copied."""

    def __init__(self, blobs: LooseBlobs, finder: Finder, verifier: Verifier) -> None:
        """Take blobs from where `finder` finds them."""
        self._blobs = blobs
        self._finder = finder
        self._verifier = verifier
        self._can_clone = True

    def make(self, ref: BlobRef, target: str, kinds: tuple[Kind, ...], mode: int) -> Kind:
        """Make `target`, as `Cache.lay_out` promises."""
        loose_first = ref.size > LARGEST or not _LINKS.isdisjoint(kinds)
        found = self._finder.find(ref.oid, loose_first=loose_first, mend=True)
        if isinstance(found, bytes):
            _write(found, target, mode)
            return Kind.COPY
        source, path = found
        hasher = self._verifier.begin(ref.oid, os.fstat(source).st_size)
        try:
            kind = self._link(source, path, target, kinds, mode, hasher)
            if kind is None:
                self._copy(source, ref.size, target, mode, hasher)
            if not hasher.is_right(partial(_hash_all, target)):
                aside = self._blobs.set_aside(ref.oid, path)
                raise BlobCorruptError(ref.oid, self._blobs.root, set_aside=aside)
        except BaseException:
            discard(target)
            raise
        finally:
            os.close(source)
        return kind or Kind.COPY

    def _link(
        self,
        source: int,
        path: str,
        target: str,
        kinds: tuple[Kind, ...],
        mode: int,
        hasher: Hasher,
    ) -> Kind | None:
        """Link `target` to the blob in the first way that works, and hash what it leads to."""
        for kind in kinds:
            if kind is Kind.COPY:
                return None
            if kind is Kind.REFLINK:
                made = self._can_clone and self._clone(source, target, mode)
            else:
                # The executable bit of a link would be that of the blob, and so of other files.
                made = not mode & 0o111 and try_link(path, target, symbolic=kind is Kind.SYMLINK)
            if made:
                read(source, hasher, ignore_bytes)
                return kind
        return None

    def _clone(self, source: int, target: str, mode: int) -> bool:
        fd = changes.create(target, mode=mode)
        try:
            self._can_clone = changes.clone(source, fd)
        finally:
            changes.close(fd)
        if not self._can_clone:
            discard(target)
        return self._can_clone

    def _copy(self, source: int, size: int, target: str, mode: int, hasher: Hasher) -> None:
        if 0 <= size <= READ_SIZE:
            data = read_whole(source, size)
            hasher.update(data)
            _write(data, target, mode)
            return
        fd = changes.create(target, mode=mode)
        try:
            # Whoever has files made flushes them before they get their names.
            copy(source, fd, hasher, ignore_bytes, to_be_flushed=True)
        finally:
            changes.close(fd)


def _hash_all(path: str, hasher: Hasher) -> None:
    fd = open_blob(path)
    try:
        read(fd, hasher, ignore_bytes)
    finally:
        os.close(fd)


def _write(data: bytes, target: str, mode: int) -> None:
    fd = changes.create(target, mode=mode)
    try:
        changes.write(fd, data)
    except BaseException:
        discard(target)
        raise
    finally:
        changes.close(fd)
