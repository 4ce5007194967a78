"""Large blobs are verified while they are sent, and the last of them is not sent before."""

import os
import threading
import time

import pytest

from dvclite.cache import lending, verifying, watch
from dvclite.cache.cache import Cache
from dvclite.errors import BlobCorruptError, BlobMissingError, RemoteUnavailableError
from dvclite.files.folder import Folder
from dvclite.formats.dvc import DVC
from dvclite.formats.native import native
from dvclite.hashing import BLAKE3, Oid
from dvclite.remotestore.loose.store import LooseStore
from dvclite.testing.memory import MemoryRemote
from dvclite.transfer.push import push
from dvclite.transfer.wanted import Wanted

MIB = 1 << 20
SIZE = 9 * MIB


class Silent:
    def start(self, label, **totals): ...
    def advance(self, *, files=0, size=0): ...
    def finish(self): ...


@pytest.fixture(params=[native(BLAKE3), DVC], ids=["native", "dvc"])
def format(request):
    return request.param


@pytest.fixture(params=[True, False], ids=["known", "unknown"])
def known(request):
    """Whether the cache remembers what proves the blob quickly, where that is worth it."""
    return request.param


class Place:
    """A cache with one blob in it."""

    def __init__(self, root, format, data):
        self.root, self.format = root, format
        self.fingerprints = root / "fingerprints" / "blake3.db"
        (root / "file").write_bytes(data)
        cache = self.open()
        with cache.lease() as lease, cache.writer(lease) as writer, Folder.open(root) as folder:
            self.ref = writer.save(folder, "file", folder.lstat("file")).ref
        self.path = root / "cache" / format.loose_key(self.ref.oid)
        self.path.chmod(0o644)

    def open(self):
        return Cache(
            self.root / "cache", self.format, self.root / "index", fingerprints=self.fingerprints
        )

    def push(self, remote, progress=None):
        wanted = [Wanted("file", self.ref)]
        return push(self.open(), LooseStore(remote, self.format), wanted, progress or Silent())


@pytest.fixture
def place(tmp_path, format, known):
    place = Place(tmp_path, format, os.urandom(SIZE))
    if not known:
        place.fingerprints.unlink(missing_ok=True)
    return place


def damaged(data, how):
    if how == "truncated":
        return data[:-1]
    if how == "longer":
        return data + b"x"
    if how == "zeroed":
        return bytes(len(data))
    begin = {"first bit": 0, "middle bit": len(data) // 2, "last bit": len(data) - 1}[how]
    return data[:begin] + bytes([data[begin] ^ 1]) + data[begin + 1 :]


WAYS = ["truncated", "longer", "zeroed", "first bit", "middle bit", "last bit"]


@pytest.mark.parametrize("how", WAYS)
def test_a_damaged_blob_is_never_seen_on_the_remote(place, how):
    place.path.write_bytes(damaged(place.path.read_bytes(), how))
    remote = MemoryRemote()
    (failure,) = place.push(remote).failures

    assert isinstance(failure.error, BlobCorruptError)
    assert failure.error.set_aside
    assert not list(remote.list(""))
    assert not place.path.exists()


@pytest.mark.parametrize("how", WAYS)
def test_nor_laid_out(place, how, tmp_path):
    place.path.write_bytes(damaged(place.path.read_bytes(), how))
    cache = place.open()
    with pytest.raises(BlobCorruptError):
        cache.lay_out(place.ref, str(tmp_path / "out"), (), 0o666)

    assert not (tmp_path / "out").exists()
    assert not place.path.exists()


def test_a_good_blob_arrives_and_stays(place, tmp_path):
    remote = MemoryRemote()
    place.push(remote).check("pushed")

    remote.get(place.format.loose_key(place.ref.oid), tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == place.path.read_bytes()
    place.open().lay_out(place.ref, str(tmp_path / "out"), (), 0o666)
    assert (tmp_path / "out").read_bytes() == place.path.read_bytes()


class Shameless(MemoryRemote):
    """One that shows what it was kept from ending."""

    def put(self, key, source, *, moved, **options):
        super().put(key, source)
        moved(source.stat().st_size)


def test_a_remote_that_breaks_the_contract_does_not_keep_a_damaged_blob(place):
    place.path.write_bytes(damaged(place.path.read_bytes(), "last bit"))
    remote = Shameless()

    assert len(place.push(remote).failures) == 1
    assert not list(remote.list(""))


class Confused(MemoryRemote):
    """One that takes any interruption for trouble of its own."""

    def put(self, key, source, **options):
        try:
            super().put(key, source, **options)
        except Exception as error:
            raise RemoteUnavailableError("memory://", "something is wrong") from error


def test_damage_is_told_though_the_remote_says_something_else(place):
    place.path.write_bytes(damaged(place.path.read_bytes(), "last bit"))
    (failure,) = place.push(Confused()).failures

    assert isinstance(failure.error, BlobCorruptError)
    assert not place.path.exists()


@pytest.mark.parametrize("when", ["first", "last"])
def test_a_blob_that_is_changed_while_it_is_sent_is_not_seen_on_the_remote(place, when):
    remote = MemoryRemote()
    put = remote.put

    def slowly(key, source, *, moved, **options):
        done = 0

        def told(count):
            nonlocal done
            done += count
            if done == (count if when == "first" else SIZE):
                time.sleep(0.3)  # By then it is verified.
                place.path.write_bytes(damaged(before, "last bit"))
            moved(count)

        put(key, source, moved=told, **options)

    before = place.path.read_bytes()
    remote.put = slowly
    (failure,) = place.push(remote).failures

    assert isinstance(failure.error, BlobCorruptError)
    assert not list(remote.list(""))


def test_one_that_cannot_be_read_fails_and_stays(place, monkeypatch):
    def fail(*_what):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(verifying, "read", fail)
    remote = MemoryRemote()
    (failure,) = place.push(remote).failures

    assert isinstance(failure.error, OSError)
    assert not list(remote.list(""))
    assert place.path.exists()


def test_a_blob_that_is_nowhere_is_missing(place):
    with pytest.raises(BlobMissingError), place.open().entrust(Oid("0" * 32)):
        raise AssertionError


def test_who_interrupts_is_heard_while_the_last_bytes_wait(place, monkeypatch):
    wait = threading.Event()
    monkeypatch.setattr(verifying, "read", lambda *_what: wait.wait(20))
    told = []

    def moved(count):
        told.append(count)
        if told.count(0) == 2:
            wait.set()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), place.open().entrust(place.ref.oid, moved) as (_, count):
        count(SIZE)
    assert told == [SIZE, 0, 0]
    assert not [one for one in threading.enumerate() if one.name == "dvclite-verifying"]


def test_sending_does_not_run_far_ahead(place, monkeypatch):
    monkeypatch.setattr(watch, "_AHEAD", 3 * MIB)
    ahead = []
    read = verifying.read

    def slowly(fd, hasher, moved):
        done = 0

        def told(count):
            nonlocal done
            time.sleep(0.01)
            done += count
            ahead.append(sum(sent) - done)
            moved(count)

        return read(fd, hasher, told)

    monkeypatch.setattr(verifying, "read", slowly)
    sent = []
    with place.open().entrust(place.ref.oid) as (_path, count):
        for _ in range(9):
            sent.append(MIB)
            count(MIB)
    assert max(ahead) <= 5 * MIB


def test_a_small_blob_takes_no_thread(tmp_path, format, monkeypatch):
    place = Place(tmp_path, format, os.urandom(2 * MIB))
    monkeypatch.setattr(lending, "Watch", None)

    place.push(MemoryRemote()).check("pushed")
