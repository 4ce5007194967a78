"""The cache as the rest of dvclite sees it."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from dvclite.cache.finding import Finder, Opened
from dvclite.cache.fingerprints import Fingerprints
from dvclite.cache.layout import Kind, Layout
from dvclite.cache.leases import Lease, collecting, leased, leases_folder
from dvclite.cache.lending import entrusted, lent, read_small
from dvclite.cache.loose import LooseBlobs
from dvclite.cache.packed import PackedBlobs
from dvclite.cache.packfolder import PackFolder
from dvclite.cache.packing import Packing
from dvclite.cache.projects import register
from dvclite.cache.verifying import Verifier
from dvclite.cache.writer import Writer
from dvclite.errors import BlobCorruptError, PackError
from dvclite.files import changes
from dvclite.files.copying import OnBytes, ignore_bytes, read_whole
from dvclite.files.linking import can_clone
from dvclite.files.naming import Naming, renaming
from dvclite.files.staging import Staging, sweep
from dvclite.formats.format import Format
from dvclite.hashing import TREE_SUFFIX, BlobRef, Oid, algorithm_of, hash_bytes
from dvclite.pack.layout import LARGEST
from dvclite.tree import Tree


class Cache:
    """Blobs by name, on the local disk.

    Every byte is verified when it leaves. Two doors lead in, both through a `Writer`: one for own
    bytes, hashed while they are read, one for foreign bytes, verified before they get their name.

    Attributes:
        fingerprints: What proves large blobs quickly.
    """

    def __init__(
        self,
        root: Path,
        format: Format,
        index: Path,
        *,
        fingerprints: Path | None = None,
        shared: bool = False,
        largest_packed: int = LARGEST,
    ) -> None:
        """Use the cache in `root`, which is made when something is first written.

        Args:
            root: The cache's folder.
            format: How blobs are named and trees written.
            index: Where to remember which pack holds what.
            fingerprints: Where to remember what proves large blobs quickly, in a folder of its own;
                None to forget it with this cache.
            shared: Whether all members of the folder's group shall be able to write.
            largest_packed: How large a blob may be that goes into a pack, in bytes, where the
                format has packs.
        """
        self.root = root
        self.format = format
        self._folder_mode = 0o2775 if shared else 0o777
        self.loose = LooseBlobs(root, format, folder_mode=self._folder_mode)
        folder = PackFolder(root, folder_mode=self._folder_mode)
        self.packed = PackedBlobs(folder, format, index, trusted=not shared)
        self._finder = Finder(self.loose, self.packed)
        self._largest_packed = min(largest_packed or -1, LARGEST) if format.packs else -1
        # A command comes back to the tree it works on, and a large one takes time to check.
        self._last_tree: tuple[Tree, object] | None = None
        self._told: dict[Oid, Tree] = {}
        self.fingerprints = Fingerprints(fingerprints)
        self._verifier = Verifier(format.algorithm, self.fingerprints)
        self._layout = Layout(self.loose, self._finder, self._verifier)

    def absent(self, oids: Iterable[Oid]) -> set[Oid]:
        """Return which of these blobs are nowhere in the cache."""
        return self._finder.absent(oids) - self._told.keys()

    def tell(self, tree: Tree) -> None:
        """Let a tree be known that something else than the cache holds, without storing it."""
        self._told[tree.oid] = tree

    def __contains__(self, oid: Oid) -> bool:
        """Say whether a blob is in the cache."""
        return self.loose.is_in_place(BlobRef(oid, -1)) or not self.absent([oid])

    def read(self, oid: Oid) -> bytes:
        """Return the bytes of a blob that fits into memory.

        Raises:
            BlobMissingError: It is not in the cache.
            BlobCorruptError: It is not what its name says. It stays where it is: whoever only
                looks changes nothing.
        """
        found = self._finder.find(oid)
        if isinstance(found, bytes):
            return found
        try:
            data = read_whole(found.fd, os.fstat(found.fd).st_size)
        finally:
            os.close(found.fd)
        algorithm = algorithm_of(oid, self.format.algorithm)
        if hash_bytes(data, algorithm) != oid.removesuffix(TREE_SUFFIX):
            raise BlobCorruptError(oid, str(self.root))
        return data

    def read_small(self, oid: Oid, most: int) -> bytes | None:
        """Return the bytes of a blob that lies loose in its place, and has at most `most` bytes.

        Returns:
            None if there is no such blob, or it is not what its name says.
        """
        return read_small(self.loose, self.format.algorithm, oid, most)

    def open(self, oid: Oid) -> BinaryIO:
        """Return a blob as a stream, verified and at its beginning.

        Raises:
            BlobMissingError, BlobCorruptError: As from `read`.
        """
        found = self._finder.find(oid)
        if isinstance(found, bytes):
            return BytesIO(found)
        stream = open(found.fd, "rb")  # noqa: SIM115 - the caller closes it
        if not self._verifier.holds(found.fd, oid):
            stream.close()
            raise BlobCorruptError(oid, str(self.root))
        stream.seek(0)
        return stream

    def tree(self, oid: Oid) -> Tree:
        """Return a tree.

        Raises:
            BlobMissingError, BlobCorruptError: As from `read`.
            TreeError, HostilePathError: It is not a tree that may be used.
        """
        if oid in self._told:
            return self._told[oid]
        known, self._last_tree = self._last_tree, None
        signature = self.loose.signature(oid) or self.packed.find(oid)
        if known is None or known[0].oid != oid or known[1] != signature:
            known = None  # Two large trees need not be in memory at once.
            known = self.format.read_tree(oid, self.read(oid)), signature
        self._last_tree = known
        return known[0]

    def lay_out(self, ref: BlobRef, target: str, kinds: Iterable[Kind], mode: int) -> Kind:
        """Make a new file with the content of a blob, or a link to it.

        Args:
            ref: The blob.
            target: A path that nothing has yet.
            kinds: What to try, in this order. A copy is made where nothing else can be.
            mode: Permission bits of the file if it is not a link, from which the umask is taken.

        Returns:
            What was made.

        Raises:
            BlobMissingError: It is not in the cache.
            BlobCorruptError: It was not what its name says, and was set aside.
        """
        return self._layout.make(ref, target, tuple(kinds), mode)

    def can_clone_to(self, target: str) -> bool:
        """Say whether a new file at `target`, which nothing has yet, can share what the cache holds.

        Raises:
            OSError: Nothing can be made there, or in the cache.
        """
        with Staging(self.root / "tmp", mode=self._folder_mode) as staging:
            source = staging.new_path()
            fd = changes.create(source)
            try:
                changes.write(fd, b"dvclite")
            finally:
                changes.close(fd)
            return can_clone(source, target)

    @contextmanager
    def lend(self, oid: Oid, moved: OnBytes = ignore_bytes) -> Iterator[Path]:
        """Lend a file that holds a blob from the beginning of the block to its end.

        Where files of the workspace are links into the cache, a program may write through one of
        them at any moment: the file is verified before the block, and after it if it changed.

        Args:
            oid: The blob.
            moved: Is called with 0 while the file is read, and may raise to interrupt.

        Raises:
            BlobMissingError, BlobCorruptError: As from `lay_out`.
        """
        data = self._finder.find(oid, loose_first=True, mend=True)
        if isinstance(data, Opened):
            os.close(data.fd)
            with lent(self.loose, self._verifier, oid, moved) as path:
                yield path
            return
        with self._lent_from_memory(data) as path:
            yield path

    @contextmanager
    def _lent_from_memory(self, data: bytes) -> Iterator[Path]:
        with Staging(self.root / "tmp", mode=self._folder_mode) as staging:
            partial = staging.new_path()
            fd = changes.create(partial)
            try:
                changes.write(fd, data)
            finally:
                changes.close(fd)
            yield Path(partial)

    @contextmanager
    def entrust(self, oid: Oid, moved: OnBytes = ignore_bytes) -> Iterator[tuple[Path, OnBytes]]:
        """Lend a file that holds a blob to somebody who sends it, and verify it meanwhile.

        A small blob is verified before the block, a large one beside it. Who sends is kept from
        telling of the last bytes before it is verified, and gets an error if it is not right: what
        is only seen when all was told is never seen then.

        Args:
            oid: The blob.
            moved: As of a remote's `put`.

        Yields:
            The file, and what to hand to `put` in place of `moved`.

        Raises:
            BlobMissingError, BlobCorruptError: As from `lay_out`; at the end of the block, too.
        """
        found = self._finder.find(oid, loose_first=True, mend=True)
        if isinstance(found, Opened):
            os.close(found.fd)
            with entrusted(self.loose, self._verifier, oid, moved) as both:
                yield both
            return
        with self._lent_from_memory(found) as path:
            yield path, moved

    def may_be_packed(self, size: int) -> bool:
        """Say whether a blob of `size` bytes goes into a pack, as a rule."""
        return 0 <= size <= self._largest_packed

    def set_aside_damaged(self, oid: Oid) -> None:
        """Move a blob that is in its place out of the way, if its bytes are wrong."""
        self.loose.set_aside_damaged(oid)
        self.packed.set_aside_damaged(oid)

    def linked_oid(self, target: str) -> Oid | None:
        """Return which blob a symbolic link that says `target` leads to, if to one of ours."""
        inside = os.path.relpath(target, self.root) if os.path.isabs(target) else ""
        return self.format.oid_at(inside.replace(os.sep, "/"))

    def is_linked(self, oid: Oid, stat: os.stat_result) -> bool:
        """Say whether a file is the same as a blob: a hard link to it."""
        path = self.loose.find(oid)
        return path is not None and os.path.samestat(os.stat(path), stat)

    @contextmanager
    def lease(self) -> Iterator[Lease]:
        """Rely on blobs until the block ends."""
        lease = Lease(leases_folder(self.root), self._folder_mode)
        try:
            yield lease
        finally:
            lease.end()
            self.packed.save()
            self.remember()

    def remember(self) -> None:
        """Remember for later commands what proves large blobs quickly."""
        self.fingerprints.save()

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Tell running commands that a collector is at work, until the block ends."""
        with collecting(self.root, self._folder_mode):
            yield

    def leased(self) -> set[Oid]:
        """Return what running commands rely on."""
        return leased(self.root)

    def sweep(self) -> None:
        """Remove what killed processes left half-written."""
        sweep(self.root / "tmp")

    def register(self, root: Path) -> None:
        """Make it known that the repository at `root` relies on this cache."""
        register(self.root, root, self._folder_mode)

    @contextmanager
    def writer(self, lease: Lease) -> Iterator[Writer]:
        """Bring blobs in; when the block ends without an error, all of them are durable."""
        with Staging(self.root / "tmp", mode=self._folder_mode) as staging:
            packing = Packing(self.packed, self.format.algorithm, staging, self._largest_packed)
            writer = Writer(self.loose, packing, self.format, self._verifier, lease, staging)
            try:
                yield writer
                writer.finish()
            finally:
                writer.discard()

    def repack(self, packs: Iterable[str], lives: Callable[[Oid], bool]) -> set[str]:
        """Write what lives of some packs into new ones, which are in place when this returns.

        Returns:
            Those of the packs that nobody needs any more: not one in which something that lives
            is damaged, nor one that turned out to be just what is needed.

        Raises:
            OSError: It could not be written.
        """
        done: set[str] = set()
        with Staging(self.root / "tmp", mode=self._folder_mode) as staging:
            naming = Naming(self.root, renaming(self.loose.make_folder))
            packing = Packing(self.packed, self.format.algorithm, staging, LARGEST)

            def is_wanted(oid: Oid) -> bool:
                return lives(oid) and not packing.holds(oid)

            try:
                for pack in packs:
                    try:
                        for oid, data in self.packed.contents(pack, is_wanted):
                            packing.add(oid, data, naming)
                    except (BlobCorruptError, PackError, FileNotFoundError):
                        continue
                    done.add(pack)
                packing.finish(naming)
                naming.finish()
                return done - packing.named()
            finally:
                packing.discard()
                naming.discard()
