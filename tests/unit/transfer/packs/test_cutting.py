"""A large blob is cut and hashed beside whoever takes its chunks."""

import io
import random
import threading
import time

import pytest
from blake3 import blake3

from dvclite.chunking import cut
from dvclite.hashing import BLAKE3
from dvclite.remotestore.packs.cutting import Cutting

MIB = 1 << 20
DATA = random.Random(1).randbytes(30 * MIB)


@pytest.mark.parametrize("size", [0, 1, MIB, 7 * MIB, 9 * MIB, 30 * MIB])
def test_chunks_are_those_of_the_blob_and_named(size):
    data = DATA[:size]
    cutting = Cutting(io.BytesIO(data), BLAKE3)

    chunks = [(digest, bytes(chunk)) for group in cutting.groups(size) for digest, chunk in group]

    assert [chunk for _digest, chunk in chunks] == [
        bytes(chunk) for cuts in cut(io.BytesIO(data)) for chunk in cuts.chunks
    ]
    assert all(digest == blake3(chunk).digest() for digest, chunk in chunks)
    assert cutting.digits() == blake3(data).hexdigest()


@pytest.mark.parametrize("pause", [0.0, 0.05])
def test_a_chunk_stays_what_it_is_until_the_next_are_asked_for(pause):
    whole = bytearray()

    for group in Cutting(io.BytesIO(DATA), BLAKE3).groups(len(DATA)):
        time.sleep(pause)  # Others are cut meanwhile, as far as there is memory for them.
        for digest, chunk in group:
            assert blake3(chunk).digest() == digest
            whole += chunk

    assert whole == DATA


class Broken(io.BytesIO):
    """A stream that cannot be read to its end."""

    def readinto(self, buffer):
        if self.tell() > 10 * MIB:
            raise OSError(5, "Input/output error")
        return super().readinto(buffer[:MIB])


def test_what_cannot_be_read_is_told_to_whoever_takes_the_chunks():
    with pytest.raises(OSError, match="Input/output error"):
        list(Cutting(Broken(DATA), BLAKE3).groups(len(DATA)))


def test_no_thread_outlives_one_who_takes_no_more():
    before = threading.active_count()
    groups = Cutting(io.BytesIO(DATA), BLAKE3).groups(len(DATA))

    next(groups)
    groups.close()

    assert threading.active_count() == before
