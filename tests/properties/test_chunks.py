"""The page about chunks, followed word by word, cuts where the program cuts."""

import hashlib
import io
import json
import re
import struct
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dvclite.chunking import cut

PAGES = Path(__file__).parents[2] / "docs" / "formats"
PAGE = (PAGES / "chunk.md").read_text()


def parameters(pattern, base=10):
    return [int(number.replace(",", ""), base) for number in re.findall(pattern, PAGE)]


MINIMUM, AVERAGE, MAXIMUM = parameters(r"\| ([0-9,]+) bytes \|")
MASK_BEFORE, MASK_AFTER = parameters(r"\| `([0-9a-f]{16})`, \d+ bits set \|", 16)

GEAR = [int.from_bytes(hashlib.md5(bytes([byte]) * 64).digest()[:8], "big") for byte in range(256)]


def chunk_length(data):
    """Return how long the first chunk of `data` is, from the page's steps 1 to 4."""
    if len(data) <= MINIMUM:
        return len(data)
    end = min(len(data), MAXIMUM)
    hash = 0
    for place in range(MINIMUM, end // 2 * 2):
        hash = ((hash << 1) + GEAR[data[place]]) & 0xFFFF_FFFF_FFFF_FFFF
        if not hash & (MASK_BEFORE if place < AVERAGE else MASK_AFTER):
            return place
    return end


def chunk_lengths(data):
    found = []
    while data:
        found.append(chunk_length(data))
        data = data[found[-1] :]
    return found


def made_up(seed, period, size):
    piece = blake3(seed.to_bytes(8)).digest(length=period)
    return (piece * (size // period + 1))[:size]


pieces = st.builds(
    made_up,
    seed=st.integers(0, 2**64 - 1),
    period=st.one_of(st.integers(1, 100), st.just(700_000)),
    size=st.integers(0, 700_000),
)


@given(st.lists(pieces, max_size=3).map(b"".join))
@settings(max_examples=20)
@example(made_up(1, 1, MAXIMUM + 1))
@example(made_up(2, MAXIMUM, MINIMUM + 1))
@example(made_up(3, MAXIMUM, AVERAGE - 1))
def test_data_is_cut_where_the_page_followed_word_by_word_cuts(data):
    lengths = [len(chunk) for cuts in cut(io.BytesIO(data)) for chunk in cuts.chunks]

    assert lengths == chunk_lengths(data)


def test_the_gear_table_of_the_page_is_that_of_the_vectors():
    listed = json.loads((PAGES / "chunk-vectors.json").read_text())["gear"]

    assert listed == [f"{number:016x}" for number in GEAR]
    assert f"`{blake3(struct.pack('<256Q', *GEAR)).hexdigest()}`" in PAGE
    assert all(f"`{number}`" in PAGE for number in listed[:2])


@pytest.mark.parametrize(("mask", "bits"), [(MASK_BEFORE, 19), (MASK_AFTER, 17)])
def test_the_masks_are_as_the_page_describes_them(mask, bits):
    assert mask.bit_count() == bits
    assert f"`{mask:016x}`, {bits} bits set" in PAGE
    assert mask < 2**48
