"""Blobs whose names can be forged: what a pack holds is compared byte by byte."""

import pytest

from dvclite.errors import OidCollisionError
from dvclite.hashing import XXH128, Algorithm


class Weak:
    """A hash that only looks at the first byte."""

    def __init__(self):
        self._first = b""

    def update(self, data):
        self._first = self._first or bytes(data[:1])

    def hexdigest(self):
        return self._first.hex().rjust(32, "0")


WEAK = Algorithm(XXH128.name, XXH128.digits, cryptographic=False, new=Weak)


@pytest.fixture
def caches(caches_of):
    return caches_of(WEAK)


def test_the_same_bytes_are_no_collision(caches):
    (oid,) = caches.add(b"a1")
    caches.add(b"a1")
    caches.add(b"a1", *(b"%c" % number for number in range(128, 200)), b"a1")

    assert caches.copies(oid) == 1


def test_other_bytes_of_one_name_are_found_out_in_a_pack(caches):
    (oid,) = caches.add(b"a1")

    with pytest.raises(OidCollisionError):
        caches.add(b"a2")
    assert caches.content(oid) == b"a1"


def test_what_is_gone_is_not_compared_with(caches):
    caches.add(b"a1")
    (pack,) = caches.packs().values()
    pack.unlink()

    (oid,) = caches.add(b"a2")
    assert caches.content(oid) == b"a2"


def test_other_bytes_of_one_name_are_found_out_in_a_pack_without_a_name(caches, monkeypatch):
    monkeypatch.setattr("dvclite.cache.incoming._MOST_WAITING", 1)

    with pytest.raises(OidCollisionError):
        caches.add(b"a1", b"b", b"a2")


def test_damage_is_no_collision(caches):
    (oid, _other) = caches.add(b"a1", b"b")
    (pack,) = caches.packs().values()
    caches.damage(pack, caches.entries(pack)[0].offset)

    caches.add(b"a1")
    assert caches.content(oid) == b"a1"
    assert pack.name not in caches.packs()
