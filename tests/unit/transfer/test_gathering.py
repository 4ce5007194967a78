"""Small blobs come together, where the remote hands them out so; whatever is left comes by itself."""

import errno
import os
from collections import Counter
from types import SimpleNamespace

import pytest

from dvclite.errors import RemoteUnavailableError
from dvclite.hashing import BlobRef, Oid, hash_bytes
from dvclite.remotestore.loose import gathering
from dvclite.remotestore.loose.gathering import Gathering
from dvclite.remotestore.named import Named

CONTENTS = [b"%d" % number * (number % 7 + 1) for number in range(300)]


class GroupedRemote:
    """One that hands out what it holds, some at a time, and does with it as it is told."""

    def __init__(self):
        self.held = {}
        self.drawn = []
        self.has = lambda _number: True
        self.breaks = lambda _number: None
        self.closed = False

    def get_group(self, keys, take, *, most, moved):
        try:
            answers = []
            for number, key in enumerate(keys):
                self.breaks(number)
                self.drawn.append(key)
                is_taken = self.has(number) and take(key, self.held[key])
                if is_taken:
                    moved(len(self.held[key]))
                answers.append((key, is_taken))
                if len(answers) == 7:
                    yield answers
                    answers = []
            yield answers
        finally:
            self.closed = True


class Landing:
    """Where blobs come to: remembers what is written, and what of it is taken over."""

    def __init__(self):
        self.folders = []
        self.written = {}
        self.taken = Counter()
        self.sizes = self.times = 0
        self.error = None

    def new_folder(self):
        self.folders.append(f"folder {len(self.folders)}")
        return self.folders[-1]

    def stage(self, folder, ref, data):
        self.written[folder, ref.oid] = data
        return True

    def take_staged(self, folder, refs):
        if self.error and self.taken:
            raise self.error
        self.times += 1
        for oid, size in refs:
            assert (folder, oid) in self.written
            self.taken[oid] += 1
            self.sizes += size


@pytest.fixture
def remote(format):
    remote = GroupedRemote()
    for data in CONTENTS:
        remote.held[format.loose_key(hash_bytes(data, format.algorithm))] = data
    return remote


@pytest.fixture
def landing():
    return Landing()


@pytest.fixture
def blobs(format):
    return [
        Named(str(number), BlobRef(hash_bytes(data, format.algorithm), -1))
        for number, data in enumerate(CONTENTS)
    ]


@pytest.fixture
def gather(remote, landing, format, recorder, monkeypatch):
    monkeypatch.setattr(gathering, "_TOGETHER", 20)
    recorder.start("Fetching")

    def gather(blobs):
        left, outcome = Gathering(remote, format, landing, recorder).fetch(blobs)
        return list(left), outcome

    return gather


def size_of(count):
    return sum(map(len, CONTENTS[:count]))


def test_all_that_is_small_comes_once_and_is_counted(gather, blobs, landing, recorder, remote):
    left, outcome = gather(blobs)

    assert left == []
    assert landing.taken == Counter(blob.ref.oid for blob in blobs)
    assert sorted(landing.written.values()) == sorted(CONTENTS)
    assert (outcome.done, outcome.size) == (300, size_of(300))
    assert recorder.works[-1][3:] == [300, size_of(300)]
    assert remote.closed


@pytest.mark.parametrize(("count", "folders"), [(300, 16), (19, 1)])
def test_those_who_write_and_those_who_take_over_seldom_meet(
    gather, blobs, landing, count, folders
):
    gather(blobs[:count])

    assert len({folder for folder, _oid in landing.written}) == folders


def test_what_arrived_is_taken_over_before_it_is_much(gather, blobs, landing, monkeypatch):
    monkeypatch.setattr(gathering, "_BYTES_TOGETHER", 30)
    monkeypatch.setattr(gathering, "_TOGETHER", 300)

    gather(blobs)

    assert landing.times > 100


def test_names_of_an_older_kind_arrive_as_well(gather, blobs, landing, remote, format):
    old = Oid(f"dos2unix-{'0123456789abcdef' * 2}")
    remote.held[format.loose_key(old)] = b"old"

    left, outcome = gather([Named("old", BlobRef(old, -1))])

    assert outcome.done + len(left) == 1


