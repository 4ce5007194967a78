"""What `dvclite remote test` finds out about a remote."""

import pytest

from dvclite.errors import AccessDeniedError
from dvclite.remotecheck import check_remote
from dvclite.testing.faults import Fault, FaultyRemote, Kind, Plan
from dvclite.testing.memory import MemoryRemote

ALL = [
    "list",
    "write",
    "read",
    "range",
    "conditional write",
    "latency",
    "throughput",
    "delete",
]


@pytest.fixture
def behind():
    return MemoryRemote()


@pytest.fixture
def check(behind, tmp_path):
    """Checks a remote with faults; returns what came of each check, by name."""

    def check(*faults):
        remote = FaultyRemote(behind, Plan(faults))
        return {result.name: result for result in check_remote(remote, tmp_path / "scratch")}

    return check


def test_all_is_well_with_a_remote_that_works_and_nothing_is_left(check, behind, tmp_path):
    results = check()

    assert list(results) == ALL
    assert all(result.ok for result in results.values())
    assert all(result.detail and not result.hint for result in results.values())
    assert list(behind.list("")) == []
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize(
    ("method", "failing"),
    [
        ("list", {"list"}),
        ("delete", {"delete"}),
        ("read", {"range"}),
        ("get", {"read"}),
    ],
)
def test_what_is_not_permitted_is_told_one_by_one(check, method, failing):
    results = check(Fault(Kind.FAIL, method, error=AccessDeniedError))

    assert {name for name, result in results.items() if result.ok is False} == failing
    assert all(results[name].hint for name in failing)
    assert all(f"{method} was made to fail" in results[name].detail for name in failing)


def test_somebody_who_may_only_read_learns_that_reading_works(check, behind, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(bytes(100))
    behind.put("files/ab/cdef", source)

    results = check(
        Fault(Kind.FAIL, "put", error=AccessDeniedError),
        Fault(Kind.FAIL, "delete", error=AccessDeniedError),
    )

    assert {name: result.ok for name, result in results.items()} == {
        "list": True,
        "write": False,
        "read": True,
        "range": True,
        "conditional write": None,
        "latency": True,
        "throughput": None,
        "delete": False,
    }


def test_nothing_to_read_is_no_fault(check):
    results = check(Fault(Kind.FAIL, "put"))

    assert (results["read"].ok, results["range"].ok) == (None, None)


@pytest.mark.parametrize(
    ("fault", "failing"),
    [
        (Fault(Kind.LIE, "put"), "write"),
        (Fault(Kind.TRUNCATE, "put"), "write"),
        (Fault(Kind.CORRUPT, "put"), "read"),
        (Fault(Kind.CORRUPT, "get"), "read"),
        (Fault(Kind.CORRUPT, "read"), "range"),
        (Fault(Kind.LIE, "delete", times=1), "delete"),
    ],
)
def test_a_remote_that_lies_is_found_out(check, behind, fault, failing):
    results = check(fault)

    assert results[failing].ok is False
    assert results[failing].hint


def test_a_remote_that_ignores_conditions_is_found_out(tmp_path):
    class Careless(MemoryRemote):
        def put(self, key, source, *, if_absent=False, **options):
            super().put(key, source, **options)

    remote = Careless()
    results = {result.name: result for result in check_remote(remote, tmp_path)}

    assert {name for name, result in results.items() if not result.ok} == {"conditional write"}
    assert list(remote.list("")) == []


def test_checks_that_are_given_up_leave_nothing(behind, tmp_path):
    checks = check_remote(behind, tmp_path / "scratch")
    while next(checks).name != "write":
        pass
    assert list(behind.list(""))

    checks.close()

    assert list(behind.list("")) == []
    assert list((tmp_path / "scratch").iterdir()) == []
