"""Packs of which nearly everything is wanted, which the cache takes over as they are."""

import pytest

from dvclite.cache.cache import Cache
from dvclite.errors import BlobCorruptError, RemoteUnavailableError
from dvclite.formats.native import native
from dvclite.hashing import BLAKE3, XXH128
from dvclite.pack.layout import key_of
from dvclite.remotestore.packs import wholes
from dvclite.testing.faults import Fault, Kind, Plan


@pytest.fixture(params=[BLAKE3, XXH128], ids=lambda one: one.name)
def format(request):
    return native(request.param)


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(wholes, "_FEWEST", 10)


@pytest.fixture
def pushed(here, open_store, small_packs, noise):
    """Two hundred files in several packs on the remote."""
    content = {f"{n:03}": noise(n, 20_000) for n in range(200)}
    data = here.add("data", content)
    with open_store("here") as store:
        here.push(store, data).check("pushed")
    return data, content


@pytest.fixture
def packed(there):
    """A place whose cache has packs."""

    def packed(largest=1 << 20):
        there.cache = Cache(
            there.root / "cache", there.format, there.root / "packs.db", largest_packed=largest
        )
        return there

    return packed


def names(there):
    return {path.name for path in there.root.glob("cache/packs/*/*")}


def blob_packs(packs):
    return {pack for pack, entries in packs().items() if {one.kind for one in entries} == {1}}


def test_a_cache_takes_them_over_as_they_are(packed, pushed, open_store, packs, remote, recorder):
    data, content = pushed
    there = packed()
    remote.forget_traffic()

    with open_store("there") as store:
        there.fetch(store, data, progress=recorder).check("fetched")

    assert blob_packs(packs) <= names(there)
    assert len(blob_packs(packs)) > 3
    assert remote.traffic.calls["get"] == len(blob_packs(packs))
    assert there.files(data) == content
    label, files, size, done, moved = recorder.works[-1]
    assert (label, files, size) == ("Fetching", done, moved) == ("Fetching", 200, 4_000_000)


def test_a_cache_that_has_most_of_one_does_not_take_it_again(packed, pushed, open_store, packs):
    data, content = pushed
    there = packed()
    some = {name: content[name] for name in sorted(content) if int(name) % 2}
    there.add("some", some)
    before = names(there)

    with open_store("there") as store:
        moved = there.fetch(store, data)

    assert moved.files == 100
    assert names(there).isdisjoint(blob_packs(packs))
    assert before < names(there)
    assert there.files(data) == content


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_what_had_come_of_one_that_broke_off_does_not_come_again(
    packed, pushed, open_store, remote, recorder, monkeypatch, error
):
    data, content = pushed
    there = packed()
    get, broken = remote.get, []

    def get_half(key, target, *, moved):
        get(key, target, moved=moved)
        target.write_bytes(target.read_bytes()[: 700 << 10])
        broken.append(key)
        raise error or RemoteUnavailableError(remote.url, "made to fail", key=key)

    monkeypatch.setattr(remote, "get", get_half)
    with open_store("there", jobs=1) as store:
        if error:
            with pytest.raises(error):
                there.fetch(store, data)
        else:
            came = there.fetch(store, data, progress=recorder).files
            assert recorder.works[-1][3:5] == [came, came * 20_000]
            assert came >= 35 * len(broken)
    monkeypatch.undo()
    monkeypatch.setattr(wholes, "_FEWEST", 1000)  # What is lacking now comes one by one.
    before = remote.traffic.received
    with open_store("there") as store:
        moved = there.fetch(store, data)
        moved.check("fetched")

    assert there.files(data) == content
    assert moved.files == 200 - (35 if error else came)
    assert remote.traffic.received - before <= moved.files * 20_500


def test_a_cache_that_keeps_files_apart_takes_none(packed, pushed, open_store):
    data, content = pushed
    there = packed(largest=10_000)

    with open_store("there") as store:
        there.fetch(store, data).check("fetched")

    assert len(names(there)) == 0
    assert there.files(data) == content


def test_one_with_a_bad_entry_gives_all_others(packed, pushed, open_store, remote, packs, failed):
    data, _content = pushed
    there = packed()
    pack, entries = next((pack, e) for pack, e in packs().items() if len(e) > 20)
    bad = entries[7]
    stored = bytearray(remote._remote._held[key_of(pack)])
    stored[bad.offset] ^= 1
    remote._remote._held[key_of(pack)] = bytes(stored)

    with open_store("there") as store:
        moved = there.fetch(store, data)

    assert set(failed(moved).values()) == {BlobCorruptError}
    assert len(failed(moved)) == 1
    assert pack not in names(there)
    assert len(there.files(data)) == 199


def test_what_a_line_that_breaks_carried_comes_the_second_time(packed, pushed, open_store, remote):
    data, content = pushed
    there = packed()
    remote.plan = Plan((Fault(Kind.BREAK, "get", skip=1, times=2),))

    with open_store("there", jobs=1) as store:
        moved = there.fetch(store, data)
        there.fetch(store, data).check("fetched")

    assert moved.files + len(moved.failures) == 200
    assert there.files(data) == content


@pytest.mark.parametrize("kind", [Kind.TRUNCATE, Kind.CORRUPT, Kind.FAIL])
def test_nothing_wrong_gets_in(packed, pushed, open_store, remote, kind):
    data, content = pushed
    there = packed()
    remote.plan = Plan((Fault(kind, "get"),))

    with open_store("there") as store:
        there.fetch(store, data)

    for name, found in there.files(data).items():
        assert found == content[name]
