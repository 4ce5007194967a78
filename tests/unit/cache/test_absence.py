"""What is known not to be in the cache: never of what is there, and only once of what is not."""

import errno
import os

import pytest

from dvclite.cache import absence
from dvclite.cache.absence import Absence
from dvclite.hashing import Oid

DIGITS = 32


class Blobs:
    """Loose blobs of which only the names are known."""

    def __init__(self, oids):
        self.oids = set(oids)
        self.listed = []

    def names(self, start):
        self.listed.append(start)
        return [oid[2:] for oid in self.oids if oid.startswith(start)]


def oids(count, *, salt=0):
    """Return names that are spread evenly."""
    return [
        Oid(f"{(number * 2654435761 + salt) % (1 << 128):032x}"[::-1]) for number in range(count)
    ]


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(absence, "LISTED_FROM", 10)


def test_what_is_there_is_never_called_absent_and_all_else_is_once():
    there, others = oids(400), oids(600, salt=1)
    blobs = Blobs(there)
    known = Absence(blobs, DIGITS)

    answers = [(oid, known.is_certain(oid)) for oid in [*there, *others, *others]]

    assert not any(is_certain for oid, is_certain in answers if oid in blobs.oids)
    assert all(is_certain for _oid, is_certain in answers[500:1000])
    assert not any(is_certain for _oid, is_certain in answers[1000:])


def test_no_folder_is_listed_for_a_few_questions():
    blobs = Blobs([])
    known = Absence(blobs, DIGITS)

    assert not any(known.is_certain(oid) for oid in oids(9))
    assert blobs.listed == []


def test_folders_are_not_listed_where_that_takes_longer_than_to_ask():
    blobs = Blobs(oids(256 * 100))
    known = Absence(blobs, DIGITS)

    answers = [known.is_certain(oid) for oid in oids(1000, salt=1)]

    assert len(blobs.listed) == 1  # Which tells how many there are in all.
    assert sum(answers) < 20


def test_no_folder_is_listed_twice():
    blobs = Blobs(oids(100))
    known = Absence(blobs, DIGITS)

    for oid in oids(5000, salt=1):
        known.is_certain(oid)

    assert len(blobs.listed) == len(set(blobs.listed)) <= 256


def test_nothing_is_known_of_names_of_another_kind():
    known = Absence(Blobs([]), DIGITS)

    for oid in oids(100):
        known.is_certain(oid)

    assert not known.is_certain(Oid(f"{oids(1, salt=1)[0]}.dir"))
    assert not known.is_certain(Oid(f"dos2unix-{oids(1, salt=2)[0]}"))


def test_what_would_take_much_memory_is_forgotten(monkeypatch):
    monkeypatch.setattr(absence, "_MOST_NAMES", 100)
    known = Absence(Blobs([]), DIGITS)

    answers = [known.is_certain(oid) for oid in oids(500)]

    assert sum(answers) == 101
    assert not any(answers[200:])
    assert known._names == {}


def test_where_folders_may_not_be_listed_nothing_is_known():
    class Secret(Blobs):
        def names(self, start):
            super().names(start)
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    blobs = Secret([])
    known = Absence(blobs, DIGITS)

    assert not any(known.is_certain(oid) for oid in oids(300))
    assert len(blobs.listed) == 1
