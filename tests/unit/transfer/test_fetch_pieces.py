"""Large blobs come from afar in pieces, several at once, and go on where they stopped."""

import os
import threading
from pathlib import Path

import pytest

from dvclite.errors import BlobMissingError, FileAccessError, TransferError
from dvclite.files import changes
from dvclite.hashing import BLAKE3, BlobRef, Hashers
from dvclite.remote.requests import Requests
from dvclite.remotestore.loose.arriving import Arriving
from dvclite.remotestore.loose.store import LooseStore
from dvclite.remotestore.named import Named
from dvclite.testing.faults import Fault, FaultyRemote, Kind, Plan
from dvclite.testing.memory import MemoryRemote

MIB = 1 << 20


class FarRemote(FaultyRemote):
    """One that makes requests."""

    def __init__(self, behind):
        super().__init__(behind)
        self.requests = Requests()


@pytest.fixture
def far():
    return FarRemote(MemoryRemote("memory://far"))


@pytest.fixture
def store(far, format):
    return LooseStore(far, format)


@pytest.fixture
def large(here, store):
    """A pushed file of 60 MiB."""
    wanted = here.add_file("large", os.urandom(60 * MIB))
    here.push(store, wanted).check("pushed")
    return wanted


def content(site, wanted):
    return Path(site.cache.loose.find(wanted.ref.oid)).read_bytes()


def partial(site, wanted):
    return next((site.root / "cache" / "tmp" / "partial").rglob(wanted.ref.oid), None)


def test_pieces_are_asked_for_at_once_and_few_are_held(here, there, far, store, large):
    far.plan = Plan(latency=0.02)
    far.forget_traffic()
    there.fetch(store, large).check("fetched")

    assert content(there, large) == content(here, large)
    assert far.traffic.calls.keys() == {"read"}
    assert 4 <= far.traffic.calls["read"] <= 15
    assert 2 <= far.traffic.at_once <= 6


def test_what_lies_near_is_read_once_and_hashed_as_it_arrives(here, there, format, monkeypatch):
    near = FaultyRemote(MemoryRemote())
    store = LooseStore(near, format)
    wanted = here.add_file("large", os.urandom(33 * MIB))
    here.push(store, wanted)
    monkeypatch.setattr("dvclite.cache.foreigndoor.read", None)
    monkeypatch.setattr("dvclite.cache.verifying.read", None)
    there.fetch(store, wanted).check("fetched")

    assert content(there, wanted) == content(here, wanted)
    assert near.traffic.calls["get"] == 1  # A look at how it hands things out.
    assert near.traffic.calls["read"] == 33


class Cloning(FaultyRemote):
    """One that gives all at once, as where blocks are shared."""

    def get(self, key, target, *, moved):
        super().get(key, target)
        moved(target.stat().st_size)


def test_what_needs_no_copy_is_not_copied(here, there, format):
    near = Cloning(MemoryRemote())
    store = LooseStore(near, format)
    wanted = here.add_file("large", os.urandom(33 * MIB))
    here.push(store, wanted)
    there.fetch(store, wanted).check("fetched")

    assert content(there, wanted) == content(here, wanted)
    assert "read" not in near.traffic.calls


def test_one_that_is_missing_there_is_told(here, there, format, failed):
    near = FaultyRemote(MemoryRemote())
    store = LooseStore(near, format)
    wanted = here.add_file("large", os.urandom(33 * MIB))
    assert failed(there.fetch(store, wanted)) == {"large": BlobMissingError}


@pytest.mark.parametrize("method", [Kind.FAIL, Kind.BREAK])
def test_what_arrived_before_a_failure_is_not_fetched_again(here, there, far, store, large, method):
    far.plan = Plan(faults=(Fault(method, "read", skip=3, times=1000),))
    with pytest.raises(TransferError):
        there.fetch(LooseStore(far, there.format, jobs=1), large).check("fetched")
    came = partial(there, large).stat().st_size
    far.plan = Plan()
    far.forget_traffic()
    there.fetch(store, large).check("fetched")

    assert came >= 20 * MIB
    assert far.traffic.received == 60 * MIB - came
    assert content(there, large) == content(here, large)


