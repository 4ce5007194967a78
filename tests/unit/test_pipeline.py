import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvclite.errors import FormatError, HostilePathError
from dvclite.formats.dvc import ALGORITHM
from dvclite.pipeline import parse_lock

OID = "acbd18db4cc2f85cedef654fccc4a4d8"
OUT = f"schema: '2.0'\nstages:\n  a@b:\n    cmd: x\n    outs:\n    - path: %s\n      hash: md5\n      md5: {OID}\n      size: 3\n"


def outputs(lock, stages):
    return parse_lock("sub/dvc.lock", lock.encode(), stages, ALGORITHM).outputs


def test_an_output_is_found_by_the_folder_of_its_stage():
    (output,) = outputs(OUT % "f", b"stages: {a: {wdir: in, outs: [f]}}")
    assert (output.path, output.oid, output.size) == ("sub/in/f", OID, 3)
    assert (output.cached, output.pushed, output.remote) == (True, True, None)


def test_flags_stand_beside_the_path_that_may_be_computed():
    stages = b"stages: {a: {do: {outs: ['${item}.txt': {cache: false, push: false, remote: r}]}}}"
    (output,) = outputs(OUT % "f.txt", stages)
    assert (output.cached, output.pushed, output.remote) == (False, False, "r")


@pytest.mark.parametrize("stages", [b"", b"stages: {b: {}}"])
def test_what_is_locked_for_a_stage_that_is_gone_means_nothing(stages):
    assert outputs(OUT % "f", stages) == ()


@pytest.mark.parametrize("path", ["../../f", ".git/config", "a/../.dvc/config"])
def test_paths_do_not_lead_out(path):
    with pytest.raises(HostilePathError):
        outputs(OUT % path, None)


def test_data_elsewhere_is_passed_over():
    assert outputs(OUT % "s3://bucket/f", None) == ()
    assert outputs(OUT % "/f", None) == ()


@given(st.binary(), st.none() | st.binary())
def test_any_bytes_are_read_or_refused(data, stages):
    try:
        parse_lock("dvc.lock", data, stages, ALGORITHM)
    except (FormatError, HostilePathError):
        pass


@pytest.mark.parametrize(
    "data", ["stages: 1", "- 1", "schema: '2.0'\nstages: [1]", "a: {outs: 3}", "<<<<<<< HEAD\n"]
)
def test_odd_files(data):
    try:
        assert outputs(data, None) == ()
    except FormatError:
        pass
