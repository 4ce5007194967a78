"""Making entries smaller with zstd, where that pays.

Whether it pays is tried on a sample, and seldom where it has not paid lately: most of what
machine learning works with, such as pictures, archives and weights, cannot be compressed.
"""

import sys
from threading import local

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_LEVEL = 1
"""Higher ones take longer and gain little or nothing on pieces of up to 1 MiB."""

_SMALLEST = 256
"""Shorter data stays plain, in bytes."""

_SAMPLE = 8 << 10
"""What is tried of longer data, in bytes."""

_PIECES = 4
"""From how many places of it a sample is taken: the beginning alone may be a header."""

_GAIN = 8
"""Data is stored compressed if that saves at least one byte in so many."""

_PATIENCE = 4
"""How often in a row it may not pay before data is passed over untried."""

_LONGEST_PAUSE = 31
"""How many times as many bytes as were tried are passed over at most before the next try."""


class _Compressors(local):
    """A compressor for each thread: to make one takes as long as to compress 4 KiB."""

    def __init__(self) -> None:
        self.compressor = zstd.ZstdCompressor(level=_LEVEL)


_own = _Compressors()


def compress(data: bytes | memoryview) -> bytes:
    """Return `data` as one zstd frame that tells its size."""
    return _own.compressor.compress(data, zstd.ZstdCompressor.FLUSH_FRAME)


def decompress(data: bytes | memoryview, size: int) -> bytes:
    """Return what was compressed.

    Args:
        data: May be anything; no more memory is taken for it than a few times `size`.
        size: How many bytes have to come out.

    Raises:
        ValueError: It is not one whole frame without a dictionary, or holds not that many bytes.
    """
    try:
        frame = zstd.get_frame_info(data)
        if frame.decompressed_size != size or frame.dictionary_id:
            raise ValueError(f"not a frame of {size:,} bytes without a dictionary")
        decompressor = zstd.ZstdDecompressor(options=_bounds(size))
        whole = decompressor.decompress(data, max_length=size + 1)
    except zstd.ZstdError as error:
        raise ValueError(str(error)) from None
    if len(whole) != size or not decompressor.eof or decompressor.unused_data:
        raise ValueError(f"not one whole frame of {size:,} bytes")
    return whole


def _bounds(size: int) -> dict[int, int]:
    """Return options that refuse a window larger than what comes out: it only costs memory."""
    window = min(max(size - 1, 1).bit_length(), 27)
    return {zstd.DecompressionParameter.window_log_max: max(window, 10)}


def pays(sample: bytes) -> bool:
    """Say whether data of which this is a part is worth compressing."""
    return _is_gain(len(compress(sample)), len(sample))


class Judge:
    """Compresses what is worth it, entry by entry, and learns from how it went.

    One for each large blob, and one for each run of small ones; not for several threads at once.
    """

    def __init__(self) -> None:
        self._paid = False
        self._failures = 0
        self._pause = 0

    def compressed(self, data: bytes | memoryview) -> bytes | None:
        """Return `data` compressed, or None where it is to be stored plain."""
        if len(data) < _SMALLEST:
            return None
        if self._pause > 0:
            self._pause -= len(data)
            return None
        smaller = self._tried(data)
        self._paid = smaller is not None
        self._failures = 0 if self._paid else self._failures + 1
        pause = min(max(self._failures - _PATIENCE, 0), _LONGEST_PAUSE)
        self._pause = pause * min(len(data), _SAMPLE)
        return smaller

    def _tried(self, data: bytes | memoryview) -> bytes | None:
        # After data that was worth it a sample would mostly be taken for nothing.
        if not self._paid and len(data) > _SAMPLE and not pays(_sample(data)):
            return None
        smaller = compress(data)
        return smaller if _is_gain(len(smaller), len(data)) else None


def _is_gain(compressed: int, plain: int) -> bool:
    return compressed <= plain - plain // _GAIN


def _sample(data: bytes | memoryview) -> bytes:
    length = _SAMPLE // _PIECES
    last = len(data) - length
    starts = [last * piece // (_PIECES - 1) for piece in range(_PIECES)]
    return b"".join(data[start : start + length] for start in starts)
