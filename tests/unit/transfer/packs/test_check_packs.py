"""What a quick look at a remote of packs finds."""

import pytest

from dvclite.damage import What
from dvclite.progress import SILENT

MIB = 1 << 20


@pytest.fixture
def pushed(here, store, noise):
    here.push(store, here.add_file("large", noise(1, 3 * MIB)), here.add("data", {"a": b"one"}))


@pytest.mark.parametrize("place", [0, 8, 9, 15, -1, -10, -60, -70])
def test_a_damaged_beginning_or_end_is_found_without_reading_all(
    pushed, open_store, packs, flip, remote, place
):
    names = sorted(packs())
    for name in names:
        flip(name, place)
    remote.forget_traffic()

    with open_store("fresh") as store:
        found = store.check(SILENT, data=False)

    assert sorted(damage.name for damage in found.damages if damage.what is What.PACK) == names
    assert remote.traffic.received < MIB


def test_a_damaged_beginning_is_written_anew(pushed, open_store, packs, flip, tmp_path):
    flip(next(iter(packs())), 0)
    with open_store("fresh") as store:
        found = store.check(SILENT, data=False)
        mended = store.mend(found.damages, lambda name: str(tmp_path / name))
        store.let_go(mended)

    with open_store("other") as store:
        assert not store.check(SILENT, data=True).damages
    assert list(mended.actions.values()) == ["written anew"]


def test_what_is_whole_has_no_damage(pushed, open_store, packs):
    with open_store("fresh") as store:
        found = store.check(SILENT, data=False)

    assert (found.damages, found.packs) == ([], len(packs()))
    assert found.blobs == 3
