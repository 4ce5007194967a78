"""Whoever wants to know is told of each large blob on its way."""

import os
import threading
from contextlib import suppress

import pytest

from dvclite.errors import DvcliteError
from dvclite.progress import LARGE
from dvclite.testing.faults import Fault, Kind, Plan

MIB = 1 << 20


class Watcher:
    """A progress that remembers transfers: of each the bytes, how it began and that it ended."""

    def __init__(self):
        self.sizes, self.moved, self.ended = {}, {}, set()
        self._lock = threading.Lock()

    def start(self, label, *, files=None, size=None): ...
    def advance(self, *, files=0, size=0): ...
    def finish(self): ...

    def begin_transfer(self, name, size):
        self.sizes[name], self.moved[name] = size, 0
        return _Transfer(self, name)

    def move(self, name, size):
        with self._lock:
            self.moved[name] += size


class _Transfer:
    def __init__(self, watcher, name):
        self._watcher, self._name = watcher, name

    def advance(self, size):
        self._watcher.move(self._name, size)

    def finish(self):
        self._watcher.ended.add(self._name)


@pytest.fixture
def large(here):
    """Blobs of several sizes, one of them small, by the names of their outputs."""
    sizes = {"a": 40 * MIB, "b": 3 * MIB, "c": LARGE + 1, "small": LARGE - 1}
    outputs = [here.add_file(name, os.urandom(size)) for name, size in sizes.items()]
    del sizes["small"]
    return outputs, sizes


def test_all_bytes_of_large_blobs_are_told_of_and_each_ends(here, there, open_store, large):
    outputs, sizes = large
    for site, work in ((here, here.push), (there, there.fetch)):
        watcher = Watcher()
        work(open_store(site.root.name), *outputs, progress=watcher)

        assert watcher.sizes == sizes
        assert watcher.moved == sizes
        assert watcher.ended == {*sizes}


def test_what_fails_ends_as_well(here, open_store, remote, large):
    outputs, _sizes = large
    remote.plan = Plan((Fault(Kind.BREAK, "put"),))
    watcher = Watcher()
    with suppress(DvcliteError):
        here.push(open_store("one"), *outputs, progress=watcher)

    assert watcher.ended == watcher.sizes.keys() != set()
