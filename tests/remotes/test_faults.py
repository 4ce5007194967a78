"""A remote that misbehaves does so exactly as planned, and counts what is asked of it."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dvclite.errors import AccessDeniedError, KeyMissingError, RemoteUnavailableError
from dvclite.remote import RemoteEntry
from dvclite.testing.conformance import RemoteConformance
from dvclite.testing.faults import Fault, FaultyRemote, Kind, Plan
from dvclite.testing.memory import MemoryRemote

CONTENT = b"0123456789"


class TestFaultyRemoteWithoutFaults(RemoteConformance):
    @pytest.fixture
    def remote(self):
        return FaultyRemote(MemoryRemote())


@pytest.fixture
def behind(tmp_path):
    """The honest remote, which holds ten keys."""
    remote = MemoryRemote()
    source = tmp_path / "source"
    source.write_bytes(CONTENT)
    for number in range(10):
        remote.put(f"files/{number}", source)
    return remote


@pytest.fixture
def source(tmp_path):
    source = tmp_path / "new"
    source.write_bytes(b"abcdefghij")
    return source


def faulty(behind, *faults, **plan):
    return FaultyRemote(behind, Plan(faults, **plan))


def use(remote, method, source, target):
    """Call a method and return all that it lets its caller see."""
    moved = []
    match method:
        case "stat":
            return remote.stat("files/1")
        case "list":
            return [*remote.list("files/")]
        case "put":
            return remote.put("files/new", source, moved=moved.append), moved
        case "get":
            return remote.get("files/1", target, moved=moved.append), moved, target.read_bytes()
        case "read":
            return remote.read("files/1", 2, 4)
        case "delete":
            return remote.delete(["files/1", "files/2"])


METHODS = ["stat", "list", "put", "get", "read", "delete"]


@pytest.mark.parametrize("method", METHODS)
def test_a_failing_call_does_nothing(behind, source, tmp_path, method):
    before = [*behind.list("")]
    remote = faulty(behind, Fault(Kind.FAIL, method, error=AccessDeniedError))

    with pytest.raises(AccessDeniedError, match=f"{method} was made to fail"):
        use(remote, method, source, tmp_path / "target")

    assert [*behind.list("")] == before
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("method", METHODS)
def test_a_fault_strikes_when_and_as_often_as_planned(behind, source, tmp_path, method):
    remote = faulty(behind, Fault(Kind.FAIL, method, skip=1, times=2))
    outcomes = []
    for number in range(5):
        try:
            use(remote, method, source, tmp_path / f"{number}")
            outcomes.append("fine")
        except RemoteUnavailableError:
            outcomes.append("failed")

    assert outcomes == ["fine", "failed", "failed", "fine", "fine"]


def test_a_fault_strikes_only_its_keys(behind):
    remote = faulty(behind, Fault(Kind.FAIL, "stat", "files/[12]"))

    assert remote.stat("files/3") == 10
    for key in ("files/1", "files/2"):
        with pytest.raises(RemoteUnavailableError):
            remote.stat(key)


@pytest.mark.parametrize("method", METHODS)
def test_a_lost_answer_comes_after_all_is_done(behind, source, tmp_path, method):
    remote = faulty(behind, Fault(Kind.LOSE, method))

    with pytest.raises(RemoteUnavailableError):
        use(remote, method, source, tmp_path / "target")

    assert (behind.stat("files/new") == 10) == (method == "put")
    assert (behind.stat("files/1") is None) == (method == "delete")


def test_what_is_broken_off_ends_half_way(behind, source, tmp_path):
    remote = faulty(behind, Fault(Kind.BREAK))
    target = tmp_path / "target"
    put, got, listed = [], [], []

    with pytest.raises(RemoteUnavailableError):
        remote.put("files/new", source, moved=put.append)
    with pytest.raises(RemoteUnavailableError):
        remote.get("files/1", target, moved=got.append)
    with pytest.raises(RemoteUnavailableError):
        listed.extend(entry.key for entry in remote.list(""))

    assert (sum(put), behind.stat("files/new")) == (5, None)
    assert (sum(got), target.read_bytes()) == (5, CONTENT[:5])
    assert listed == [f"files/{number}" for number in range(5)]

    with pytest.raises(RemoteUnavailableError):
        remote.delete(["files/1", "files/2"])
    assert (behind.stat("files/1"), behind.stat("files/2")) == (None, 10)


def test_a_lie_looks_like_success_and_like_absence(behind, source, tmp_path):
    remote = faulty(behind, Fault(Kind.LIE))
    moved = []

    remote.put("files/new", source, moved=moved.append)
    remote.delete(["files/1"])

    assert (sum(moved), behind.stat("files/new"), behind.stat("files/1")) == (10, None, 10)
    assert remote.stat("files/1") is None
    assert [*remote.list("")] == []
    with pytest.raises(KeyMissingError):
        remote.read("files/1", 0, 1)
    with pytest.raises(KeyMissingError):
        remote.get("files/1", tmp_path / "target")


def test_half_of_everything_is_cut_off(behind, source, tmp_path):
    remote = faulty(behind, Fault(Kind.TRUNCATE))

    remote.put("files/new", source)
    remote.get("files/1", tmp_path / "target")

    assert behind.read("files/new", 0, 100) == b"abcde"
    assert (tmp_path / "target").read_bytes() == CONTENT[:5]
    assert remote.read("files/1", 0, 4) == b"01"
    assert remote.stat("files/1") == 5
    assert len([*remote.list("files/")]) == 5
    assert source.read_bytes() == b"abcdefghij"


def test_one_bit_is_another_one(behind, source, tmp_path):
    remote = faulty(behind, Fault(Kind.CORRUPT))

    remote.put("files/new", source)
    remote.get("files/1", tmp_path / "target")

    assert behind.read("files/new", 0, 100) == b"abcdegghij"
    assert (tmp_path / "target").read_bytes() == b"0123446789"
    assert remote.read("files/1", 0, 3) == b"002"
    assert remote.stat("files/1") == 11
    assert RemoteEntry("files/1", 11) in [*remote.list("files/")]
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["new", "source", "target"]


def test_latency_bandwidth_and_stalls_take_their_time(behind, source):
    slow = faulty(behind, Fault(Kind.STALL, "stat", seconds=0.05), latency=0.02, bandwidth=200.0)

    began = time.perf_counter()
    slow.stat("files/1")
    stalled = time.perf_counter()
    slow.put("files/new", source)

    assert stalled - began >= 0.07
    assert time.perf_counter() - stalled >= 0.07


def test_calls_bytes_and_concurrency_are_counted(behind, source, tmp_path):
    remote = faulty(behind, latency=0.05)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: remote.put(f"many/{number}", source), range(4)))
    remote.get("files/1", tmp_path / "target")
    remote.read("files/1", 0, 3)
    list(remote.list(""))
    remote.delete(f"many/{number}" for number in range(2500))

    traffic = remote.traffic
    assert traffic.calls == {"put": 4, "get": 1, "read": 1, "list": 1, "delete": 3}
    assert (traffic.sent, traffic.received, traffic.at_once) == (40, 13, 4)
    assert traffic.requests == 10

    remote.forget_traffic()
    assert remote.traffic.requests == 0
