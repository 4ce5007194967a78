"""Looking for what is damaged among the loose blobs on a remote. Nothing is changed here."""

import threading

from dvclite.damage import Checkup, Damage, What
from dvclite.errors import KeyMissingError
from dvclite.files.copying import OnBytes
from dvclite.formats.format import Format
from dvclite.hashing import READ_SIZE, TREE_SUFFIX, Oid, hash_bytes, is_tree
from dvclite.progress import Progress
from dvclite.remote import Remote
from dvclite.remotestore.engine import run

_TOGETHER = 4 * READ_SIZE
"""How many bytes of a blob are read at a time."""


class Checking:
    """One look at all loose blobs of a remote."""

    def __init__(self, remote: Remote, format: Format, jobs: int) -> None:
        """Prepare to look at the blobs on `remote`."""
        self._remote = remote
        self._format = format
        self._jobs = jobs
        self._checkup = Checkup()
        self._lock = threading.Lock()

    def check(self, progress: Progress, *, data: bool) -> Checkup:
        """Do what `RemoteStore.check` says."""
        sizes = self._checkup.sizes
        progress.start("Looking at blobs")
        try:
            for key, size in self._remote.list(self._format.loose_prefix):
                oid = self._format.oid_at(key)
                if oid is not None:
                    sizes[oid] = size
        finally:
            progress.finish()
        self._checkup.blobs = len(sizes)
        if data:
            self._read_all(progress)
        else:
            empty = hash_bytes(b"", self._format.algorithm)
            for oid, size in sizes.items():
                if not size and oid != empty:
                    self._note(oid, "it is empty")
        return self._checkup

    def _read_all(self, progress: Progress) -> None:
        sizes = self._checkup.sizes
        progress.start("Checking", files=len(sizes), size=sum(sizes.values()))
        try:
            outcome = run(
                sorted(sizes),
                self._read,
                self._jobs,
                progress=progress,
                fatal=lambda error: not isinstance(error, KeyMissingError),
            )
        finally:
            progress.finish()
        for failure in outcome.failures:
            if not isinstance(failure.error, KeyMissingError):
                raise failure.error
        self._checkup.damages.sort(key=lambda damage: damage.name)

    def _read(self, oid: Oid, moved: OnBytes) -> None:
        hasher = self._format.algorithm.new()
        key, offset = self._format.loose_key(oid), 0
        while data := self._remote.read(key, offset, _TOGETHER):
            hasher.update(data)
            offset += len(data)
            moved(len(data))
            if len(data) < _TOGETHER:
                break
        with self._lock:
            self._checkup.size += offset
            if hasher.hexdigest() != oid.removesuffix(TREE_SUFFIX):
                self._note(oid, "does not match its name")

    def _note(self, oid: Oid, reason: str) -> None:
        what = What.TREE if is_tree(oid) else What.BLOB
        self._checkup.damages.append(Damage(what, oid, reason))
