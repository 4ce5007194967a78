"""Small blobs go in groups, where the remote takes these; whatever is left goes by itself."""

from types import SimpleNamespace

import pytest

from dvclite.errors import (
    AccessDeniedError,
    BlobCorruptError,
    BlobMissingError,
    RemoteUnavailableError,
)
from dvclite.hashing import BlobRef, hash_bytes
from dvclite.remotestore.bound import Bound
from dvclite.remotestore.loose import grouping
from dvclite.remotestore.loose.grouping import Grouping
from dvclite.remotestore.loose.store import LooseStore
from dvclite.remotestore.metered import Meter, metered
from dvclite.remotestore.named import Named
from dvclite.testing.faults import Fault, FaultyRemote, Kind, Plan
from dvclite.testing.files import write_file
from dvclite.testing.memory import MemoryRemote
from dvclite.transfer.moved import Moved

FILES = {f"{number:03}": b"%d" % number for number in range(100)}


class GroupedRemote(FaultyRemote):
    """One that takes groups, and does with them as `put_group` is told."""

    def __init__(self, place):
        self.behind = MemoryRemote("memory://grouped")
        super().__init__(self.behind)
        self.place = place
        self.groups = []
        self.takes = lambda number: True
        self.error = None

    def put_group(self, keys, read, *, moved):
        self.groups.append(stored := [])
        for number, key in enumerate(keys):
            data = read(key)
            if data is not None and self.takes(number):
                self.behind.put(key, write_file(self.place, data), moved=moved)
                stored.append(key)
        if self.error:
            raise self.error
        return stored

    def get_group(self, keys, take, *, most, moved):
        yield from ()


@pytest.fixture
def remote(tmp_path):
    return GroupedRemote(tmp_path / "content")


@pytest.fixture
def store(remote, format):
    with LooseStore(remote, format, jobs=4) as store:
        yield store


@pytest.fixture
def held(remote):
    return lambda: {entry.key: remote.read(entry.key, 0, entry.size) for entry in remote.list("")}


@pytest.fixture
def keyed(format):
    """Return by keys what blobs hold."""
    return lambda *blobs: {
        format.loose_key(hash_bytes(data, format.algorithm)): data for data in blobs
    }


@pytest.fixture
def many(here):
    return here.add("many", FILES)


def everything(here, many, keyed, format):
    tree = here.cache.tree(many.ref.oid)
    return keyed(*FILES.values()) | {format.loose_key(tree.oid): tree.data}


def test_small_blobs_go_together_and_the_tree_after_them(
    here, store, remote, many, held, keyed, format, recorder
):
    moved = here.push(store, many, progress=recorder)

    assert held() == everything(here, many, keyed, format)
    assert [len(group) for group in remote.groups] == [100, 1]
    assert "put" not in remote.traffic.calls
    size = sum(map(len, FILES.values())) + here.cache.tree(many.ref.oid).ref.size
    assert moved == Moved(files=100, size=size, trees=1)
    assert recorder.works[-1] == ["Pushing", 101, size, 101, size]


def test_what_is_not_small_goes_by_itself(here, store, remote, held, keyed):
    blobs = {
        "large": bytes((1 << 20) + 1),
        "larger": bytes(2 << 20),
        "small": b"x",
        "edge": bytes(1 << 20),
    }
    data = here.add("data", blobs)

    assert here.push(store, data).files == 4

    assert keyed(*blobs.values()).items() <= held().items()
    assert [len(group) for group in remote.groups] == [2, 1]
    assert remote.traffic.calls["put"] == 2


def test_there_are_many_groups_where_there_are_many_blobs(
    here, store, remote, many, held, keyed, format, monkeypatch
):
    monkeypatch.setattr(grouping, "_MOST", 7)

    assert here.push(store, many).files == 100

    assert held() == everything(here, many, keyed, format)
    assert sum(map(len, remote.groups)) == 101
    assert max(map(len, remote.groups)) == 7


def test_there_are_many_groups_where_there_are_many_bytes(
    here, store, remote, held, keyed, monkeypatch
):
    monkeypatch.setattr(grouping, "_MOST_BYTES", 1000)
    blobs = {str(number): bytes([number]) * 300 for number in range(10)}
    blobs |= {"large": bytes((1 << 20) + 1)}  # It is not among those that wait.
    data = here.add("data", blobs)

    assert here.push(store, data).files == 11

    assert keyed(*blobs.values()).items() <= held().items()
    assert [len(group) for group in remote.groups] == [4, 4, 2, 1]