def test_an_interrupted_fetch_goes_on(here, there, far, store, large):
    class Interrupting:
        def start(self, label, **_what):
            pass

        def advance(self, *, files=0, size=0):
            if size:
                raise KeyboardInterrupt

        def finish(self):
            pass

    with pytest.raises(KeyboardInterrupt):
        there.fetch(LooseStore(far, there.format, jobs=1), large, progress=Interrupting())
    far.forget_traffic()
    there.fetch(store, large).check("fetched")
    assert far.traffic.received <= 60 * MIB
    assert content(there, large) == content(here, large)


@pytest.mark.parametrize("size", [5 * MIB, 60 * MIB, 70 * MIB])
def test_garbage_of_an_earlier_attempt_does_no_harm(here, there, far, store, large, size):
    there.fetch(store, there.add_file("other", b"x"))
    folder = there.root / "cache" / "tmp" / "partial" / str(os.getuid())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / large.ref.oid).write_bytes(b"\1" * size)
    there.fetch(store, large).check("fetched")
    assert content(there, large) == content(here, large)


def test_bytes_that_are_wrong_are_not_kept(here, there, far, store, large):
    far.plan = Plan(faults=(Fault(Kind.CORRUPT, "read", skip=2, times=1),))
    moved = there.fetch(store, large)
    assert [type(failure.error).__name__ for failure in moved.failures] == ["BlobCorruptError"]
    assert partial(there, large) is None
    far.plan = Plan()
    there.fetch(store, large).check("fetched")
    assert content(there, large) == content(here, large)


def test_a_blob_that_is_shorter_than_it_was_is_corrupt(there, far, store, large):
    far.plan = Plan(faults=(Fault(Kind.TRUNCATE, "read", skip=2, times=1),))
    moved = there.fetch(store, large)
    assert [type(failure.error).__name__ for failure in moved.failures] == ["BlobCorruptError"]


def test_one_that_fails_keeps_no_other_from_coming(here, there, far, store, large, format):
    other = here.add_file("other", os.urandom(40 * MIB))
    small = here.add_file("small", b"small")
    here.push(store, other, small).check("pushed")
    key = format.loose_key(large.ref.oid)
    far.plan = Plan(faults=(Fault(Kind.FAIL, "read", key),))
    moved = there.fetch(store, large, other, small)
    assert [failure.item.path for failure in moved.failures] == ["large"]
    assert moved.files == 2
    assert content(there, other) == content(here, other)


def test_bytes_that_an_earlier_attempt_left_are_hashed_with_the_others(
    here, there, far, store, large, monkeypatch
):
    there.fetch(store, there.add_file("other", b"x"))
    folder = there.root / "cache" / "tmp" / "partial" / str(os.getuid())
    folder.mkdir(parents=True, exist_ok=True)
    whole = content(here, large)
    (folder / large.ref.oid).write_bytes(whole[: 21 * MIB + 5])
    monkeypatch.setattr("dvclite.cache.foreigndoor.read", None)
    monkeypatch.setattr("dvclite.cache.verifying.read", None)
    there.fetch(store, large).check("fetched")

    assert content(there, large) == whole


def test_what_is_complete_already_is_only_hashed(here, there, far, store, large):
    there.fetch(store, there.add_file("other", b"x"))
    folder = there.root / "cache" / "tmp" / "partial" / str(os.getuid())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / large.ref.oid).write_bytes(content(here, large))
    far.forget_traffic()
    there.fetch(store, large).check("fetched")

    assert "read" not in far.traffic.calls
    assert content(there, large) == content(here, large)


def test_a_full_disk_ends_the_work_and_does_not_hang(there, far, store, large, monkeypatch):
    def fail(_fd, _data, _offset):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(changes, "write_at", fail)
    ended = threading.Event()

    def fetch():
        with pytest.raises(FileAccessError):
            there.fetch(store, large)
        ended.set()

    threading.Thread(target=fetch, daemon=True).start()
    assert ended.wait(20)


def test_progress_adds_up(there, far, store, large, recorder):
    far.plan = Plan(faults=(Fault(Kind.FAIL, "read", skip=2, times=1),))
    there.fetch(LooseStore(far, there.format, jobs=1), large, progress=recorder)
    far.plan = Plan()
    there.fetch(store, large, progress=recorder)
    ends = [work for work in recorder.works if work[0] == "Fetching"]
    assert [work[3:] for work in ends] == [[0, 0], [1, 60 * MIB]]


