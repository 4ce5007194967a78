"""A remote of a DVC repository that a team reads with dvclite alone may hold packs."""

import pytest


@pytest.fixture
def packed(shared, tmp_path):
    """A repository whose default remote holds packs, and data that was pushed there."""
    shared.lite("remote", "add", "-d", "store", tmp_path / "store")
    shared.lite("remote", "modify", "store", "layout", "packs")
    for number in range(50):
        shared.write(f"data/{number}", str(number))
    shared.write("large", bytes(range(256)) * 12_000)
    shared.lite("add", "data", "large")
    shared.commit()
    return shared


def keys(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_it_travels_in_packs_and_everybody_is_told(packed, tmp_path):
    done = packed.invoke("push")
    assert done.exit_code == 0
    assert "which DVC cannot read" in done.stderr
    assert keys(tmp_path / "store") == {
        name for name in keys(tmp_path / "store") if name.startswith("dvclite/packs/")
    }
    assert len(keys(tmp_path / "store")) < 5
    told = packed.invoke("status", "-c")
    assert "in step" in told.stdout
    assert "which DVC cannot read" in told.stderr
    assert "DVC cannot read it" in packed.invoke("doctor").stdout
    clone = packed.clone(tmp_path / "clone")
    clone.lite("pull")
    assert clone.data("data", "large") == packed.data("data", "large")
    assert clone.cached() == packed.cached()
    for tool in (clone.lite, clone.dvc):
        assert "up to date" in tool("status")


def test_the_setting_stands_where_dvc_does_not_stumble_over_it(packed):
    assert b"layout" not in packed.read(".dvc/config")
    assert b"layout" in packed.read(".dvc/config.dvclite")
    packed.dvc("status")


def test_dvc_on_the_same_remote_leaves_packs_alone(packed, tmp_path):
    packed.lite("push")
    before = keys(tmp_path / "store")
    assert "new:" in packed.dvc("status", "-c")
    packed.dvc("push")
    assert "in sync" in packed.dvc("status", "-c")
    packed.write("data/0", "changed")
    packed.dvc("add", "data")
    packed.dvc("gc", "-w", "-c", "-f")
    assert before <= keys(tmp_path / "store")
    clone = packed.clone(tmp_path / "clone")
    clone.lite("pull")
    assert clone.read("data/0") == b"0"


def test_packs_in_a_bucket(shared, make_bucket, tmp_path):
    bucket = make_bucket()
    bucket.name_in(shared)
    shared.lite("remote", "modify", "store", "layout", "packs")
    for number in range(20):
        shared.write(f"data/{number}", str(number))
    shared.lite("add", "data")
    shared.lite("push")
    before = bucket.keys()
    assert {key.split("/")[2] for key in before} == {"dvclite"}
    shared.commit()
    shared.dvc("push")
    shared.write("data/1", "changed")
    shared.dvc("add", "data")
    shared.dvc("gc", "-w", "-c", "-f")
    assert before <= bucket.keys()
    clone = shared.clone(tmp_path / "clone")
    clone.lite("pull")
    assert clone.read("data/1") == b"1"