def test_where_nobody_tells_sizes_a_group_is_bounded_by_what_went(
    remote, held, format, recorder, monkeypatch
):
    monkeypatch.setattr(grouping, "_MOST_BYTES", 1000)
    contents = [bytes([number]) * 300 for number in range(10)]
    oids = {hash_bytes(data, format.algorithm): data for data in contents}
    source = SimpleNamespace(read_small=lambda oid, _most: oids[oid])
    recorder.start("Pushing")

    together = Grouping(remote, format, source, recorder)
    left = together.push([Named(oid, BlobRef(oid, -1)) for oid in oids], 4)

    assert list(left) == []
    assert (together.done, together.size) == (10, 3000)
    assert sorted(held().values()) == contents
    assert [len(group) for group in remote.groups] == [4, 4, 2]


def test_a_remote_that_draws_nothing_is_asked_once(remote, format, recorder):
    recorder.start("Pushing")
    remote.put_group = lambda keys, read, *, moved: remote.groups.append(keys) or ()
    blobs = [Named(str(n), BlobRef(hash_bytes(b"%d" % n, format.algorithm), 1)) for n in range(9)]

    left = Grouping(remote, format, SimpleNamespace(read_small=None), recorder).push(blobs, 4)

    assert list(left) == blobs
    assert len(remote.groups) == 1


def test_what_a_group_leaves_out_goes_by_itself(
    here, store, remote, many, held, keyed, format, recorder
):
    remote.takes = lambda number: number % 3

    moved = here.push(store, many, progress=recorder)

    assert (moved.files, moved.trees, moved.failures) == (100, 1, ())
    assert held() == everything(here, many, keyed, format)
    assert recorder.works[-1][1:3] == recorder.works[-1][3:5]


def test_a_remote_that_takes_nothing_so_is_not_asked_for_ever(
    here, store, remote, many, held, keyed, format, monkeypatch
):
    monkeypatch.setattr(grouping, "_MOST", 2)
    remote.takes = lambda number: False

    assert here.push(store, many).files == 100

    assert held() == everything(here, many, keyed, format)
    assert len(remote.groups) <= 6


def test_what_is_small_goes_together_after_much_that_is_not(here, store, remote, monkeypatch):
    monkeypatch.setattr(grouping, "_MOST", 3)
    blobs = {f"{number}": bytes((1 << 20) + 1 + number) for number in range(9)}
    data = here.add("data", blobs | {f"x{number}": b"%d" % number for number in range(9)})

    assert here.push(store, data).files == 18

    assert sum(map(len, remote.groups)) == 10
    assert remote.traffic.calls["put"] == 9


def test_an_error_of_a_group_is_no_error_of_what_goes_by_itself(
    here, store, remote, many, held, keyed, format, recorder
):
    remote.error = RemoteUnavailableError("memory://grouped", "gone")

    moved = here.push(store, many, progress=recorder)

    assert (moved.files, moved.failures) == (100, ())
    assert held() == everything(here, many, keyed, format)
    assert recorder.works[-1][1:3] == recorder.works[-1][3:5]


def test_a_remote_that_refuses_says_so(here, store, remote, many, error_of):
    remote.takes = lambda number: False
    remote.plan = Plan((Fault(Kind.FAIL, "put", error=AccessDeniedError),))

    moved = here.push(store, many)

    assert isinstance(moved.failures[0].error, AccessDeniedError)
    assert moved.files == 0
    assert moved.left + len(moved.failures) == 100


def test_what_is_damaged_or_missing_is_named_and_the_rest_goes(
    here, store, remote, many, held, keyed, format, failed
):
    one, two = (hash_bytes(FILES[name], format.algorithm) for name in ("001", "002"))
    here.damage(one, b"?")
    here.lose(two)

    moved = here.push(store, many)

    assert failed(moved) == {"many/001": BlobCorruptError, "many/002": BlobMissingError}
    assert held() == keyed(*(data for name, data in FILES.items() if name not in ("001", "002")))
    assert moved.withheld == ("many",)
    assert not here.cache.loose.find_in_place(one)


def test_a_push_that_is_interrupted_keeps_what_arrived(here, store, many, held, monkeypatch):
    monkeypatch.setattr(grouping, "_MOST", 10)

    class Impatient:
        went = 0

        def start(self, label, **totals): ...
        def finish(self): ...

        def advance(self, *, files=0, size=0):
            self.went += files
            if self.went > 30 and size:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        here.push(store, many, progress=Impatient())

    assert 30 <= len(held()) < 100
    assert here.push(store, many).files <= 70


@pytest.mark.parametrize("bound", [None, Bound(1 << 40)])
def test_what_goes_in_groups_is_counted(here, remote, format, many, bound):
    """Where there is a bound, all goes by itself: groups would come in bursts."""
    meter = Meter()
    with LooseStore(metered(remote, meter, bound), format) as store:
        moved = here.push(store, many)

    assert meter.traffic.sent == moved.size
    assert meter.traffic.requests >= 101
    assert bool(remote.groups) == (bound is None)
