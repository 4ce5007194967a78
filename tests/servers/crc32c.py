"""CRC32C for the servers of the tests: in plain Python, or by google_crc32c where that is.

Four bytes are taken at a time, as two table look-ups: the remainder is linear, so what 32 more
bits do to it is the sum of what its two halves do.
"""

import sys
from array import array

try:
    import google_crc32c
except ImportError:
    google_crc32c = None

_POLYNOMIAL = 0x82F63B78


def _after_bits(register: int, bits: int) -> int:
    for _ in range(bits):
        register = (register >> 1) ^ (_POLYNOMIAL if register & 1 else 0)
    return register


_BYTE = [_after_bits(value, 8) for value in range(256)]


def _after_bytes(register: int, count: int) -> int:
    for _ in range(count):
        register = _BYTE[register & 0xFF] ^ (register >> 8)
    return register


_LOW = [_after_bytes(value, 4) for value in range(65536)]
_HIGH = [_after_bytes(value, 2) for value in range(65536)]


def crc32c(data: bytes) -> int:
    """Return the CRC32C of `data`."""
    return crc32c_by_tables(data) if google_crc32c is None else google_crc32c.value(data)


def crc32c_by_tables(data: bytes) -> int:
    """Return the CRC32C of `data`, a tenth of a second for 2 MB."""
    register = 0xFFFFFFFF
    whole = len(data) & ~3
    words = array("I", data[:whole])
    assert words.itemsize == 4
    if sys.byteorder == "big":
        words.byteswap()
    low, high = _LOW, _HIGH
    for word in words:
        register ^= word
        register = low[register & 0xFFFF] ^ high[register >> 16]
    for byte in data[whole:]:
        register = _BYTE[(register ^ byte) & 0xFF] ^ (register >> 8)
    return register ^ 0xFFFFFFFF
