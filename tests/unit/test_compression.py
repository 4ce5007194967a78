"""Entries come back as they were, and nothing that claims to be one does harm."""

import random
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest

from dvclite.compression import Judge, compress, decompress, pays, zstd

TEXT = b"".join(b"%d,%d,some words\n" % (row, row * row) for row in range(60_000))
NOISE = random.Random(1).randbytes(1 << 20)
SIZES = [0, 1, 255, 1023, 1024, 1025, 4096, 131_073, (1 << 19) + 1, 1 << 20, (1 << 20) + 1]


def frame(*blocks, content_size, window=10):
    """Return a frame made by hand, of blocks that repeat one byte a number of times."""
    header = (
        b"\x28\xb5\x2f\xfd\x80" + bytes([(window - 10) << 3]) + content_size.to_bytes(4, "little")
    )
    last = len(blocks) - 1
    return header + b"".join(
        ((times << 3) | (1 << 1) | (number == last)).to_bytes(3, "little") + byte
        for number, (byte, times) in enumerate(blocks)
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("source", [TEXT, NOISE, bytes(1 << 21)], ids=["text", "noise", "zeros"])
def test_data_comes_back_as_it_was(source, size):
    data = source[:size]

    assert decompress(compress(data), len(data)) == data


def test_data_of_many_chunks_comes_back_as_it_was():
    data = (TEXT + NOISE) * 3

    assert decompress(compress(data), len(data)) == data


def test_a_view_will_do_instead_of_bytes():
    assert decompress(memoryview(compress(memoryview(TEXT))), len(TEXT)) == TEXT


@pytest.mark.parametrize("difference", [-1, 1, -100, 100, 1 << 40])
def test_a_frame_of_another_size_is_refused(difference):
    with pytest.raises(ValueError, match="frame"):
        decompress(compress(TEXT), len(TEXT) + difference)


def test_a_frame_that_is_cut_short_anywhere_is_refused():
    whole = compress(TEXT[:3000])

    for length in range(len(whole)):
        with pytest.raises(ValueError, match=r"."):
            decompress(whole[:length], 3000)


def test_a_frame_that_holds_everything_but_its_end_is_refused():
    whole = frame((b"x", 70), (b"y", 0), content_size=70)

    assert decompress(whole, 70) == b"x" * 70
    with pytest.raises(ValueError, match="one whole frame"):
        decompress(whole[:-4], 70)


@pytest.mark.parametrize("size", [0, 1, 3000])
@pytest.mark.parametrize(
    "more", [b"\0", compress(b""), compress(TEXT), b"\x50\x2a\x4d\x18\0\0\0\0"]
)
def test_anything_behind_a_frame_is_refused(size, more):
    with pytest.raises(ValueError, match="one whole frame"):
        decompress(compress(TEXT[:size]) + more, size)


@pytest.mark.parametrize("data", [b"", b"(", b"not zstd at all", b"\x28\xb5\x2f\xfd"])
def test_what_is_no_frame_is_refused(data):
    with pytest.raises(ValueError, match=r"."):
        decompress(data, 10)


def test_a_frame_that_needs_a_dictionary_is_refused():
    dictionary = zstd.train_dict(
        [TEXT[start : start + 500] for start in range(0, 50_000, 500)], 4000
    )
    data = zstd.compress(TEXT[:3000], zstd_dict=dictionary)

    with pytest.raises(ValueError, match="without a dictionary"):
        decompress(data, 3000)


def test_a_frame_that_does_not_tell_its_size_is_refused():
    compressor = zstd.ZstdCompressor()
    data = compressor.compress(TEXT[:3000]) + compressor.flush()

    with pytest.raises(ValueError, match=r"not a frame of 3,000 bytes"):
        decompress(data, 3000)


def test_a_frame_made_by_hand_is_understood():
    assert decompress(frame((b"x", 70), (b"y", 30), content_size=100), 100) == b"x" * 70 + b"y" * 30


@pytest.mark.parametrize("claimed", [0, 99, 101])
def test_a_frame_that_lies_about_its_size_is_refused(claimed):
    lying = frame((b"x", 70), (b"y", 30), content_size=claimed)

    with pytest.raises(ValueError, match=r"."):
        decompress(lying, claimed)


def test_a_small_frame_cannot_take_much_memory():
    bomb = frame(*[(b"x", 1 << 10)] * 100_000, content_size=1000)

    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"."):
            decompress(bomb, 1000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 10_000


def test_a_window_that_is_larger_than_what_comes_out_is_refused():
    blocks = [(b"x", 1 << 17)] * 2
    honest = frame(*blocks, content_size=1 << 18, window=18)
    greedy = frame(*blocks, content_size=1 << 18, window=27)

    assert decompress(honest, 1 << 18) == b"x" * (1 << 18)
    with pytest.raises(ValueError, match="memory"):
        decompress(greedy, 1 << 18)


def test_threads_compress_side_by_side():
    pieces = [TEXT[start : start + 5000] for start in range(0, 500_000, 5000)]

    with ThreadPoolExecutor(8) as threads:
        compressed = list(threads.map(compress, pieces))

    assert [decompress(data, 5000) for data in compressed] == pieces
    assert compressed == [compress(piece) for piece in pieces]


def test_text_is_worth_it_and_noise_is_not():
    assert pays(TEXT[:4096])
    assert not pays(NOISE[:4096])
    assert not pays(b"")


@pytest.mark.parametrize("size", [256, 4096, 8193, 1 << 19])
def test_what_is_worth_it_comes_compressed(size):
    compressed = Judge().compressed(TEXT[:size])

    assert compressed is not None
    assert len(compressed) < size * 3 / 4
    assert decompress(compressed, size) == TEXT[:size]


@pytest.mark.parametrize("data", [b"", b"a" * 255, NOISE[:4096], NOISE[:8193], NOISE])
def test_what_is_not_worth_it_stays_plain(data):
    assert Judge().compressed(data) is None


def test_a_header_that_is_worth_it_says_nothing_about_the_rest():
    assert Judge().compressed(bytes(20_000) + NOISE[:500_000]) is None


def test_a_header_that_is_not_worth_it_says_nothing_about_the_rest_either():
    assert Judge().compressed(NOISE[:20_000] + TEXT[:500_000]) is not None


def test_what_turns_out_not_to_be_worth_it_after_all_stays_plain():
    judge = Judge()
    assert judge.compressed(TEXT) is not None

    # Not a sample, but the whole tells.
    assert judge.compressed(NOISE) is None


def test_noise_between_text_hides_no_text():
    judge = Judge()

    outcomes = [judge.compressed(data) is not None for data in [NOISE[:5000], TEXT[:5000]] * 100]

    assert outcomes == [False, True] * 100


def after(count, data):
    """Return whether text is compressed after so many pieces of noise of the same length."""
    judge = Judge()
    for _ in range(count):
        judge.compressed(data)
    return judge.compressed(TEXT[: len(data)]) is not None


def test_after_much_noise_little_is_tried():
    tried = [after(count, NOISE[:4096]) for count in range(700, 860)]

    assert sum(tried) == 5


def test_of_large_noise_every_other_piece_is_tried_because_a_sample_is_little_of_it():
    tried = [after(count, NOISE[:300_000]) for count in range(200, 230)]

    assert sum(tried) == 15


def test_a_few_pieces_of_noise_do_not_keep_text_from_being_tried():
    assert all(after(count, NOISE[:500]) for count in range(5))


def test_text_after_much_noise_is_found_soon_and_all_of_it_from_then_on():
    judge = Judge()
    for _ in range(1000):
        judge.compressed(NOISE[:5000])

    outcomes = [judge.compressed(TEXT[:5000]) is not None for _ in range(50)]

    assert True in outcomes[:32]
    assert all(outcomes[outcomes.index(True) :])
