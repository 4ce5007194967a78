"""The ends of many packs in one piece: a help that nothing rests on."""

import pytest

from dvclite.errors import AccessDeniedError, RemoteUnavailableError
from dvclite.pack.catalogue import is_catalogue, key_of_catalogue
from dvclite.pack.layout import key_of
from dvclite.progress import SILENT
from dvclite.testing.faults import Fault, Kind, Plan

MIB = 1 << 20
ENDS = "packs/ends/*"


@pytest.fixture
def catalogues(remote):
    """Return the catalogues on the remote: their keys, and the bytes."""

    def catalogues():
        keys = [key for key, _size in remote._remote.list("packs/") if is_catalogue(key)]
        return {key: remote._remote.read(key, 0, MIB) for key in keys}

    return catalogues


@pytest.fixture
def data(here, noise, small_packs):
    """A directory of a dozen packs, not pushed."""
    return here.add("data", {f"{n:02}": noise(n, 300_000) for n in range(40)})


@pytest.fixture
def pushed(here, data, open_store, remote):
    with open_store("here") as store:
        here.push(store, data).check("pushed")
    remote.forget_traffic()
    return data


@pytest.fixture
def arrives(there, open_store, remote):
    """Fetch the directory in a fresh clone, and return how many requests that took."""

    def arrives(data):
        with open_store("there") as store:
            there.fetch(store, data).check("fetched")
        assert len(there.files(data)) == 40
        return remote.traffic.requests

    return arrives


def test_a_clone_learns_of_many_packs_by_one_request(
    there, open_store, remote, pushed, packs, catalogues
):
    assert len(catalogues()) == 1
    assert len(packs()) > 10

    with open_store("there") as store:
        assert not store.missing([pushed.ref])

    assert remote.traffic.calls == {"list": 1, "read": 2}  # The tree went after the catalogue.
    assert remote.traffic.received < 10_000


def test_a_few_packs_have_none(here, open_store, noise, small_packs, packs, catalogues):
    with open_store("here") as store:
        here.push(store, here.add("data", {f"{n}": noise(n, 300_000) for n in range(20)}))

    assert 5 < len(packs()) < 8
    assert not catalogues()


def test_who_had_to_read_many_ends_spares_others_that(
    here, there, data, open_store, remote, noise, catalogues
):
    for number in range(8):
        with open_store("here") as store:
            here.push(store, here.add_file(f"{number}", noise(number, 1000)))
    assert not catalogues()
    with open_store("there") as store:
        there.push(store, there.add_file("mine", noise(9, 1000)))
    assert len(catalogues()) == 1
    remote.forget_traffic()

    with open_store("fresh") as store:
        store.missing([])

    assert remote.traffic.calls == {"list": 1, "read": 1}


def test_who_knows_nearly_all_does_not_read_it(here, there, pushed, open_store, remote, noise):
    with open_store("there") as store:
        store.missing([])
        there.fetch(store, pushed).check("fetched")
    with open_store("here") as store:
        here.push(store, here.add_file("new", noise(99, 1000)))
    remote.forget_traffic()

    with open_store("there") as store:
        store.missing([])

    assert remote.traffic.calls == {"list": 1, "read": 1}
    assert remote.traffic.received < 2000


@pytest.mark.parametrize("error", [RemoteUnavailableError, AccessDeniedError])
def test_a_push_succeeds_though_none_can_be_put(here, data, open_store, remote, catalogues, error):
    remote.plan = Plan((Fault(Kind.FAIL, "put", ENDS, error=error),))

    with open_store("here") as store:
        here.push(store, data).check("pushed")

    assert not catalogues()


def test_where_none_can_be_read_packs_tell_what_is_in_them(arrives, pushed, remote):
    remote.plan = Plan((Fault(Kind.FAIL, "read", ENDS),))

    arrives(pushed)


@pytest.mark.parametrize("place", [0, 9, 30, 100, -200, -100, -30, -1])
def test_a_damaged_one_does_no_harm(arrives, pushed, catalogues, overwrite, place):
    ((key, content),) = catalogues().items()
    damaged = bytearray(content)
    damaged[place] ^= 1
    overwrite(key, bytes(damaged))

    arrives(pushed)


@pytest.mark.parametrize("length", [0, 15, 16, 17, 79, 80, 200, 1000])
def test_one_that_is_cut_short_does_no_harm(arrives, pushed, catalogues, overwrite, length):
    ((key, content),) = catalogues().items()
    overwrite(key, content[:length])

    arrives(pushed)


def test_one_that_tells_of_packs_that_are_gone_brings_none_of_them_back(
    here, pushed, open_store, remote, packs
):
    gone = next(iter(packs()))
    remote._remote.delete([key_of(gone)])

    with open_store("fresh") as store:
        leaves = [entry.ref for entry in here.cache.tree(pushed.ref.oid)]
        assert store.missing(leaves) or store.missing([pushed.ref])


def test_none_is_believed_where_nothing_is(pushed, open_store, flip, packs):
    pack = next(iter(packs()))
    flip(pack, -1)

    with open_store("there") as store:
        found = store.check(SILENT, data=False)

    assert [damage.name for damage in found.damages] == [pack]


def test_the_page_shows_what_is_written(catalogues, pushed):
    for key, content in catalogues().items():
        assert content.startswith(b"dvcends\n\1" + bytes(7))
        assert key == key_of_catalogue(content)