def test_a_file_is_let_go_of_when_nobody_writes_to_it_any_more(tmp_path, monkeypatch):
    writing, may_go_on = threading.Event(), threading.Event()
    write_at = changes.write_at

    def slowly(fd, data, offset):
        writing.set()
        assert may_go_on.wait(20)
        write_at(fd, data, offset)

    monkeypatch.setattr(changes, "write_at", slowly)
    blob, released = Named("large", BlobRef("0" * 64, 2 * MIB)), []
    arriving = Arriving(blob, str(tmp_path / "partial"), BLAKE3.new(), released.append)
    bringing = threading.Thread(target=arriving.take, args=(bytes(MIB), 0))
    bringing.start()
    assert writing.wait(20)
    ending = threading.Thread(target=arriving.end)
    ending.start()
    ending.join(0.2)
    assert ending.is_alive()
    may_go_on.set()
    bringing.join()
    ending.join()

    assert (tmp_path / "partial").stat().st_size == MIB
    assert sum(released) == 1


def test_what_was_there_before_is_read_once_for_all_who_hash_it(tmp_path):
    path = tmp_path / "partial"
    path.write_bytes(b"before")

    class Sink:
        given = b""

        def update(self, data):
            self.given += data
            path.write_bytes(b"BEFORE")  # Somebody else has an eye on the file.

        def hexdigest(self):
            return ""

    sinks = Sink(), Sink()
    blob = Named("large", BlobRef("0" * 64, 11))
    arriving = Arriving(blob, str(path), Hashers(*sinks), lambda _count: None)
    assert not arriving.is_complete
    arriving.take(b"after", 6)

    assert [sink.given for sink in sinks] == [b"beforeafter"] * 2
    assert arriving.is_complete
    assert arriving.end()


# Of what a tree of DVC's names nobody tells the size


@pytest.fixture
def unsized(large):
    return large._replace(ref=BlobRef(large.ref.oid, -1))


def test_what_turns_out_to_be_large_goes_on_in_pieces(here, there, far, store, unsized):
    far.forget_traffic()
    there.fetch(store, unsized).check("fetched")

    assert content(there, unsized) == content(here, unsized)
    assert {**far.traffic.calls, "read": 0} == {"get": 1, "stat": 1, "read": 0}
    assert 2 <= far.traffic.calls["read"] <= 8


def test_it_is_hashed_while_it_arrives(here, there, far, store, unsized, monkeypatch):
    monkeypatch.setattr("dvclite.cache.foreigndoor.read", None)
    monkeypatch.setattr("dvclite.cache.verifying.read", None)
    there.fetch(store, unsized).check("fetched")
    assert content(there, unsized) == content(here, unsized)


def test_a_later_attempt_goes_on_with_it(here, there, far, store, unsized):
    far.plan = Plan(faults=(Fault(Kind.FAIL, "read", skip=1, times=1000),))
    with pytest.raises(TransferError):
        there.fetch(LooseStore(far, there.format, jobs=1), unsized).check("fetched")
    came = partial(there, unsized).stat().st_size
    far.plan = Plan()
    far.forget_traffic()
    there.fetch(store, unsized).check("fetched")

    assert came > 32 * MIB
    assert "get" not in far.traffic.calls
    assert far.traffic.received == 60 * MIB - came
    assert content(there, unsized) == content(here, unsized)


@pytest.mark.parametrize("fault", [Kind.FAIL, Kind.LIE])
def test_it_is_told_when_its_size_cannot_be_had(here, there, far, store, unsized, failed, fault):
    other = here.add_file("other", b"small")
    here.push(store, other)
    far.plan = Plan(faults=(Fault(fault, "stat"),))
    moved = there.fetch(store, unsized, other)

    assert [failure.item.path for failure in moved.failures] == ["large"]
    assert moved.files == 1
    far.plan = Plan()
    there.fetch(store, unsized).check("fetched")
    assert content(there, unsized) == content(here, unsized)


