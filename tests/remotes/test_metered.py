"""What moves is counted and bounded, whatever the remote."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

import dvclite_local
from dvclite.remote import GroupingRemote, NearRemote
from dvclite.remote.requests import Requests
from dvclite.remotestore.bound import Bound
from dvclite.remotestore.metered import Meter, MeteredRemote, metered
from dvclite.remotestore.traffic import Traffic
from dvclite.testing.conformance import RemoteConformance
from dvclite.testing.faults import FaultyRemote
from dvclite.testing.memory import MemoryRemote

MIB = 1 << 20


class TestMeteredRemote(RemoteConformance):
    @pytest.fixture
    def remote(self):
        return MeteredRemote(MemoryRemote(), Meter(), Bound(1 << 40))


@pytest.fixture
def behind(source):
    remote = MemoryRemote()
    remote.put("k", source(3 * MIB))
    return remote


def test_calls_and_bytes_are_counted(behind, source, tmp_path):
    meter = Meter()
    remote = MeteredRemote(behind, meter)
    remote.put("new", source(1000))
    remote.get("k", tmp_path / "out")
    remote.read("k", 5, 10)
    remote.stat("k")
    list(remote.list(""))
    remote.delete(["new"])
    assert meter.traffic == Traffic(requests=6, sent=1000, received=3 * MIB + 10)


@pytest.mark.parametrize(("bound", "seconds"), [(None, 0), (1 << 40, 0), (40_000, 0.3)])
def test_what_is_read_where_it_lies_is_counted_and_bounded(source, tmp_path, bound, seconds):
    meter = Meter()
    with closing(dvclite_local.open(str(tmp_path / "remote"), {})) as directory:
        remote = metered(directory, meter, bound and Bound(bound))
        remote.put("k", source(20_000))
        assert isinstance(remote, NearRemote)
        assert isinstance(remote, GroupingRemote) == (bound is None)  # Groups come in bursts.
        began = time.monotonic()
        memory = memoryview(bytearray(30_000))
        with remote.reading("k") as read:
            assert read(0, memory) == 20_000
            assert read(19_990, memory) == 10
    assert meter.traffic == Traffic(requests=2, sent=20_000, received=20_010)
    assert time.monotonic() - began >= seconds
    assert memory[:10] == memory[19_990:20_000]


def test_what_is_far_stays_far(behind):
    assert not isinstance(metered(behind, Meter()), NearRemote)


def test_a_remote_that_counts_its_requests_is_believed(behind):
    class Counting(FaultyRemote):
        requests = Requests()

    meter = Meter()
    remote = MeteredRemote(Counting(behind), meter)
    Counting.requests.count()
    Counting.requests.count(repeated=True)
    remote.stat("k")
    assert meter.traffic == Traffic(requests=2, repeated=1)


def test_bytes_that_go_again_count_again(behind, source):
    class Stumbling(MemoryRemote):
        def put(self, key, source, *, if_absent=False, moved=None):
            for size in (10, -10, 10):
                moved(size)

    meter, told = Meter(), []
    MeteredRemote(Stumbling(), meter).put("k", source(10), moved=told.append)
    assert meter.traffic.sent == 20
    assert sum(told) == 10


@pytest.mark.parametrize("method", ["put", "get", "read"])
def test_what_moves_is_bounded_for_all_threads_together(behind, source, tmp_path, method):
    remote = MeteredRemote(behind, Meter(), Bound(8 * MIB))
    path = source(MIB)
    work = {
        "put": lambda number: remote.put(f"new-{number}", path),
        "get": lambda number: remote.get("k", tmp_path / f"{number}"),
        "read": lambda number: remote.read("k", 0, 3 * MIB),
    }[method]
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    taken = time.monotonic() - began
    size = 4 if method == "put" else 12
    assert taken >= size / 8 - 0.15


def test_a_bounded_read_comes_in_pieces_and_whole(behind):
    whole = behind.read("k", 0, 3 * MIB)
    watched = FaultyRemote(behind)
    remote = MeteredRemote(watched, Meter(), Bound(4 * MIB))
    assert remote.read("k", 100, 5 * MIB) == whole[100:]
    assert watched.traffic.calls["read"] == 3
    assert remote.read("k", -10, 10) == whole[-10:]


def test_whoever_waits_can_be_interrupted():
    bound, told = Bound(100), []

    def interrupt(size):
        told.append(size)
        if len(told) == 3:
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        bound.wait(100_000, interrupt)
    assert time.monotonic() - began < 5
    assert told == [0, 0, 0]


def test_a_narrow_line_is_shared_by_few():
    assert [Bound(rate).jobs(32) for rate in (64 << 10, 1 << 20, 1 << 30)] == [1, 8, 32]