def test_what_is_large_or_a_tree_is_not_asked_for(gather, blobs, remote):
    others = [
        Named("large", BlobRef(blobs[0].ref.oid, (1 << 20) + 1)),
        Named("tree", BlobRef(Oid(f"{blobs[0].ref.oid}.dir"), -1)),
    ]

    left, outcome = gather([*others, *blobs[1:]])

    assert left == others
    assert outcome.done == len(remote.drawn) == 299


def test_what_is_left_out_comes_by_itself(gather, blobs, landing, remote, recorder):
    remote.has = lambda number: number % 3

    left, outcome = gather(blobs)

    assert left == blobs[::3]
    assert outcome.done == 200
    assert landing.taken.keys() == {blob.ref.oid for blob in blobs}.difference(
        blob.ref.oid for blob in left
    )
    assert recorder.works[-1][3:] == [200, outcome.size]


def test_a_remote_that_hands_out_nothing_is_not_asked_for_ever(gather, blobs, remote, monkeypatch):
    monkeypatch.setattr(gathering, "_MOST_IN_VAIN", 30)
    remote.has = lambda number: number == 20

    left, outcome = gather(blobs)

    assert outcome.done == 1
    assert 50 <= len(remote.drawn) <= 70
    assert {blob.path for blob in left} == {blob.path for blob in blobs} - {"20"}


@pytest.mark.parametrize(
    "error", [RemoteUnavailableError("memory://", "gone"), OSError(errno.EIO, "Input/output error")]
)
def test_an_error_of_the_remote_leaves_the_rest(gather, blobs, landing, remote, recorder, error):
    def breaks(number):
        if number == 100:
            raise error

    remote.breaks = breaks

    left, outcome = gather(blobs)

    assert not outcome.failures
    assert outcome.done == sum(landing.taken.values()) == 98
    assert {blob.path for blob in left} == {blob.path for blob in blobs[98:]}
    assert (outcome.size, recorder.works[-1][4]) == (size_of(98), size_of(98))


@pytest.mark.parametrize("drawn", [0, 3])
def test_what_a_remote_does_not_even_ask_for_comes_by_itself(gather, blobs, remote, drawn):
    def breaks(number):
        if number == drawn:
            raise OSError(errno.EIO, "Input/output error")

    remote.breaks = breaks

    left, outcome = gather(blobs)

    assert sorted(blob.path for blob in left) == sorted(blob.path for blob in blobs)
    assert (outcome.done, outcome.failures) == (0, [])


def test_an_error_of_the_cache_ends_all(gather, blobs, landing, remote):
    landing.error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    _left, outcome = gather(blobs)

    assert outcome.stopped
    assert [failure.error for failure in outcome.failures] == [landing.error]
    assert len(remote.drawn) < 100
    assert (outcome.done, outcome.size) == (0, 0)
    assert remote.closed


def test_a_cache_that_takes_nothing_at_all_ends_all(gather, blobs, landing, remote):
    def full():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    landing.new_folder = full

    _left, outcome = gather(blobs)

    assert outcome.stopped
    assert [failure.item for failure in outcome.failures] == blobs[:1]
    assert remote.drawn == []


def test_an_interrupt_ends_all_and_keeps_what_was_taken_over(
    blobs, landing, remote, format, monkeypatch
):
    class Impatient:
        went = 0

        def advance(self, *, files=0, size=0):
            self.went += size
            if self.went > 500:
                raise KeyboardInterrupt

    monkeypatch.setattr(gathering, "_TOGETHER", 20)
    with pytest.raises(KeyboardInterrupt):
        Gathering(remote, format, landing, Impatient()).fetch(iter(blobs))

    assert len(landing.taken) == len(landing.written) // 7 * 7 >= 20
    assert len(landing.taken) < 300
    assert remote.closed


def test_where_blobs_go_into_packs_nothing_is_asked_for(remote, format, blobs, recorder):
    landing = SimpleNamespace(new_folder=None)

    left, outcome = Gathering(remote, format, landing, recorder).fetch(blobs)

    assert list(left) == blobs
    assert (outcome.done, remote.drawn) == (0, [])


def test_of_nothing_nothing_is_asked_for(gather, landing):
    assert gather([])[0] == []
    assert landing.folders == []
