"""Caches with data in them, and remotes that can be told to misbehave."""

import pytest

from dvclite.cache.cache import Cache
from dvclite.errors import DvcliteError
from dvclite.files.folder import Folder
from dvclite.formats.native import native
from dvclite.hashing import BLAKE3, BlobRef
from dvclite.progress import SILENT
from dvclite.remotestore.loose.store import LooseStore
from dvclite.remotestore.packs.store import PackStore
from dvclite.testing.faults import FaultyRemote, Plan
from dvclite.testing.memory import MemoryRemote
from dvclite.transfer.fetch import fetch
from dvclite.transfer.push import push
from dvclite.transfer.wanted import Wanted
from dvclite.tree import Entry


class Site:
    """A place where somebody works: a cache, and what is brought into it."""

    def __init__(self, root, format):
        self.root = root
        self.format = format
        self.cache = Cache(root / "cache", format, root / "packs.db", largest_packed=0)

    def add(self, path, files):
        """Bring a directory in: a dict of paths and bytes."""
        with self.cache.lease() as lease, self.cache.writer(lease) as writer:
            entries = [
                Entry(name, *self._save(writer, data)) for name, data in sorted(files.items())
            ]
            tree = self.format.make_tree(entries)
            writer.save_tree(tree)
        return Wanted(path, BlobRef(tree.oid, -1))

    def add_file(self, path, data):
        """Bring a file in."""
        with self.cache.lease() as lease, self.cache.writer(lease) as writer:
            return Wanted(path, BlobRef(*self._save(writer, data)))

    def files(self, wanted):
        """Return the bytes of a directory's files, of those that are in the cache."""
        return {
            entry.path: self.cache.read(entry.oid)
            for entry in self.cache.tree(wanted.ref.oid)
            if entry.oid in self.cache
        }

    def lose(self, oid):
        """Make a blob vanish from the cache."""
        (self.root / "cache" / self.format.loose_key(oid)).unlink()

    def damage(self, oid, data):
        """Make a blob of the cache hold something else."""
        path = self.root / "cache" / self.format.loose_key(oid)
        path.chmod(0o644)
        path.write_bytes(data)

    def push(self, store, *wanted, progress=SILENT):
        return push(self.cache, store, wanted, progress)

    def fetch(self, store, *wanted, progress=SILENT):
        with self.cache.lease() as lease:
            return fetch(self.cache, store, wanted, lease, progress)

    def _save(self, writer, data):
        file = self.root / "file"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        with Folder.open(self.root) as folder:
            ref = writer.save(folder, "file", folder.lstat("file")).ref
        return ref.oid, ref.size


class Recorder:
    """A progress that remembers what it was told."""

    def __init__(self):
        self.works = []

    def start(self, label, *, files=None, size=None):
        self.works.append([label, files, size, 0, 0])

    def advance(self, *, files=0, size=0):
        self.works[-1][3] += files
        self.works[-1][4] += size

    def finish(self):
        pass


@pytest.fixture
def format():
    return native(BLAKE3)


@pytest.fixture
def here(tmp_path, format):
    """Where data is added."""
    return Site(tmp_path / "here", format)


@pytest.fixture
def there(tmp_path, format):
    """Where it is wanted."""
    return Site(tmp_path / "there", format)


@pytest.fixture
def remote():
    """A remote that counts, and misbehaves once `plan` is set."""
    return FaultyRemote(MemoryRemote("memory://remote"))


@pytest.fixture(params=["packs", "loose"])
def layout(request):
    """How blobs lie on the remote."""
    return request.param


@pytest.fixture
def open_store(remote, format, layout, tmp_path):
    """Open the remote as a store, which keeps what it knows in a folder of that name."""

    def open_store(name, jobs=4):
        if layout == "loose":
            return LooseStore(remote, format, jobs=jobs)
        return PackStore(remote, format, tmp_path / name, jobs=jobs)

    return open_store


@pytest.fixture
def store(open_store):
    with open_store("known") as store:
        yield store


@pytest.fixture
def keys(remote):
    """Return the keys that are on the remote."""

    def keys():
        remote.plan = Plan()
        return {entry.key for entry in remote.list("")}

    return keys


@pytest.fixture
def overwrite(remote, tmp_path):
    """Put other bytes under a key."""

    def overwrite(key, data):
        source = tmp_path / "overwriting"
        source.write_bytes(data)
        remote.put(key, source)

    return overwrite


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
def failed():
    """Return which paths failed, and with which errors."""

    def failed(moved):
        return {failure.item.path: type(failure.error) for failure in moved.failures}

    return failed


@pytest.fixture
def error_of():
    """Return the error that the check of what moved raises."""

    def error_of(moved, action):
        with pytest.raises(DvcliteError) as caught:
            moved.check(action)
        return caught.value

    return error_of