def test_bytes_of_it_that_are_wrong_are_not_kept(here, there, far, store, unsized):
    far.plan = Plan(faults=(Fault(Kind.CORRUPT, "*"),))
    moved = there.fetch(store, unsized)
    assert [type(failure.error).__name__ for failure in moved.failures] == ["BlobCorruptError"]
    assert partial(there, unsized) is None
    far.plan = Plan(faults=(Fault(Kind.CORRUPT, "read", times=1),))
    there.fetch(store, unsized).check("fetched")  # Once more, as a whole.
    assert content(there, unsized) == content(here, unsized)


def test_its_progress_adds_up(there, store, unsized, recorder):
    there.fetch(store, unsized, progress=recorder)
    ends = [work for work in recorder.works if work[0] == "Fetching"]
    assert [work[3:] for work in ends] == [[1, 60 * MIB]]


def test_what_lies_near_is_looked_at_first(here, there, format, monkeypatch):
    near = FaultyRemote(MemoryRemote())
    store = LooseStore(near, format)
    wanted = here.add_file("large", os.urandom(33 * MIB))
    here.push(store, wanted)
    monkeypatch.setattr("dvclite.cache.foreigndoor.read", None)
    monkeypatch.setattr("dvclite.cache.verifying.read", None)
    near.forget_traffic()
    there.fetch(store, wanted._replace(ref=BlobRef(wanted.ref.oid, -1))).check("fetched")

    assert content(there, wanted) == content(here, wanted)
    assert near.traffic.calls["stat"] == 2  # For its size, and whether it is as large as that.
    assert near.traffic.calls["read"] == 34  # The first of them to see whether it is small.


@pytest.mark.parametrize("left", [0, MIB])
def test_what_was_cut_short_tells_nothing_of_how_others_are_had(
    here, there, format, tmp_path, left
):
    near = FaultyRemote(MemoryRemote())
    store = LooseStore(near, format, jobs=1)
    wanted = [here.add_file(name, os.urandom(33 * MIB)) for name in ("first", "second")]
    here.push(store, *wanted).check("pushed")
    short = tmp_path / "short"
    short.write_bytes(bytes(left))
    near.put(format.loose_key(wanted[0].ref.oid), short)
    near.forget_traffic()
    fetched = there.fetch(store, *wanted)

    assert [failure.item.path for failure in fetched.failures] == ["first"]
    assert content(there, wanted[1]) == content(here, wanted[1])
    assert near.traffic.calls["read"] >= 33


def test_what_needs_no_copy_is_not_copied_for_that(here, there, format):
    near = Cloning(MemoryRemote())
    store = LooseStore(near, format)
    wanted = here.add_file("large", os.urandom(33 * MIB))
    here.push(store, wanted)
    there.fetch(store, wanted._replace(ref=BlobRef(wanted.ref.oid, -1))).check("fetched")

    assert content(there, wanted) == content(here, wanted)
    assert near.traffic.calls["read"] == 1


def test_a_remote_that_leaves_nothing_of_what_it_did_not_finish_is_gone_on_with(
    here, there, far, store, unsized, monkeypatch
):
    get = FarRemote.get

    def all_or_nothing(self, key, target, **options):
        try:
            get(self, key, target, **options)
        except BaseException:
            target.unlink(missing_ok=True)
            raise

    monkeypatch.setattr(FarRemote, "get", all_or_nothing)
    there.fetch(store, unsized).check("fetched")
    assert content(there, unsized) == content(here, unsized)


def test_many_of_them_at_once_into_a_fresh_cache_each_go_on(here, there, far, store):
    wanted = [here.add_file(f"large-{number}", os.urandom(33 * MIB)) for number in range(3)]
    here.push(store, *wanted).check("pushed")
    unsized = [one._replace(ref=BlobRef(one.ref.oid, -1)) for one in wanted]
    far.plan = Plan(latency=0.05)
    far.forget_traffic()
    there.fetch(LooseStore(far, there.format, jobs=3), *unsized).check("fetched")

    assert [content(there, one) for one in wanted] == [content(here, one) for one in wanted]
    assert far.traffic.received < 3 * 33 * MIB + MIB
    assert not list((there.root / "cache/tmp/partial").rglob("[0-9a-f]" * 8 + "*"))
