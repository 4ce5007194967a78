"""zstd, for pieces of data that fit into memory."""

import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_LEVEL = 3


def compress(data: bytes) -> bytes:
    """Return `data` as one zstd frame."""
    return zstd.compress(data, _LEVEL)


def decompress(data: bytes, size: int) -> bytes:
    """Return what one zstd frame holds.

    Args:
        data: The frame, and nothing else.
        size: How many bytes it must hold. No more memory than that is taken for them.

    Raises:
        ValueError: It is not a frame, or holds more or fewer bytes.
    """
    decompressor = zstd.ZstdDecompressor()
    try:
        content = decompressor.decompress(data, max_length=size + 1)
        if len(content) == size and not decompressor.eof:
            # The end of a frame is only seen by asking for more than it holds.
            content += decompressor.decompress(b"", max_length=1)
    except (zstd.ZstdError, EOFError) as error:
        raise ValueError(f"it is not zstd data: {error}") from error
    if len(content) != size or not decompressor.eof or decompressor.unused_data:
        raise ValueError(f"it does not decompress to exactly {size:,} bytes")
    return content
