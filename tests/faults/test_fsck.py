"""`fsck --repair`, hurt at each change it makes: what was whole before stays to be had."""

import os

import pytest

if not os.path.isdir("/proc/self/fd"):
    pytest.skip("needs fork and /proc", allow_module_level=True)

import scene
from harness import CUTS, ERRORS, KILLS, TORN, Stage, load_all, points, run, sweep
from invariants import digest, files

from dvclite.hashing import BLAKE3
from dvclite.pack.layout import Kind
from dvclite.pack.reader import PackFile
from dvclite.pack.salvage import salvage

FAULTS = {"kills": KILLS + TORN, "cuts": CUTS, "errors": ERRORS}
MOST = 5
"""How many points a quick run takes."""


@pytest.fixture(scope="session", autouse=True)
def loaded():
    """Import everything once, and not in each child."""
    load_all()


def damage(folder, kind):
    """Change a byte of the first entry of a kind in each pack below a folder."""
    for path in sorted(folder.glob("packs/*/*")):
        with PackFile(path, path.name) as pack:
            entry = next((entry for entry in pack.entries() if entry.kind == kind), None)
        if entry is not None:
            data = bytearray(path.read_bytes())
            data[entry.offset] ^= 1
            path.chmod(0o644)
            path.write_bytes(data)


def damaged_cache(folder):
    scene.version_1_added(folder)
    scene.push(folder)
    cache = folder / "repo/.dvclite/cache"
    damage(cache, Kind.BLOB)
    for path in cache.glob("files/blake3/*/*"):
        path.chmod(0o644)
        path.write_bytes(b"something else")


def damaged_remote(folder):
    scene.version_1_added(folder)
    scene.push(folder)
    for kind in (Kind.BLOB, Kind.CHUNK, Kind.BLOB_RECIPE):
        damage(folder / "remote", kind)


def repair_cache(folder):
    assert scene.opened(folder).fsck(data=True, repair=True).ok


def check_cache(folder):
    checked = scene.opened(folder).fsck(data=True)
    assert checked.ok, checked.damages


def check_remote(folder):
    checked = scene.opened(folder).fsck(remote="", data=True)
    assert checked.ok, checked.damages


def repair_remote(folder):
    assert scene.opened(folder).fsck(remote="", data=True, repair=True).ok


CASES = {
    "cache": (damaged_cache, repair_cache, check_cache),
    "remote": (damaged_remote, repair_remote, check_remote),
}


def whole(folder):
    """Return the contents that are whole, wherever they are."""
    found = set()
    for path in files(folder):
        found.add(digest(path))
        if "packs" in path.split(os.sep) or "damaged" in path.split(os.sep):
            found.update(entry.digest.hex() for entry, _stored in salvage(path, BLAKE3))
    return found


def hurt(case, faults, scratch, most=None):
    prepare, action, verify = case
    stage = Stage(scratch, prepare)
    stage.reset()
    folder = stage.folder
    had = packed(folder)
    on_remote = packed(folder / "remote")

    def check(point):
        assert point.outcome.how != "hanging"
        assert had <= whole(folder)
        assert on_remote <= packed(folder / "remote")
        again = run(lambda: action(folder))
        assert again.is_done, again.error
        assert had <= whole(folder)
        verified = run(lambda: verify(folder))
        assert verified.is_done, verified.error

    sweep(points(lambda: action(folder), faults, prepare=stage.reset, most=most), check)


def packed(folder):
    """Return what is whole in the packs below a folder, by name."""
    return {
        entry.digest.hex()
        for path in files(folder)
        if "packs" in path.split(os.sep)
        for entry, _stored in salvage(path, BLAKE3)
    }


@pytest.mark.parametrize("faults", FAULTS)
@pytest.mark.parametrize("name", CASES)
def test_a_repair_that_is_hurt_loses_nothing_and_succeeds_when_run_again(name, faults, scratch):
    hurt(CASES[name], FAULTS[faults], scratch, MOST)


@pytest.mark.thorough
@pytest.mark.parametrize("faults", FAULTS)
@pytest.mark.parametrize("name", CASES)
def test_a_repair_that_is_hurt_anywhere_loses_nothing(name, faults, scratch):
    hurt(CASES[name], FAULTS[faults], scratch)
