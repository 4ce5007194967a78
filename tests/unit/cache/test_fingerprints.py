"""What proves large blobs quickly, and what is believed of it."""

import os
import random
import sqlite3
import stat

import pytest

from dvclite.cache.fingerprints import Fingerprints
from dvclite.cache.verifying import Verifier
from dvclite.formats.dvc import ALGORITHM
from dvclite.hashing import BLAKE3, MD5, Oid, hash_bytes

posix = pytest.mark.skipif(os.name == "nt", reason="permissions as POSIX systems have them")

DATA, OTHER = (random.Random(number).randbytes(2 << 20) for number in range(2))
OID = hash_bytes(DATA, MD5)
DIGEST = hash_bytes(DATA, BLAKE3)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tmp" / "fingerprints" / "blake3.db"


@pytest.fixture
def remembered(path):
    """One fingerprint that an earlier command has saved."""
    earlier = Fingerprints(path)
    earlier.learn(OID, DIGEST)
    earlier.save()
    return path


def entered(path, oid, digest, seal=0):
    with sqlite3.connect(path) as database:
        database.execute(
            "INSERT OR REPLACE INTO fingerprints VALUES (?, ?, ?)", (oid, digest, seal)
        )
    database.close()


def test_what_was_learned_is_known_and_to_later_commands_once_it_is_saved(path):
    first = Fingerprints(path)
    assert first.find(OID) is None
    first.learn(OID, DIGEST)
    assert first.find(OID) == DIGEST
    assert Fingerprints(path).find(OID) is None
    first.save()
    assert Fingerprints(path).find(OID) == DIGEST
    first.learn(Oid("0" * 32), DIGEST)
    first.save()
    assert Fingerprints(path).find(OID) == first.find(Oid("0" * 32)) == DIGEST


def test_looking_writes_nothing(path, tmp_path):
    fingerprints = Fingerprints(path)
    fingerprints.find(OID)
    fingerprints.save()
    assert list(tmp_path.iterdir()) == []


@posix
def test_nobody_else_can_write_there(remembered):
    for there in (remembered, remembered.parent):
        assert not there.stat().st_mode & 0o022
    assert stat.S_IMODE(remembered.parent.stat().st_mode) == 0o700


@posix
@pytest.mark.parametrize("of", ["the database", "its folder"])
def test_what_others_may_write_is_neither_believed_nor_written(remembered, of):
    open_to_all = remembered if of == "the database" else remembered.parent
    open_to_all.chmod(open_to_all.stat().st_mode | 0o022)
    before = remembered.read_bytes()

    fingerprints = Fingerprints(remembered)
    assert fingerprints.find(OID) is None
    fingerprints.learn(Oid("0" * 32), DIGEST)
    fingerprints.save()
    assert remembered.read_bytes() == before


@posix
@pytest.mark.parametrize("of", ["the database", "its folder"])
def test_links_to_what_others_may_write_are_not_followed(remembered, tmp_path, of):
    place = remembered if of == "the database" else remembered.parent
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")

    assert Fingerprints(remembered).find(OID) is None


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("of", ["the database", "its folder"])
def test_what_belongs_to_somebody_else_is_not_believed(remembered, of):
    os.chown(remembered if of == "the database" else remembered.parent, 12345, -1)

    assert Fingerprints(remembered).find(OID) is None


@pytest.mark.parametrize("place", ["beginning", "middle", "all"])
def test_a_damaged_database_is_not_believed_and_made_anew(remembered, place):
    data = bytearray(remembered.read_bytes())
    begin, end = {"beginning": (0, 100), "middle": (50, 40000), "all": (0, len(data))}[place]
    data[begin:end] = os.urandom(min(end, len(data)) - begin)
    remembered.write_bytes(data)

    fingerprints = Fingerprints(remembered)
    assert fingerprints.find(OID) is None
    fingerprints.learn(OID, DIGEST)
    fingerprints.save()
    assert Fingerprints(remembered).find(OID) == DIGEST


@pytest.mark.parametrize(
    "digest",
    [b"\1" * 32, bytes.fromhex(DIGEST), "text", None, 7, b""],
    ids=["other", "same", "text", "none", "number", "empty"],
)
def test_a_row_without_its_true_seal_is_not_believed(remembered, digest):
    entered(remembered, OID, digest)

    assert Fingerprints(remembered).find(OID) is None


def test_what_was_learned_long_ago_is_forgotten(path, monkeypatch):
    monkeypatch.setattr("dvclite.cache.fingerprints._MOST", 10)
    fingerprints = Fingerprints(path)
    for number in range(25):
        fingerprints.learn(Oid(f"{number:032}"), DIGEST)
        if number % 5 == 4:
            fingerprints.save()

    later = Fingerprints(path)
    known = [number for number in range(25) if later.find(Oid(f"{number:032}"))]
    assert known == list(range(15, 25))


# What is made of it


@pytest.fixture
def fingerprints():
    return Fingerprints(None)


@pytest.fixture
def verifier(fingerprints):
    return Verifier(ALGORITHM, fingerprints)


def judged(verifier, oid, data):
    """Return what a verification says of bytes, and how often it read them again."""
    again = []

    def hash_again(hasher):
        again.append(hasher)
        hasher.update(data)

    verification = verifier.begin(oid, len(data))
    verification.update(data)
    return verification.is_right(hash_again), len(again)


def test_a_name_that_proved_right_is_proved_quickly_afterwards(verifier, fingerprints):
    assert judged(verifier, OID, DATA) == (True, 0)
    assert fingerprints.find(OID) == DIGEST
    assert len(verifier.begin(OID, len(DATA)).hashers) == 1
    assert judged(verifier, OID, DATA) == (True, 0)


def test_a_blob_that_was_named_here_is_proved_quickly(verifier, fingerprints):
    blob = verifier.new_blob(len(DATA))
    blob.update(DATA)

    assert blob.oid() == OID
    assert fingerprints.find(OID) == DIGEST


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    "wrong",
    [DATA[:-1], DATA + b"x", b"\0" + DATA[1:], bytes(len(DATA)), OTHER],
    ids=["shorter", "longer", "first byte", "zeros", "other"],
)
def test_other_bytes_are_never_right(verifier, fingerprints, known, wrong):
    if known:
        fingerprints.learn(OID, DIGEST)
    assert judged(verifier, OID, wrong) == (False, int(known))
    assert fingerprints.find(OID) == (DIGEST if known else None)


def test_the_name_decides_where_what_is_remembered_is_wrong(verifier, fingerprints):
    fingerprints.learn(OID, hash_bytes(OTHER, BLAKE3))

    assert judged(verifier, OID, DATA) == (True, 1)
    assert fingerprints.find(OID) == DIGEST


def test_of_small_blobs_and_of_quick_names_nothing_is_remembered(verifier, fingerprints):
    small = DATA[: 1 << 20]
    assert judged(verifier, hash_bytes(small, MD5), small) == (True, 0)
    assert judged(Verifier(BLAKE3, fingerprints), Oid(DIGEST), DATA) == (True, 0)

    assert fingerprints.find(hash_bytes(small, MD5)) is None
    assert fingerprints.find(Oid(DIGEST)) is None
