"""Cutting a large blob into chunks at places that its content decides.

An edit moves the cuts next to it and no others, so that two versions of a blob share all chunks
but those that were edited. The algorithm is FastCDC; its parameters are part of the repository
format (`docs/formats/chunk.md`): cut elsewhere, nothing that is stored would be found again.
"""

import warnings
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from itertools import cycle
from types import FunctionType
from typing import Final, NamedTuple, Protocol

from blake3 import blake3

from dvclite.errors import InstallationError

MINIMUM = 64 << 10
"""No chunk is shorter, in bytes, but the last one of a blob."""

AVERAGE = 256 << 10
"""From here on cuts are four times as likely. Chunks of random bytes have 312 KiB in the mean."""

MAXIMUM = 1 << 20
"""No chunk is longer, in bytes."""

_NORMALIZATION: Final = 1

_WINDOW = 4 * MAXIMUM
"""How many bytes are cut at a time."""

_LIBRARY = "pyfastcdc"
_PROBE = b"dvclite chunks"
_PROBE_LENGTHS = [737162, 279609, 31805]


class Stream(Protocol):
    """What can be read from, such as a file that is open for reading bytes."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the beginning of `buffer` and return how many bytes that was; 0 at the end."""


class Cuts(NamedTuple):
    """Some chunks of a stream.

    Attributes:
        data: All of their bytes.
        chunks: The bytes of each.
    """

    data: memoryview
    chunks: list[memoryview]


def cut(stream: Stream, *, kept: int = 1) -> Iterator[Cuts]:
    """Read a stream to its end and yield its chunks in order, some at a time; none where it is empty.

    The memory that they are in is used again: they are good until `kept` times more were asked for.

    Args:
        stream: May give fewer bytes at a time than it is asked for.
        kept: How often chunks are asked for until the first are used up; 4 MiB of memory each.

    Raises:
        InstallationError: The library that cuts is not compiled, or cuts at other places.
    """
    _check_library()
    return _cut(stream, kept)


def _cut(stream: Stream, kept: int) -> Iterator[Cuts]:
    from pyfastcdc import FastCDC

    cutter = FastCDC(
        AVERAGE, min_size=MINIMUM, max_size=MAXIMUM, normalized_chunking=_NORMALIZATION
    )
    rest = memoryview(b"")
    for memory in cycle([memoryview(bytearray(_WINDOW)) for _ in range(kept)]):
        begin, end = 0, len(rest)
        memory[:end] = rest
        end += _fill(stream, memory[end:])
        pieces = cutter.cut_buf(memory[:end])
        chunks = []
        # Where a chunk may go on in what was not read yet, it is cut again with that.
        while begin < end and (end < _WINDOW or end - begin >= MAXIMUM):
            chunks.append(next(pieces).data)
            begin += len(chunks[-1])
        if chunks:
            yield Cuts(memory[:begin], chunks)
        if end < _WINDOW:
            return
        rest = memory[begin:end]


def _fill(stream: Stream, memory: memoryview) -> int:
    """Read into memory until it is full or the stream ends; return how many bytes that were."""
    filled = 0
    while filled < len(memory) and (count := stream.readinto(memory[filled:])):
        filled += count
    return filled


@cache
def _check_library() -> None:
    """Return if the library is quick, and cuts as the format says."""
    with warnings.catch_warnings():
        # It only warns where it runs as plain Python, at a hundredth of the speed.
        warnings.simplefilter("ignore")
        from pyfastcdc import FastCDC
    if isinstance(FastCDC.cut_buf, FunctionType):
        raise InstallationError(
            _LIBRARY,
            "it was installed without its compiled part, and takes minutes for each GiB",
            hint=(
                f"`python -m pip install --force-reinstall --only-binary :all: {_LIBRARY}` installs"
                " it compiled; where there is none for this Python, take another Python"
            ),
        )
    probe = BytesIO(blake3(_PROBE).digest(length=MAXIMUM))
    if [len(chunk) for cuts in _cut(probe, 1) for chunk in cuts.chunks] != _PROBE_LENGTHS:
        raise InstallationError(
            _LIBRARY,
            "it does not cut where the repository format says",
            hint=f"install another release: `python -m pip install {_LIBRARY}==0.3.1`",
        )
